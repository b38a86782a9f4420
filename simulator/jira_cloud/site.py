"""The Jira site itself: its address, its login, its clocks, and what its parts share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from simulator.company import JIRA, Company, Issue, Person, Product
from simulator.wire import Cache

SITE_ZONE = ZoneInfo("Europe/Berlin")
USER_ZONE = ZoneInfo("America/Los_Angeles")
SCRUM, SIMPLE, KANBAN = "scrum", "simple", "kanban"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board; `team_ids` are those whose sprints it shows, `project_ids` what its filter selects."""

    id: int
    name: str
    kind: str
    project_ids: tuple[int, ...]
    team_ids: tuple[int, ...]

    @property
    def filter_id(self) -> int:
        """The saved filter behind the board."""
        return 10100 + self.id


BOARDS = (
    Board(id=1, name="PAY board", kind=SCRUM, project_ids=(10001,), team_ids=(1,)),
    Board(id=2, name="WEB board", kind=SIMPLE, project_ids=(10002,), team_ids=(2,)),
    Board(id=3, name="PAY support", kind=KANBAN, project_ids=(10001,), team_ids=()),
    Board(id=4, name="Payments, all teams", kind=SCRUM, project_ids=(10001, 10002), team_ids=(1, 2)),
)


@dataclass(slots=True, eq=False, kw_only=True)
class Site:
    """One Jira Cloud site over the company's Jira product; `url` is known once the port is."""

    company: Company
    email: str
    token: str
    url: str = ""
    page_cap: int = 100
    texts: Cache[str] = field(default_factory=lambda: Cache(20_000))
    histories: Cache[list[str]] = field(default_factory=lambda: Cache(20_000))
    results: Cache[list[Any]] = field(default_factory=lambda: Cache(32))

    @property
    def product(self) -> Product:
        """What the site shows."""
        return self.company.product(JIRA)

    def find(self, id_or_key: str) -> Issue | None:
        """The issue of this id, key or former key, unless it is deleted."""
        number = int(id_or_key) if id_or_key.isdigit() else self.product.keys.get(id_or_key.upper(), 0)
        issue = self.product.issues.get(number)
        return None if issue is None or issue.deleted_at is not None else issue


@lru_cache(maxsize=4096)
def account_id(person_id: int) -> str:
    """The person's account id."""
    return "5b10" + hashlib.sha256(f"account {person_id}".encode()).hexdigest()[:20]


@lru_cache(maxsize=65_536)
def site_time(at: int) -> str:
    """An instant as issues show it: the site's zone, milliseconds, an offset without colon."""
    text = datetime.fromtimestamp(at // 1000, SITE_ZONE).strftime("%Y-%m-%dT%H:%M:%S{}%z")
    return text.format(f".{at % 1000:03d}")


def utc_time(at: int) -> str:
    """An instant as sprints show it: UTC with `Z`."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def user(site: Site, person: Person, *, zone: str = "Europe/Berlin") -> dict[str, Any]:
    """A person as issues and lists show them; addresses are hidden."""
    return {
        "self": f"{site.url}/rest/api/3/user?accountId={account_id(person.id)}",
        "accountId": account_id(person.id),
        "accountType": "app" if person.is_app else "atlassian",
        "displayName": person.name,
        "active": person.is_active,
        "timeZone": zone,
    }
