"""Status → stage: the config's names first, else the tracker's category, for the project and type in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, select

from metrics.base import Context, Metric
from metrics.flow_steps import RANKS
from metrics.settings import MetricSettings, StageNames, Workflow
from warehouse.bulk import update_rows
from warehouse.tables.loaded import projects, statuses

TODO = "todo"
IN_PROGRESS = "in_progress"
DONE = "done"
REMOVED = "removed"

CATEGORY_STAGES = {
    "new": TODO,
    "todo": TODO,
    "indeterminate": IN_PROGRESS,
    "in_progress": IN_PROGRESS,
    "done": DONE,
    "proposed": TODO,
    "inprogress": IN_PROGRESS,
    "resolved": IN_PROGRESS,
    "completed": DONE,
    "removed": REMOVED,
}
"""The trackers' own categories, lower case → stage. Any other category is as good as none."""


def is_backward(before: str | None, after: str) -> bool:
    """Whether a move leads to an earlier stage of todo < in_progress < done; `removed` is outside the order."""
    return before not in {None, REMOVED} and RANKS[after] < RANKS[before or after]


class StatusRow(NamedTuple):
    """A row of `statuses`, as far as it decides on stages."""

    status_id: str
    source_id: str
    project_id: str | None
    issue_type: str | None
    name: str
    category: str | None


class KnownStatus(NamedTuple):
    """What a status of a history means; `status_id` and `stage` are None where the status was never known."""

    status_id: str | None
    stage: str | None
    is_waiting: bool


Meaning = tuple[str | None, str, str | None, bool]
"""status_id, name at the time, stage, is_waiting: the middle of a stay."""


class Meanings(dict[tuple[str | None, str | None], Meaning]):
    """Raw value and text of a status in a change → what it means for issues of one project and type."""

    def __init__(self, look_up: Callable[[str | None, str], KnownStatus]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, raw: tuple[str | None, str | None]) -> Meaning:
        value, text = raw
        known = self._look_up(value or text, text or value or "")
        meaning = self[raw] = (known.status_id, text or value or "", known.stage, known.is_waiting)
        return meaning


class StatusCatalogue:
    """All statuses of the warehouse and the rules in force."""

    def __init__(self, rows: Iterable[StatusRow], project_keys: Mapping[str, str], settings: MetricSettings) -> None:
        self._by_id: dict[str, StatusRow] = {}
        self._by_name: defaultdict[tuple[str, str | None, str], list[StatusRow]] = defaultdict(list)
        for row in rows:
            self._by_id[row.status_id] = row
            self._by_name[row.source_id, row.issue_type, row.name.casefold()].append(row)
        self._project_keys = project_keys
        self._settings = settings
        self._rules: dict[str, _Rules] = {}
        self._seen: dict[tuple[str, str, str, str | None, str], KnownStatus] = {}
        self._meanings: dict[tuple[str, str, str], Meanings] = {}
        self.has_unknown = False
        """Whether a status without a stage was looked up."""

    def look_up(self, source_id: str, project_id: str, issue_type: str, value: str | None, name: str) -> KnownStatus:
        """What the status means for an issue of that project (qualified id) and type.

        `value` is the tracker's raw value, `name` what it was called then. A status without a row of its own is known
        by its name where all rows of that name (and, in Azure DevOps, of that type) agree on the category.
        """
        key = (source_id, project_id, issue_type, value, name)
        known = self._seen.get(key)
        if known is None:
            known = self._seen[key] = self._interpret(*key)
            self.has_unknown |= known.stage is None
        return known

    def meanings(self, source_id: str, project_id: str, issue_type: str) -> Meanings:
        """What the values of changes mean for issues of that project (qualified id) and type."""
        key = (source_id, project_id, issue_type)
        meanings = self._meanings.get(key)
        if meanings is None:
            meanings = self._meanings[key] = Meanings(partial(self.look_up, *key))
        return meanings

    def stage_of(self, row: StatusRow) -> str | None:
        """The stage of a status of today."""
        return self._stage(row.source_id, row.project_id, row.issue_type, (row.name,), row.category)

    def _interpret(self, source_id: str, project_id: str, issue_type: str, value: str | None, name: str) -> KnownStatus:
        own = self._by_id.get(f"{source_id}:{value}") or self._by_id.get(f"{project_id}:{issue_type}:{value}")
        status_id: str | None = None
        names: tuple[str, ...] = (name,)
        if own is not None:
            status_id, category, names = own.status_id, own.category, (name, own.name)
        else:
            category = self._category_by_name(source_id, project_id, issue_type, name)
        stage = self._stage(source_id, project_id, issue_type, names, category)
        return KnownStatus(status_id, stage, stage == IN_PROGRESS and self._rules_of(source_id).is_waiting(names))

    def _category_by_name(self, source_id: str, project_id: str, issue_type: str, name: str) -> str | None:
        folded = name.casefold()
        rows = self._by_name.get((source_id, None, folded)) or self._by_name.get((source_id, issue_type, folded)) or []
        candidates = [row for row in rows if row.project_id == project_id] or rows
        categories = {row.category for row in candidates}
        return categories.pop() if len(categories) == 1 else None

    def _stage(
        self,
        source_id: str,
        project_id: str | None,
        issue_type: str | None,
        names: tuple[str, ...],
        category: str | None,
    ) -> str | None:
        key = self._project_keys.get(project_id, project_id.partition(":")[2]) if project_id else None
        named = self._rules_of(source_id).stage(issue_type, key, names)
        return named or (CATEGORY_STAGES.get(category.lower()) if category else None)

    def _rules_of(self, source_id: str) -> _Rules:
        rules = self._rules.get(source_id)
        if rules is None:
            rules = self._rules[source_id] = _Rules(self._settings.workflow_of(source_id))
        return rules


class _Rules:
    """A source's workflow rules with all names folded."""

    def __init__(self, workflow: Workflow) -> None:
        self._all = _stages_by_name(workflow.stages)
        self._projects = {key.casefold(): _stages_by_name(names) for key, names in workflow.projects.items()}
        self._types = {key.casefold(): _stages_by_name(names) for key, names in workflow.types.items()}
        self._waiting = folded(workflow.waiting)

    def stage(self, issue_type: str | None, project_key: str | None, names: tuple[str, ...]) -> str | None:
        scopes = (
            self._types.get((issue_type or "").casefold(), {}),
            self._projects.get((project_key or "").casefold(), {}),
            self._all,
        )
        hits = (scope.get(name.casefold()) for name in names for scope in scopes)
        return next((stage for stage in hits if stage), None)

    def is_waiting(self, names: tuple[str, ...]) -> bool:
        return any(name.casefold() in self._waiting for name in names)


def folded(names: Iterable[str]) -> frozenset[str]:
    """The names in the form in which they are compared."""
    return frozenset(name.casefold() for name in names)


def _stages_by_name(names: StageNames) -> dict[str, str]:
    return {
        name.casefold(): stage
        for stage, of_stage in (
            (TODO, names.todo),
            (IN_PROGRESS, names.in_progress),
            (DONE, names.done),
            (REMOVED, names.removed),
        )
        for name in of_stage
    }


def read_catalogue(connection: Connection, settings: MetricSettings) -> StatusCatalogue:
    """The catalogue of the statuses and projects that the warehouse holds."""
    keys = {row.project_id: row.key for row in connection.execute(select(projects.c.project_id, projects.c.key))}
    return StatusCatalogue(_read_statuses(connection), keys, settings)


def _read_statuses(connection: Connection) -> list[StatusRow]:
    columns = [statuses.c[name] for name in StatusRow._fields]
    return [StatusRow(*row) for row in connection.execute(select(*columns).order_by(statuses.c.status_id))]


def _compute(context: Context) -> None:
    catalogue = read_catalogue(context.connection, context.settings)
    stored = {
        row.status_id: row.stage for row in context.connection.execute(select(statuses.c.status_id, statuses.c.stage))
    }
    stages = ((row.status_id, catalogue.stage_of(row)) for row in _read_statuses(context.connection))
    changed = [(status_id, stage) for status_id, stage in stages if stored[status_id] != stage]
    if changed:
        update_rows(context.connection, statuses, "status_id", ["stage"], changed)


METRIC = Metric(name="statuses", compute=_compute)
"""Fills `statuses.stage`."""
