"""What has to be computed anew: metrics whose rules or code changed, issues that sprints, statuses or now reach."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, or_, select

from metrics.base import Context, Metric
from metrics.history.blockers import reached_by
from metrics.history.boards import AZURE_DEVOPS
from metrics.history.sprint_windows import ACTIVE, Window, read_windows
from metrics.settings import MetricSettings
from warehouse.fetching import portions
from warehouse.records import native_id
from warehouse.stale import forget_stale, mark_stale, mark_stale_where, read_stale
from warehouse.tables.computed import sprint_memberships
from warehouse.tables.loaded import (
    board_areas,
    boards,
    issue_changes,
    issue_types,
    issue_versions,
    issues,
    projects,
    sources,
    sprints,
    statuses,
    versions,
)
from warehouse.tables.operational import compute_inputs


@cache
def code_version() -> str:
    """The version of this code; kept, since it is read from a file and asked for with each fingerprint."""
    return version("flowmart")


def rules_of(metric: Metric, settings: MetricSettings) -> str:
    """The settings that the metric reads, as JSON."""
    return _json({name: attrgetter(name)(settings) for name in metric.reads})


def fingerprint(metric: Metric, settings: MetricSettings) -> str:
    """A hash of the metric's rules and of the code's version."""
    return _hash([code_version(), rules_of(metric, settings)])


def inputs_known(connection: Connection, kinds: tuple[str, ...]) -> dict[str, str]:
    """Input → its fingerprint as of the last compute, for inputs whose ids begin so."""
    rows = connection.execute(select(compute_inputs.c.input_id, compute_inputs.c.fingerprint))
    return {row.input_id: row.fingerprint for row in rows if row.input_id.startswith(kinds)}


def remember(connection: Connection, kinds: tuple[str, ...], current: Mapping[str, str]) -> None:
    """Make the fingerprints of these kinds of inputs those of `current`."""
    known = inputs_known(connection, kinds)
    gone = [name for name in known if name not in current]
    new = {name: value for name, value in current.items() if known.get(name) != value}
    for some in portions([*gone, *new]):
        connection.execute(delete(compute_inputs).where(compute_inputs.c.input_id.in_(some)))
    if new:
        rows = [{"input_id": name, "fingerprint": value} for name, value in new.items()]
        connection.execute(compute_inputs.insert(), rows)


SHARED = ("statuses:", "places:", "sprint:", "version:")
"""Kinds of inputs that many issues share."""
METRICS = ("metric:",)
"""The kind of input that is a metric's rules."""


def mark_reached(context: Context) -> None:
    """Note as stale each issue that is reached by what it shares with others.

    Fills `reach` with the sprints and versions that differ from the last compute.
    """
    connection = context.connection
    windows = read_windows(connection, context.settings, context.now)
    current = context.reach.inputs = dict(_shared_inputs(context, windows))
    if context.everything:
        return  # no metric asks what is stale
    known = inputs_known(connection, SHARED)
    changed = {name for name in {*known, *current} if known.get(name) != current.get(name)}
    by_kind = {kind: sorted(name.removeprefix(kind) for name in changed if name.startswith(kind)) for kind in SHARED}
    for source_id in {*by_kind["statuses:"], *by_kind["places:"]}:
        mark_stale_where(connection, select(issues.c.issue_id).where(issues.c.source_id == source_id))
    _mark_those_with(connection, sprint_memberships, "sprint_id", by_kind["sprint:"])
    _mark_those_with(connection, issue_versions, "version_id", by_kind["version:"])
    _mark_future_members(connection, [name for name in by_kind["sprint:"] if f"sprint:{name}" not in known])
    # what an active sprint says of its issues is as it was, but its end is now
    active = (window.sprint_id for window in windows.values() if window.state == ACTIVE)
    context.reach.sprint_ids.update(by_kind["sprint:"], active)
    context.reach.version_ids.update(by_kind["version:"])
    # an issue is blocked by others: what changes in one of them may change when it was
    mark_stale(connection, reached_by(connection, context.settings, read_stale(connection)))


def _mark_those_with(connection: Connection, table: Table, column: str, values: Iterable[str]) -> None:
    for some in portions(sorted(values)):
        mark_stale_where(connection, select(table.c.issue_id).where(table.c[column].in_(some)))


def _mark_future_members(connection: Connection, sprint_ids: Iterable[str]) -> None:
    """Those that are or were in an iteration which a team has picked since: it had no sprint to be a member of."""
    for some in portions(sorted(sprint_ids)):
        iterations = connection.scalars(
            select(sprints.c.iteration_id)
            .join(sources, sources.c.source_id == sprints.c.source_id)
            .where(sprints.c.sprint_id.in_(some), sources.c.kind == AZURE_DEVOPS)
        )
        natives = sorted({native_id(iteration_id) for iteration_id in iterations})
        if natives:
            of = issue_changes.c
            mark_stale_where(connection, select(issues.c.issue_id).where(issues.c.sprint_ids.in_(natives)))
            # no index helps, but teams pick an iteration once
            named = or_(of.from_value.in_(natives), of.to_value.in_(natives))
            mark_stale_where(connection, select(of.issue_id).where(of.field == "sprint", named))


def _shared_inputs(context: Context, windows: Mapping[str, Window]) -> Iterable[tuple[str, str]]:
    """What many issues share: the meaning of statuses, boards and their areas, sprints and versions."""
    connection, settings = context.connection, context.settings
    by_source: dict[str, list[Any]] = {}
    for table in (statuses, issue_types, projects):
        columns = [column for column in table.columns if column.name != "stage"]
        for row in connection.execute(select(*columns).order_by(*table.primary_key)):
            by_source.setdefault(row.source_id, []).append(tuple(row))
    for source_id, rows in by_source.items():
        yield f"statuses:{source_id}", _hash([rows, settings.workflow_of(source_id)])
    for source_id, rows in _places(connection).items():
        yield f"places:{source_id}", _hash(rows)
    # what it is called decides on nothing
    deciding = [column for column in sprints.columns if column.name not in {"name", "goal"}]
    for row in connection.execute(select(*deciding)):
        window = windows.get(row.sprint_id)
        still_open = window is not None and window.state == ACTIVE
        yield f"sprint:{row.sprint_id}", _hash([tuple(row), window and (window.start_at, still_open or window.end_at)])
    for row in connection.execute(select(versions)):
        yield f"version:{row.version_id}", _hash(tuple(row))


def _places(connection: Connection) -> dict[str, list[Any]]:
    """Source → its boards and the areas they own, which decide on home boards and on members of sprints."""
    of = boards.c
    found: dict[str, list[Any]] = {}
    rows = connection.execute(
        select(of.source_id, of.board_id, of.project_id, board_areas.c.area_path, board_areas.c.includes_children)
        .join(board_areas, board_areas.c.board_id == of.board_id, isouter=True)
        .order_by(of.board_id, board_areas.c.board_area_id)
    )
    for row in rows:
        found.setdefault(row.source_id, []).append(tuple(row[1:]))
    return found


def settle(context: Context) -> None:
    """Note that all is computed. What the tracker dates after now is seen by the next compute."""
    connection = context.connection
    remember(connection, SHARED, context.reach.inputs)
    forget_stale(connection)
    mark_stale_where(connection, select(issues.c.issue_id).where(issues.c.updated_at > context.now))


METRIC = Metric(name="reached", depends_on=("sprints", "statuses"), compute=mark_reached)
"""Finds the issues whose rows are to be renewed."""


def _json(value: Any) -> str:  # noqa: ANN401 - settings of any shape
    plain = msgspec.to_builtins(value, enc_hook=str, order="sorted")
    return msgspec.json.encode(plain, order="sorted").decode()


def _hash(value: Any) -> str:  # noqa: ANN401 - rows or settings
    return hashlib.sha256(_json(value).encode()).hexdigest()[:16]
