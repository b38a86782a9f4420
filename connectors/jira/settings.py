"""What the config says about a Jira source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import msgspec

from connectors.jira.values import epoch_milliseconds
from connectors.logins import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraSettings:
    """A Jira source: where it is, who asks, and what is pulled. Without a scope everything visible is pulled."""

    source_id: str
    url: str
    email: str | None
    """Cloud: belongs to the API token. None: the token is sent as a bearer token."""
    token: str | Login = field(repr=False)
    """A token, or a login that fetches its tokens."""
    projects: tuple[str, ...] = ()
    """Keys."""
    boards: tuple[int, ...] = ()
    jql: str | None = None
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Role → names or ids of fields, in order of preference."""
    history_since: date | None = None
    """Issues that were not touched since then are left out."""
    changed_since: date | None = None
    """For one run: look for changes from this day on, even if later ones were pulled before."""
    overlap_seconds: float = 600
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def scope_hash(self) -> str:
        """Changes when what was pulled so far no longer fits. Added projects do not count: they are pulled as such."""
        scope = [sorted(self.boards), self.jql, sorted(self.fields.items()), str(self.history_since)]
        return hashlib.sha256(msgspec.json.encode(scope)).hexdigest()[:16]


def start_of(day: date) -> int:
    """The first instant of a day, UTC, in epoch milliseconds."""
    return epoch_milliseconds(datetime.combine(day, time(), UTC))
