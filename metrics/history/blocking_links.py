"""Reads which issues block which by a link, and all that both their histories tell of its making and removal.

Whatever tells a link, its outward side blocks the inward one: in Jira `PAY-1 blocks PAY-2`; in Azure DevOps the source
of a dependency is the predecessor of its target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from warehouse.fetching import fetch_rows
from warehouse.tables.loaded import issue_changes, issue_links, issues
from warehouse.tables.side import link_events

OUTWARD = "outward"

BlockingTypes = Mapping[str, frozenset[str]]
"""Source → names of the link types that block, folded. Links of other sources do not block."""


class Ends(NamedTuple):
    """The two issues of a link, and its type, folded."""

    blocker_id: str
    blocked_id: str
    link_type: str


@dataclass(slots=True)
class Link:
    """What is told of a link: (instant, made or removed); whether it is there now, and since when if that is known."""

    told: set[tuple[datetime, bool]] = field(default_factory=set)
    is_current: bool = False
    since: datetime | None = None


class _Telling(NamedTuple):
    """A row that tells of a link. `other_id` is None where the tracker tells the key alone."""

    issue_id: str
    other_id: str | None
    other_key: str | None
    link_type: str | None
    direction: str | None
    made_at: datetime | None
    removed_at: datetime | None
    is_current: bool


def read_links(
    connection: Connection, types: BlockingTypes, blocked_ids: Collection[str] | None = None
) -> dict[Ends, Link]:
    """The blocking links of now and before; with `blocked_ids` those that block one of these."""
    links = _links(connection, types, blocked_ids)
    if blocked_ids is not None:
        wanted = frozenset(blocked_ids)
        links = {ends: link for ends, link in links.items() if ends.blocked_id in wanted}
    _date(connection, links)
    return links


def read_blocked_by(connection: Connection, types: BlockingTypes, blocker_ids: Collection[str]) -> set[str]:
    """The issues that these block by a link, or once did: a change in a blocker may change when they were blocked."""
    wanted = frozenset(blocker_ids)
    return {ends.blocked_id for ends in _links(connection, types, blocker_ids) if ends.blocker_id in wanted}


def read_linked(connection: Connection, issue_ids: Collection[str]) -> set[str]:
    """The issues on the other side of any link of these, of now or before, as far as an id is told."""
    told = _of(connection, issue_ids) if issue_ids else ()
    return {issue_id for row in told for issue_id in row[:2] if issue_id is not None}


def _links(connection: Connection, types: BlockingTypes, issue_ids: Collection[str] | None) -> dict[Ends, Link]:
    if not types:
        return {}
    rows = _all(connection, types) if issue_ids is None else _of(connection, issue_ids)
    tellings = [row for row in rows if row[4] is not None and _type(row) in types.get(_source(row), ())]
    issue_of = _by_key(connection, tellings)
    links: defaultdict[Ends, Link] = defaultdict(Link)
    for row in tellings:
        issue_id, other_id, other_key = row[:3]
        other_id = other_id or issue_of.get((_source(row), other_key or ""))
        if other_id is not None:
            ends = (issue_id, other_id) if row[4] == OUTWARD else (other_id, issue_id)
            _take(links[Ends(*ends, _type(row))], row)
    return links


def _take(link: Link, row: _Telling) -> None:
    made_at, removed_at, is_current = row[5:]
    if made_at is not None:
        link.told.add((made_at, True))
    if removed_at is not None:
        link.told.add((removed_at, False))
    if is_current:
        link.is_current = True
        link.since = max(filter(None, (link.since, made_at)), default=None)


def _source(row: _Telling) -> str:
    return row[0].partition(":")[0]


def _type(row: _Telling) -> str:
    return _folded(row[3] or "")


_folded = cache(str.casefold)


def _all(connection: Connection, types: BlockingTypes) -> Iterator[_Telling]:
    """The rows of these types: asked for by name, since most links are of others, such as all parents."""
    wanted = frozenset[str]().union(*types.values())
    for table in (issue_links, link_events):
        known = connection.scalars(select(table.c.link_type).distinct())
        names = [name for name in known if name and name.casefold() in wanted]
        if names:
            yield from _read(connection, table, table.c.link_type.in_(names))


def _of(connection: Connection, issue_ids: Iterable[str]) -> Iterator[_Telling]:
    """The rows of any type that tell of these issues, from whichever side; some come twice."""
    for few in some(issue_ids):
        keys = sorted(_keys_ever(connection, few))
        for table in (issue_links, link_events):
            of = table.c
            by_key = and_(of.other_issue_id.is_(None), of.other_key.in_(keys))
            yield from _read(connection, table, of.issue_id.in_(few))
            yield from _read(connection, table, or_(of.other_issue_id.in_(few), by_key))


def _read(connection: Connection, table: Table, where: ColumnElement[bool]) -> Iterator[_Telling]:
    of = table.c
    is_event = table is link_events
    when = (of.happened_at, of.is_made) if is_event else (of.created_at, of.removed_at)
    ends = (of.issue_id, of.other_issue_id, of.other_key, of.link_type, of.direction)
    for *told, first, second in fetch_rows(connection, select(*ends, *when).where(where)):
        if is_event:
            yield _Telling._make((*told, first if second else None, None if second else first, False))
        else:
            yield _Telling._make((*told, first, second, second is None))


def _keys_ever(connection: Connection, few: Sequence[str]) -> set[str]:
    of = issue_changes.c
    moved = select(of.from_text).where(of.issue_id.in_(few), of.field == "key")
    found = {*connection.scalars(select(issues.c.key).where(issues.c.issue_id.in_(few))), *connection.scalars(moved)}
    return {key for key in found if key}


def _by_key(connection: Connection, tellings: Iterable[_Telling]) -> dict[tuple[str, str], str]:
    """(Source, key) → the issue that has this key, else that had it before a move; for rows that tell the key alone."""
    wanted = {(_source(row), row.other_key) for row in tellings if row.other_id is None and row.other_key}
    keys = {key for _, key in wanted}
    now = select(issues.c.issue_id, issues.c.key).order_by(issues.c.absence.is_(None), issues.c.issue_id)
    # no index helps: many keys are found faster by one reading of all than by several for some of them
    asked = [now] if len(keys) > _ASKED_AT_ONCE else [now.where(issues.c.key.in_(few)) for few in some(keys)]
    found: dict[tuple[str, str], str] = {}
    for statement in asked:
        found.update(
            ((issue_id.partition(":")[0], key), issue_id) for issue_id, key in fetch_rows(connection, statement)
        )
    of = issue_changes.c
    for few in some(key for source_id, key in wanted if (source_id, key) not in found):
        once = select(of.issue_id, of.from_text).where(of.field == "key", of.from_text.in_(few)).order_by(of.issue_id)
        for issue_id, key in fetch_rows(connection, once):
            found.setdefault((issue_id.partition(":")[0], key), issue_id)
    return found


def _date(connection: Connection, links: Mapping[Ends, Link]) -> None:
    """Give links of now that nothing dates the newest making that a history tells in words it can't be sure of."""
    undated = {ends: link for ends, link in links.items() if link.is_current and not _is_dated(link)}
    if not undated:
        return
    of = link_events.c
    rows: list[_Telling] = []
    for few in some({issue_id for ends in undated for issue_id in ends[:2]}):
        rows += _read(connection, link_events, and_(of.issue_id.in_(few), of.is_made.is_(True), of.direction.is_(None)))
    issue_of = _by_key(connection, rows)
    made: defaultdict[frozenset[str], list[_Telling]] = defaultdict(list)
    for row in rows:
        other_id = row.other_id or issue_of.get((_source(row), row.other_key or ""))
        if other_id is not None:
            made[frozenset((row.issue_id, other_id))].append(row)
    for ends, link in undated.items():
        removed_at = max((at for at, _ in link.told), default=None)
        link.since = max(_makings(made[frozenset(ends[:2])], ends.link_type, removed_at), default=None)


def _is_dated(link: Link) -> bool:
    return link.since is not None or (bool(link.told) and max(link.told)[1])


def _makings(rows: Iterable[_Telling], link_type: str, after: datetime | None) -> Iterator[datetime]:
    for row in rows:
        at = row.made_at
        if at is not None and _type(row) in {"", link_type} and (after is None or at > after):
            yield at


_ASKED_AT_ONCE = 5_000


def some(values: Iterable[str]) -> Iterator[list[str]]:
    """The values without doubles and in order, as many at a time as one statement may ask for."""
    ordered = sorted(set(values))
    return (ordered[start : start + _ASKED_AT_ONCE] for start in range(0, len(ordered), _ASKED_AT_ONCE))
