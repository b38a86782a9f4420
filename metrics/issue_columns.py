"""Fills what `issues` derives: stage, is_defect, epic_id, board_id and sprint_id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from metrics.base import Context, Metric
from metrics.history.boards import HomeBoards, SprintCatalogue, read_home_boards, read_sprint_catalogue
from metrics.history.epics import descendants, read_epics
from metrics.history.stages import StatusCatalogue, folded, read_catalogue
from metrics.reading import chunks
from warehouse.bulk import update_rows
from warehouse.fetching import fetch_rows, maker
from warehouse.records import native_id
from warehouse.stale import mark_stale, read_stale
from warehouse.tables.loaded import issue_changes, issues

_DERIVED = ("stage", "is_defect", "epic_id", "board_id", "sprint_id")


class _Issue(NamedTuple):
    """What decides on the derived columns, and these as they are."""

    issue_id: str
    source_id: str
    project_id: str
    issue_type: str
    status_id: str
    status: str
    sprint_ids: str | None
    area_path: str | None
    stage: str | None
    is_defect: bool | None
    epic_id: str | None
    board_id: str | None
    sprint_id: str | None


_ISSUE = maker(_Issue)
_FIRST_DERIVED = _Issue._fields.index("stage")
_BOARD = _DERIVED.index("board_id")


class _Classifier:
    """Knows all that decides on the derived columns of an issue. What many issues have in common is asked once."""

    def __init__(self, context: Context, only: Sequence[str] | None) -> None:
        connection = context.connection
        self._statuses: StatusCatalogue = read_catalogue(connection, context.settings)
        self._sprints: SprintCatalogue = read_sprint_catalogue(connection)
        self._homes: HomeBoards = read_home_boards(connection, self._sprints)
        self._epics = read_epics(connection, only)
        self._defects = folded(context.settings.defects.types)
        self._stages: dict[tuple[str, ...], tuple[str | None, bool]] = {}
        self._places: dict[tuple[str | None, ...], tuple[str | None, str | None]] = {}

    def derived(self, issue: _Issue, left: str | None) -> tuple[Any, ...]:
        """The derived columns in the order of `_DERIVED`; `left` is the sprint field before it was emptied for good."""
        issue_id, source_id, project_id, issue_type, status_id, status, sprint_ids, area_path, *_ = issue
        kind = project_id, issue_type, status_id, status
        stage = self._stages.get(kind)
        if stage is None:
            stage = self._stages[kind] = self._stage(source_id, *kind)
        where = project_id, area_path, sprint_ids, left
        place = self._places.get(where)
        if place is None:
            place = self._places[where] = self._place(source_id, *where)
        return (*stage, self._epics.get(issue_id), *place)

    def _stage(
        self, source_id: str, project_id: str, issue_type: str, status_id: str, status: str
    ) -> tuple[str | None, bool]:
        """stage and is_defect."""
        meanings = self._statuses.meanings(source_id, project_id, issue_type)
        return meanings[native_id(status_id), status][2], issue_type.casefold() in self._defects

    def _place(
        self, source_id: str, project_id: str, area_path: str | None, sprint_ids: str | None, left: str | None
    ) -> tuple[str | None, str | None]:
        """board_id and sprint_id."""
        current = self._sprints.named(source_id, sprint_ids, area_path)
        last = current or self._sprints.named(source_id, left, area_path)
        active = self._sprints.active(current)
        return self._homes.home(source_id, project_id, area_path, last), active.sprint_id if active else None


def _left(connection: Connection, ids: Sequence[str]) -> Mapping[str, str | None]:
    """Issue → the sprint field before it was last changed, for the given issues."""
    of = issue_changes.c
    rows = fetch_rows(
        connection,
        select(of.issue_id, of.from_value)
        .where(of.issue_id.in_(ids), of.field == "sprint")
        .order_by(of.issue_id, of.changed_at, of.entry_number, of.ordinal),
    )
    return dict(rows)  # the last of an issue's rows counts


def _changed(context: Context, only: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
    """The new derived columns of issues whose old ones differ; those that change their board are marked as stale."""
    classifier = _Classifier(context, only)
    for chunk in chunks(context.connection, _Issue._fields, only=only):
        rows = list(map(_ISSUE, chunk))
        outside = [row.issue_id for row in rows if not row.sprint_ids]
        left = _left(context.connection, outside) if outside else {}
        moved = []
        for issue in rows:
            derived = classifier.derived(issue, left.get(issue.issue_id))
            before = issue[_FIRST_DERIVED:]
            if derived != before:
                yield issue.issue_id, *derived
                if derived[_BOARD] != before[_BOARD]:
                    moved.append(issue.issue_id)
        mark_stale(context.connection, moved)


def _compute(context: Context) -> None:
    only = None
    if not context.everything:
        stale = read_stale(context.connection)
        only = sorted({*stale, *descendants(context.connection, stale)})
    changed = list(_changed(context, only))
    if changed:
        update_rows(context.connection, issues, "issue_id", _DERIVED, changed)


METRIC = Metric(
    name="issues",
    depends_on=("reached",),
    reads=("workflow", "source_workflows", "defects.types"),
    compute=_compute,
)
"""Fills the derived columns of `issues`."""
