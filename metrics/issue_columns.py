"""Fills what `issues` derives: stage, is_defect, epic_id, board_id and sprint_id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from metrics.base import Context, Metric
from metrics.boards import HomeBoards, SprintCatalogue, read_home_boards, read_sprint_catalogue
from metrics.epics import read_epics
from metrics.reading import chunks
from metrics.stages import StatusCatalogue, folded, read_catalogue
from warehouse.bulk import update_rows
from warehouse.records import native_id
from warehouse.tables.loaded import issue_changes, issues

_DERIVED = ("stage", "is_defect", "epic_id", "board_id", "sprint_id")
_READ = (
    "issue_id",
    "source_id",
    "project_id",
    "issue_type",
    "status_id",
    "status",
    "sprint_ids",
    "area_path",
    *_DERIVED,
)


class _Classifier:
    """Knows all that decides on the derived columns of an issue."""

    def __init__(self, context: Context) -> None:
        connection = context.connection
        self._statuses: StatusCatalogue = read_catalogue(connection, context.settings)
        self._sprints: SprintCatalogue = read_sprint_catalogue(connection)
        self._homes: HomeBoards = read_home_boards(connection, self._sprints)
        self._epics = read_epics(connection)
        self._left = _last_left(connection)
        self._defects = folded(context.settings.defects.types)

    def derived(self, issue: tuple[Any, ...]) -> tuple[object, ...]:
        """The derived columns in the order of `_DERIVED`."""
        issue_id, source_id, project_id, issue_type, status_id, status, sprint_ids, area_path = issue[:8]
        known = self._statuses.look_up(source_id, project_id, issue_type, native_id(status_id), status)
        current = self._sprints.named(source_id, sprint_ids, area_path)
        last = current or self._sprints.named(source_id, self._left.get(issue_id), area_path)
        active = self._sprints.active(current)
        return (
            known.stage,
            issue_type.casefold() in self._defects,
            self._epics.get(issue_id),
            self._homes.home(source_id, project_id, area_path, last),
            active.sprint_id if active else None,
        )


def _last_left(connection: Connection) -> Mapping[str, str]:
    """Issue → the sprint field before it was emptied for good, for issues that are in no sprint now."""
    place = func.row_number().over(
        partition_by=issue_changes.c.issue_id,
        order_by=[
            issue_changes.c.changed_at.desc(),
            issue_changes.c.entry_number.desc(),
            issue_changes.c.ordinal.desc(),
        ],
    )
    none_now = or_(issues.c.sprint_ids.is_(None), issues.c.sprint_ids == "")
    last = (
        select(issue_changes.c.issue_id, issue_changes.c.from_value, place.label("place"))
        .join(issues, and_(issues.c.issue_id == issue_changes.c.issue_id, none_now))
        .where(issue_changes.c.field == "sprint")
        .subquery()
    )
    found = connection.execute(select(last.c.issue_id, last.c.from_value).where(last.c.place == 1))
    return {issue_id: value for issue_id, value in found if value}


def _changed(context: Context) -> Iterator[tuple[object, ...]]:
    classifier = _Classifier(context)
    for chunk in chunks(context.connection, _READ):
        for issue in chunk:
            derived = classifier.derived(issue)
            if derived != tuple(issue[8:]):
                yield issue[0], *derived


def _compute(context: Context) -> None:
    changed = list(_changed(context))
    if changed:
        update_rows(context.connection, issues, "issue_id", _DERIVED, changed)


METRIC = Metric(
    name="issues",
    depends_on=("reached",),
    reads=("workflow", "source_workflows", "defects.types"),
    compute=_compute,
)
