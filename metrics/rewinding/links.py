"""Links between issues as they were, and the parents of Azure DevOps items, which links tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, select

from metrics.rewinding.history import Known, source_of
from warehouse.bulk import update_rows
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.loaded import issue_links, issues
from warehouse.tables.side import link_events

_TO_CHILD = "Parent"
"""How links from a parent to its child are called in Azure DevOps."""
_NEVER = datetime.max.replace(tzinfo=UTC)

_Ends = tuple[str, str | None, str]
"""Issue, other issue and type of a link."""


class Step(NamedTuple):
    """A link was made or removed."""

    at: datetime
    is_made: bool


class Existence(NamedTuple):
    """When a link that there was, or had been, was made and removed; None: not known, or not yet."""

    created_at: datetime | None
    removed_at: datetime | None


def rewind_links(connection: Connection, known: Known) -> None:
    """Take away the links made later, and give back those removed later.

    Jira removes a link's row with the link; what comes back is the row that tells of its removal.
    """
    told = _azure_events(connection, known)
    if told:
        _rewind_told(connection, known, told)
        _rewind_parents(connection, known, told)
    _date_undated(connection, known)
    of = issue_links.c
    connection.execute(delete(issue_links).where(of.created_at > known.instant))
    restored = select(of.link_id, of.issue_id, of.other_issue_id, of.other_key).where(of.removed_at > known.instant)
    rows = [
        (link_id, other_id or known.issue_ids.get(f"{source_of(issue_id)}:{key}"), None)
        for link_id, issue_id, other_id, key in fetch_rows(connection, restored)
    ]
    if rows:
        update_rows(connection, issue_links, "link_id", ["other_issue_id", "removed_at"], rows)


def _date_undated(connection: Connection, known: Known) -> None:
    """History names the other issue by its key of then: a link to one that moved since is dated by the former key.

    Of several that say the same, the one that went last, or has the highest id, was made last.
    """
    of = issue_links.c
    columns = (of.link_id, of.removed_at, of.issue_id, of.other_issue_id, of.other_key, of.link_type, of.direction)
    undated = fetch_rows(connection, select(*columns).where(of.created_at.is_(None)))
    undated.sort(key=lambda row: (row[1] or _NEVER, len(row[0]), row[0]), reverse=True)
    makings = _makings(connection, known, {row[2] for row in undated})
    dated = []
    for link_id, removed_at, issue_id, other_id, key, link_type, direction in undated:
        ends = issue_id, other_id or known.issue_ids.get(f"{source_of(issue_id)}:{key}")
        told = [(*ends, *words) for words in ((link_type, direction), (link_type, None), (None, None))]
        fitting = [(at, words) for words in told for at in makings.get(words, ()) if at <= (removed_at or _NEVER)]
        if fitting:
            at, words = max(fitting, key=itemgetter(0))
            makings[words].remove(at)
            dated.append((link_id, at))
    if dated:
        update_rows(connection, issue_links, "link_id", ["created_at"], dated)


def _makings(
    connection: Connection, known: Known, issue_ids: Collection[str]
) -> Mapping[tuple[str | None, ...], list[datetime]]:
    """(Issue, other issue, type, direction) → when such links were made, as the histories of these issues tell."""
    of = link_events.c
    columns = (of.issue_id, of.other_issue_id, of.other_key, of.link_type, of.direction, of.happened_at)
    found: defaultdict[tuple[str | None, ...], list[datetime]] = defaultdict(list)
    for some in portions(sorted(issue_ids)):
        made = and_(of.issue_id.in_(some), of.is_made.is_(True))
        for issue_id, other_id, key, link_type, direction, at in fetch_rows(connection, select(*columns).where(made)):
            other = other_id or known.issue_ids.get(f"{source_of(issue_id)}:{key}")
            found[issue_id, other, link_type, direction].append(at)
    return found


def existence(steps: Sequence[Step], instant: datetime) -> Existence | None:
    """What was known of a link at an instant, by its steps in order; None when it was made later."""
    past = [step for step in steps if step.at <= instant]
    if not past:
        return None if steps[0].is_made else Existence(None, None)
    created_at = max((step.at for step in past if step.is_made), default=None)
    return Existence(created_at, None if past[-1].is_made else past[-1].at)


def _azure_events(connection: Connection, known: Known) -> Mapping[_Ends, Sequence[Step]]:
    """Steps in order by link, of the links of Azure DevOps: a link that comes and goes has one row for all of them."""
    of = link_events.c
    if not known.azure:
        return {}
    statement = select(of.issue_id, of.other_issue_id, of.link_type, of.happened_at, of.is_made)
    steps: defaultdict[_Ends, list[Step]] = defaultdict(list)
    for issue_id, other_id, link_type, at, is_made in fetch_rows(
        connection, statement.order_by(of.happened_at, of.is_made)
    ):
        if known.is_azure(issue_id):
            steps[issue_id, other_id, link_type].append(Step(at, is_made))
    return steps


def _rewind_told(connection: Connection, known: Known, told: Mapping[_Ends, Sequence[Step]]) -> None:
    of = issue_links.c
    kept, unmade = [], []
    for link_id, *ends in fetch_rows(connection, select(of.link_id, of.issue_id, of.other_issue_id, of.link_type)):
        steps = told.get(tuple(ends))
        if steps is None or steps[-1].at <= known.instant:
            continue
        was = existence(steps, known.instant)
        if was is None:
            unmade.append(link_id)
        else:
            kept.append((link_id, *was))
    if kept:
        update_rows(connection, issue_links, "link_id", Existence._fields, kept)
    for some in portions(unmade):
        connection.execute(delete(issue_links).where(of.link_id.in_(some)))


def _rewind_parents(connection: Connection, known: Known, told: Mapping[_Ends, Sequence[Step]]) -> None:
    """The parents of the items that got or lost one by a link since."""
    by_child: defaultdict[str, dict[str, Sequence[Step]]] = defaultdict(dict)
    for (parent, child, link_type), steps in told.items():
        if link_type == _TO_CHILD and child is not None:
            by_child[child][parent] = steps
    later = [
        (child, _parent_then(parents, known.instant))
        for child, parents in by_child.items()
        if any(steps[-1].at > known.instant for steps in parents.values())
    ]
    if later:
        update_rows(connection, issues, "issue_id", ["parent_id"], later)


def _parent_then(parents: Mapping[str, Sequence[Step]], instant: datetime) -> str | None:
    """The parent whose link was there; of several, which the tracker does not have, the one that came last."""
    linked: list[tuple[bool, datetime | None, str]] = []
    for parent, steps in parents.items():
        was = existence(steps, instant)
        if was is not None and was.removed_at is None:
            linked.append((was.created_at is not None, was.created_at, parent))
    return max(linked)[2] if linked else None
