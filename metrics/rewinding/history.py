"""What rewinding reads: the changes after the instant, and what of today is needed to understand their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from metrics.history.boards import AZURE_DEVOPS
from warehouse.fetching import fetch_rows, fetch_some
from warehouse.tables.loaded import fields, issue_changes, issue_types, issues, sources, versions

_ISSUES_AT_ONCE = 1_000


class Later(NamedTuple):
    """A change that had not happened yet: a row of `issue_changes`."""

    issue_id: str
    changed_at: datetime
    entry_number: int
    ordinal: int
    field: str
    field_id: str | None
    from_value: str | None
    from_text: str | None
    to_value: str | None
    to_text: str | None

    @property
    def value(self) -> str | None:
        """The raw value before, else its text."""
        return self.from_value or self.from_text or None

    @property
    def text(self) -> str | None:
        """What people read before, else the raw value."""
        return self.from_text or self.from_value or None


class KnownField(NamedTuple):
    """A row of `fields`."""

    name: str
    kind: str
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the warehouse knows today of what changes name."""

    instant: datetime
    zone: ZoneInfo
    azure: frozenset[str]
    """Sources that are an Azure DevOps."""
    levels: Mapping[str, str]
    """Issue type (id, and `<source>:<name>`) → level."""
    fields: Mapping[str, KnownField]
    """By id, and by `<source>:<name>` and `<source>:<role>` for changes that do not tell the id."""
    issue_ids: Mapping[str, str]
    """`<source>:<key>`, of now or of before → issue."""
    version_ids: Mapping[str, str]
    """`<source>:<name>` → version."""

    def is_azure(self, issue_id: str) -> bool:
        """Whether the issue is a work item of Azure DevOps."""
        return source_of(issue_id) in self.azure


def source_of(qualified: str) -> str:
    """The source that an id begins with."""
    return qualified.partition(":")[0]


def read_known(connection: Connection, instant: datetime, zone: ZoneInfo) -> Known:
    """All of it."""
    of, types = sources.c, issue_types.c
    azure = fetch_rows(connection, select(of.source_id).where(of.kind == AZURE_DEVOPS))
    levels: dict[str, str] = {}
    rows = select(types.issue_type_id, types.source_id, types.name, types.level).order_by(types.issue_type_id)
    for type_id, source_id, name, level in fetch_rows(connection, rows):
        levels[type_id] = level
        levels.setdefault(f"{source_id}:{name}", level)
    return Known(
        instant=instant,
        zone=zone,
        azure=frozenset(source_id for (source_id,) in azure),
        levels=levels,
        fields=_known_fields(connection),
        issue_ids=_issues_by_key(connection),
        version_ids={
            f"{source_of(version_id)}:{name}": version_id
            for version_id, name in fetch_rows(connection, select(versions.c.version_id, versions.c.name))
        },
    )


def _known_fields(connection: Connection) -> Mapping[str, KnownField]:
    of = fields.c
    found: dict[str, KnownField] = {}
    for field_id, name, kind, role in fetch_rows(connection, select(of.field_id, of.name, of.kind, of.role)):
        found[field_id] = field = KnownField(name, kind or "", role)
        for word in filter(None, (name, role)):
            found.setdefault(f"{source_of(field_id)}:{word}", field)
    return found


def _issues_by_key(connection: Connection) -> Mapping[str, str]:
    """A key that an issue had once means that issue, unless another one has it now."""
    change = issue_changes.c
    former = select(change.issue_id, change.from_text).where(change.field == "key", change.from_text.is_not(None))
    now = select(issues.c.issue_id, issues.c.key)
    rows = [*fetch_rows(connection, former), *fetch_rows(connection, now)]
    return {f"{source_of(issue_id)}:{key}": issue_id for issue_id, key in rows}


def later_changes(connection: Connection, instant: datetime) -> Iterator[Mapping[str, Sequence[Later]]]:
    """Issue → its changes after the instant in order, for about a thousand issues at a time."""
    of = issue_changes.c
    statement = (
        select(*(of[name] for name in Later._fields))
        .where(of.changed_at > instant)
        .order_by(of.issue_id, of.changed_at, of.entry_number, of.ordinal)
    )
    rows = (Later(*row) for some in fetch_some(connection, statement) for row in some)
    batch: dict[str, Sequence[Later]] = {}
    for issue_id, changes in groupby(rows, key=itemgetter(0)):
        batch[issue_id] = list(changes)
        if len(batch) == _ISSUES_AT_ONCE:
            yield batch
            batch = {}
    if batch:
        yield batch
