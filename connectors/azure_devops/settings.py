"""What the config says about one Azure DevOps organisation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from connectors.http.logins import Login
from connectors.people import Disguise, as_told

_HISTORY_FORM = 1
"""Raise it with every change of how revisions become changes: all history is then written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureDevOpsSettings:
    """An organisation (`https://dev.azure.com/<name>`) or a collection of a Server (`https://<host>/tfs/<name>`)."""

    source_id: str
    url: str
    token: str | Login = field(repr=False)
    """A personal access token that may read work items, projects and teams; or a login that fetches its tokens."""
    projects: tuple[str, ...] = ()
    """Names or ids; empty: all that the token may see. By an item's project of today."""
    teams: tuple[str, ...] = ()
    """Names or ids of the teams whose boards and sprints are loaded; empty: all of the projects. Issues: always all."""
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Role (`story_points`, `severity`, `found_in`) → name or reference name."""
    groups: tuple[str, ...] = ()
    """Names of the groups whose members are wanted."""
    history_since: date | None = None
    """Items that have not changed since are left out; the others come with their whole history."""
    changed_since: date | None = None
    """For one run without a bookmark: read the feed from this day on."""
    people: Disguise = as_told
    """What may be stored of people."""
    stores_text: bool = False
    """Whether descriptions are asked for."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def scope(self) -> str:
        """Stands for all that the stored history depends on; when it differs, the feed is read from its beginning."""
        roles = sorted(self.fields.items())
        parts = [_HISTORY_FORM, sorted(map(str.lower, self.projects)), roles, str(self.history_since or "")]
        parts += ["with texts"] if self.stores_text else []
        return hashlib.blake2s(repr(parts).encode(), digest_size=6).hexdigest()
