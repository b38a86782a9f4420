"""What the config says about a Jira source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from connectors.http.logins import Login
from connectors.people import Disguise, as_told

GATEWAY = "https://api.atlassian.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraSettings:
    """A Jira source: where it is, who asks, and what is pulled. Without a scope everything visible is pulled."""

    source_id: str
    url: str
    email: str | None
    """Cloud: belongs to the API token. None: the token is sent as a bearer token."""
    token: str | Login = field(repr=False)
    """A token, or a login that fetches its tokens."""
    gateway_url: str = GATEWAY
    """Where Atlassian's gateway is: for tokens with scopes, service accounts and OAuth 2.0."""
    projects: tuple[str, ...] = ()
    """Keys."""
    boards: tuple[int, ...] = ()
    jql: str | None = None
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Role → names or ids of fields, in order of preference."""
    groups: tuple[str, ...] = ()
    """Names of the groups whose members are wanted."""
    history_since: date | None = None
    """Issues that were not touched since then are left out."""
    changed_since: date | None = None
    """For one run: look for changes from this day on, even if later ones were pulled before."""
    people: Disguise = as_told
    """What may be stored of people."""
    lists_people: bool = True
    """Whether people are asked for at all."""
    stores_text: bool = False
    """Whether descriptions and the texts of comments are asked for."""
    overlap_seconds: float = 600
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def is_at_gateway(self) -> bool:
        """Whether the configured address is the gateway's for the site, not the site's own."""
        return self.url.startswith(f"{self.gateway_url.rstrip('/')}/ex/jira/")

    def site_hash(self) -> str:
        """Changes when answers of the site that were kept say nothing any more: of another site, login or scope."""
        asked = [self.url, self.email, sorted(self.projects), self.scope_hash()]
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]

    def scope_hash(self) -> str:
        """Changes when what was pulled so far no longer fits. Added projects do not count: they are pulled as such."""
        scope = [sorted(self.boards), self.jql, sorted(self.fields.items()), str(self.history_since)]
        scope += ["with texts"] if self.stores_text else []
        return hashlib.sha256(msgspec.json.encode(scope)).hexdigest()[:16]
