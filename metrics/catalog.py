"""All metrics in the order of computing, and the calls that compute them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from metrics import calendar, data_quality, issue_columns, outdated
from metrics.base import Context, Metric
from metrics.defects import defect_quality, defects, escape
from metrics.facts import replaying as facts
from metrics.history import sprint_windows, stages
from metrics.settings import MetricSettings
from metrics.sprints import sprint_days, velocity
from metrics.sprints import sprint_metrics as sprints
from metrics.trends import cycle_time, daily_flow, throughput, wip_aging
from warehouse.tables.computed import definitions

METRICS: tuple[Metric, ...] = (
    sprint_windows.METRIC,
    stages.METRIC,
    outdated.METRIC,
    issue_columns.METRIC,
    calendar.METRIC,
    facts.METRIC,
    cycle_time.METRIC,
    wip_aging.METRIC,
    throughput.METRIC,
    daily_flow.METRIC,
    sprints.METRIC,
    sprint_days.METRIC,
    velocity.METRIC,
    defects.METRIC,
    escape.METRIC,
    defect_quality.METRIC,
    data_quality.METRIC,
)

_CLASSIFYING = (issue_columns.METRIC.name,)


def compute(
    connection: Connection,
    settings: MetricSettings,
    now: datetime,
    names: Sequence[str] = (),
    *,
    full: bool = False,
    begins: Callable[[str, int, int], None] = lambda *_: None,
    metrics: Sequence[Metric] = METRICS,
) -> Mapping[str, int]:
    """Bring the named metrics and what they stand on (all by default) up to date in the caller's transaction.

    `begins` is told the name of each metric that begins, which one it is (from 1), and of how many. `metrics` are all
    that there are, in the order of computing.

    Only what changed since the last compute is renewed, or everything if `full`: the rows are the same. Returns the
    rows of each computed table. Raises `KeyError` for a name that no metric has.
    """
    chosen = wanted(names, metrics)
    known = {} if full or _is_from_later(connection, now) else outdated.inputs_known(connection, outdated.METRICS)
    anew = out_of_date(known, settings, metrics)
    compares = any(metric.name not in anew for metric in metrics if metric.tables)
    context = Context(connection=connection, settings=settings, now=now, compares=compares)
    with _uncollected():
        for number, metric in enumerate(chosen, 1):
            begins(metric.name, number, len(chosen))
            metric.compute(replace(context, everything=metric.name in anew))
    _define(chosen, context)
    outdated.remember(connection, outdated.METRICS, _still_valid(known, settings, chosen, metrics))
    if len(chosen) == len(metrics):
        outdated.settle(context)
    return _row_counts(connection, [table for metric in chosen for table in metric.tables])


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of rings of objects away: rows by the million hold none, and looking costs a quarter more."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def out_of_date(
    known: Mapping[str, str], settings: MetricSettings, metrics: Sequence[Metric] = METRICS
) -> frozenset[str]:
    """The metrics that are computed as a whole: those whose rules or code differ from the fingerprints known."""
    return frozenset(
        metric.name
        for metric in metrics
        if known.get(f"metric:{metric.name}") != outdated.fingerprint(metric, settings)
    )


def _still_valid(
    known: Mapping[str, str], settings: MetricSettings, chosen: Sequence[Metric], metrics: Sequence[Metric]
) -> Mapping[str, str]:
    """The fingerprints to keep: a metric that was left out although what it stands on was renewed has none."""
    renewed = {metric.name for metric in chosen if metric.tables}
    behind = {metric.name for metric in metrics if renewed & {one.name for one in wanted([metric.name], metrics)}}
    kept = {name: value for name, value in known.items() if name.removeprefix("metric:") not in behind}
    return {**kept, **{f"metric:{metric.name}": outdated.fingerprint(metric, settings) for metric in chosen}}


def _is_from_later(connection: Connection, now: datetime) -> bool:
    """Whether tables were computed as of a later instant than now."""
    last = connection.scalar(select(func.max(definitions.c.as_of)))
    return last is not None and last > now


def classify(connection: Connection, settings: MetricSettings, now: datetime) -> None:
    """Fill what `statuses`, `sprints` and `issues` derive from the config, and nothing else."""
    context = Context(connection=connection, settings=settings, now=now)
    known = outdated.inputs_known(connection, outdated.METRICS)
    for metric in wanted(_CLASSIFYING):
        is_current = known.get(f"metric:{metric.name}") == outdated.fingerprint(metric, settings)
        metric.compute(replace(context, everything=not is_current))


def wanted(names: Sequence[str], metrics: Sequence[Metric] = METRICS) -> list[Metric]:
    """The named metrics with all that they depend on, in the order of computing."""
    by_name = {metric.name: metric for metric in metrics}
    needed: set[str] = set()
    waiting = list(names or by_name)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(by_name[name].depends_on)
    return [metric for metric in metrics if metric.name in needed]


def definition_rows(chosen: Sequence[Metric], settings: MetricSettings, now: datetime) -> list[dict[str, Any]]:
    """Rows of `definitions` for the tables of these metrics."""
    return [
        {
            "table_name": table.name,
            "as_of": now,
            "code_version": outdated.code_version(),
            "settings_hash": outdated.fingerprint(metric, settings),
            "settings": outdated.rules_of(metric, settings),
        }
        for metric in chosen
        for table in metric.tables
    ]


def _define(chosen: Sequence[Metric], context: Context) -> None:
    """Note in `definitions` which rules and which code the metrics' tables were computed with."""
    rows = definition_rows(chosen, context.settings, context.now)
    names = [row["table_name"] for row in rows]
    context.connection.execute(delete(definitions).where(definitions.c.table_name.in_(names)))
    if rows:
        context.connection.execute(definitions.insert(), rows)


def _row_counts(connection: Connection, tables: Sequence[Table]) -> Mapping[str, int]:
    if not tables:
        return {}
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables]
    return dict(zip([table.name for table in tables], connection.execute(select(*counts)).one(), strict=True))
