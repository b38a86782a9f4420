"""The loaded tables as they were at an instant, made of what they are now and of the history since.

What no history tells stays as it is now:
- names, categories and levels of statuses, types, fields, boards, people and projects, and which areas teams own;
- names, goals and planned days of sprints; whether a sprint of a Jira that does not tell when it was started had been;
- sprints, boards and versions that are no more, and versions before a sync noted them: of these only a release day
  that was still to come is undone;
- the paths of Azure DevOps areas that were renamed, where a later change of the issue does not tell the former one;
- links of a type whose words today's types do not have, links that no history tells the making of, and parents that
  were deleted, of which Jira leaves no trace;
- worklogs, which are told by when the work began; values of fields that are chosen from cascading lists.
Absent issues stay absent, whenever they went.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Select, Text, and_, cast, delete, func, or_, select, update

from metrics.calendar import local_day
from metrics.history.sprint_windows import ACTIVE, CLOSED, FUTURE
from metrics.rewinding.bridges import rewind_bridges
from metrics.rewinding.columns import Columns, Was, columns_then
from metrics.rewinding.history import Known, Later, later_changes, read_known
from metrics.rewinding.links import rewind_links
from metrics.rewinding.points import field_of_points, rename_changes
from warehouse.bulk import update_rows
from warehouse.fetching import fetch_rows
from warehouse.records import native_id
from warehouse.tables.loaded import (
    issue_changes,
    issue_components,
    issue_labels,
    issue_links,
    issue_versions,
    issues,
    projects,
    sprints,
    versions,
)
from warehouse.tables.side import comments, link_events, version_snapshots, worklogs

_OF_ISSUES = (
    issue_changes,
    issue_links,
    link_events,
    issue_labels,
    issue_components,
    issue_versions,
    worklogs,
    comments,
    issues,
)
"""Tables whose rows belong to an issue, the issues last."""

MOVED_AWAY = "moved_away"

_UNCHANGING = ("issue_id", "source_id", "created_at")
_CHANGING = (
    "project_id",
    "key",
    "url",
    "issue_type",
    "level",
    "summary",
    "status_id",
    "status",
    "priority",
    "severity",
    "resolution",
    "assignee_id",
    "reporter_id",
    "parent_id",
    "story_points",
    "original_estimate_seconds",
    "found_in",
    "resolved_at",
    "due_on",
    "sprint_ids",
    "area_path",
    "is_flagged",
    "custom_fields",
)
_encode = msgspec.json.Encoder(order="sorted").encode


def rewind(
    connection: Connection, instant: datetime, zone: ZoneInfo, scopes: Mapping[str, Collection[str]] | None = None
) -> None:
    """Make the loaded tables what they were at the instant; what happened exactly then had happened.

    This is for a copy: what came later is deleted. `scopes` are the projects (keys or names) that a source is limited
    to: issues that were elsewhere then are absent or go. What cannot be told is listed above.
    """
    _forget(connection, select(issues.c.issue_id).where(issues.c.created_at > instant))
    known = read_known(connection, instant, zone)
    for batch in later_changes(connection, instant):
        _rewind_columns(connection, known, batch)
        rewind_bridges(connection, known, batch)
    rewind_links(connection, known)
    _forget_later(connection, instant)
    _date_updates(connection, instant)
    for source_id, names in (scopes or {}).items():
        _leave_scope(connection, source_id, names)
    _rewind_sprints(connection, instant)
    _rewind_versions(connection, instant, zone)


def _forget(connection: Connection, gone: Select[tuple[str]]) -> None:
    """Delete these issues with all that belongs to them; what names them names nothing any more."""
    connection.execute(update(issues).where(issues.c.parent_id.in_(gone)).values(parent_id=None))
    for table in _OF_ISSUES:
        sides = [table.c[name] for name in ("issue_id", "other_issue_id") if name in table.c]
        connection.execute(delete(table).where(or_(*(side.in_(gone) for side in sides))))


def _leave_scope(connection: Connection, source_id: str, names: Collection[str]) -> None:
    """An issue that was elsewhere then is `moved_away` if it had been inside before, else it was not held at all."""
    wanted = {name.casefold() for name in names}
    rows = fetch_rows(
        connection, select(projects.c.project_id, projects.c.key).where(projects.c.source_id == source_id)
    )
    inside = {i: native_id(i) for i, key in rows if wanted & {key.casefold(), native_id(i).casefold()}}
    of, change = issues.c, issue_changes.c
    elsewhere = and_(of.source_id == source_id, of.absence.is_(None), of.project_id.not_in(list(inside)))
    left = select(change.issue_id).where(change.field == "project", change.from_value.in_(list(inside.values())))
    connection.execute(update(issues).where(elsewhere, of.issue_id.in_(left)).values(absence=MOVED_AWAY))
    _forget(connection, select(of.issue_id).where(elsewhere))


def _rewind_columns(connection: Connection, known: Known, batch: Mapping[str, Sequence[Later]]) -> None:
    of = issues.c
    names = (*_UNCHANGING, *_CHANGING)
    columns = [cast(of[name], Text) if name == "custom_fields" else of[name] for name in names]
    resolved = _resolved_before(connection, known, batch)
    elsewhere: list[tuple[str, str]] = []
    rows = []
    for row in fetch_rows(connection, select(*columns).where(of.issue_id.in_(list(batch)))):
        issue_id = row[0]
        then = _row_then(known, dict(zip(names, row, strict=True)), batch[issue_id], Was(resolved.get(issue_id)))
        field_id = None if known.is_azure(issue_id) else field_of_points(known, then, batch[issue_id])
        if field_id is not None:
            elsewhere.append((issue_id, field_id))
        rows.append((issue_id, *(then[name] for name in _CHANGING)))
    update_rows(connection, issues, "issue_id", _CHANGING, rows)
    rename_changes(connection, known, elsewhere)


def _row_then(known: Known, today: Columns, later: Sequence[Later], was: Was) -> Columns:
    then = columns_then(known, {**today, "custom_fields": msgspec.json.decode(today["custom_fields"])}, later, was)
    return {**then, "custom_fields": _encode(then["custom_fields"]).decode()}


def _resolved_before(
    connection: Connection, known: Known, batch: Mapping[str, Sequence[Later]]
) -> Mapping[str, datetime]:
    """Issue → when it was resolved last before the instant, for those whose resolution changed after it."""
    concerned = [issue_id for issue_id, changes in batch.items() if any(one.field == "resolution" for one in changes)]
    of = issue_changes.c
    nothing = func.coalesce(of.from_text, of.from_value, "") == ""
    statement = (
        select(of.issue_id, func.max(of.changed_at, type_=of.changed_at.type))
        .where(of.issue_id.in_(concerned), of.field == "resolution", of.changed_at <= known.instant, nothing)
        .group_by(of.issue_id)
    )
    return dict(fetch_rows(connection, statement)) if concerned else {}


def _forget_later(connection: Connection, instant: datetime) -> None:
    """What happened later, as far as tables have a row for each thing that happens."""
    for moment in (
        issue_changes.c.changed_at,
        link_events.c.happened_at,
        worklogs.c.started_at,
        comments.c.created_at,
    ):
        connection.execute(delete(moment.table).where(moment > instant))
    connection.execute(update(worklogs).where(worklogs.c.deleted_at > instant).values(deleted_at=None))


def _date_updates(connection: Connection, instant: datetime) -> None:
    """An issue was updated last by its last change; what else counts as an update for its tracker is not known."""
    of = issue_changes.c
    last = select(func.max(of.changed_at)).where(of.issue_id == issues.c.issue_id).scalar_subquery()
    values = {"updated_at": func.coalesce(last, issues.c.created_at)}
    connection.execute(update(issues).where(issues.c.updated_at > instant).values(values))
    connection.execute(update(issues).where(issues.c.resolved_at > instant).values(resolved_at=None))


def _rewind_sprints(connection: Connection, instant: datetime) -> None:
    """Sprints with days (Azure DevOps) get their state by the day when metrics are computed; this is for the others."""
    of = sprints.c
    statement = select(of.sprint_id, of.state, of.activated_at, of.completed_at, of.start_at, of.end_at)
    rows = []
    for sprint_id, *times in fetch_rows(connection, statement.where(of.start_on.is_(None))):
        then = sprint_then(*times, instant=instant)
        if then != tuple(times[:3]):
            rows.append((sprint_id, *then))
    if rows:
        update_rows(connection, sprints, "sprint_id", ["state", "activated_at", "completed_at"], rows)


def sprint_then(
    state: str,
    activated_at: datetime | None,
    completed_at: datetime | None,
    start_at: datetime | None,
    end_at: datetime | None,
    *,
    instant: datetime,
) -> tuple[str, datetime | None, datetime | None]:
    """State, start and completion of a Jira sprint as of an instant; one that is no more stays closed."""
    begun = activated_at or start_at
    ended = completed_at or end_at
    if state == FUTURE or (begun is not None and begun > instant):
        return FUTURE, None, None
    if state == CLOSED and ended is not None and ended > instant:
        state = ACTIVE
    return state, activated_at, completed_at if state == CLOSED else None


def _rewind_versions(connection: Connection, instant: datetime, zone: ZoneInfo) -> None:
    """By the newest note of a sync up to that day; without one, a release day that was to come had not come."""
    of = version_snapshots.c
    told = ("name", "is_released", "is_archived", "released_on", "start_on")
    day = local_day(instant, ZoneInfo("UTC"))
    until_then = of.seen_on <= day
    notes = select(of.version_id, *(of[name] for name in told)).where(until_then).order_by(of.seen_on)
    newest = {version_id: note for version_id, *note in fetch_rows(connection, notes)}
    if newest:
        rows = [(version_id, *note) for version_id, note in newest.items()]
        update_rows(connection, versions, "version_id", told, rows)
    to_come = versions.c.released_on > local_day(instant, zone)
    not_noted = versions.c.version_id.not_in(select(of.version_id).where(until_then))
    connection.execute(update(versions).where(to_come, not_noted).values(is_released=False))
