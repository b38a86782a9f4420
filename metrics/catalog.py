"""All metrics in the order of computing, and the calls that compute them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version

import msgspec
from sqlalchemy import Connection, Table, delete, func, select

from metrics import (
    calendar,
    cycle_time,
    defects,
    escape,
    facts,
    issue_columns,
    sprint_windows,
    sprints,
    stages,
    throughput,
    velocity,
)
from metrics.base import Context, Metric
from metrics.settings import MetricSettings
from warehouse.tables.computed import definitions

METRICS: tuple[Metric, ...] = (
    sprint_windows.METRIC,
    stages.METRIC,
    issue_columns.METRIC,
    calendar.METRIC,
    facts.METRIC,
    cycle_time.METRIC,
    throughput.METRIC,
    sprints.METRIC,
    velocity.METRIC,
    defects.METRIC,
    escape.METRIC,
)

_CLASSIFYING = (issue_columns.METRIC.name,)


def compute(
    connection: Connection, settings: MetricSettings, now: datetime, names: Sequence[str] = ()
) -> Mapping[str, int]:
    """Compute the named metrics and what they stand on (all by default) in the caller's transaction.

    Returns the rows of each computed table. Raises `KeyError` for a name that no metric has.
    """
    context = Context(connection=connection, settings=settings, now=now)
    rows: dict[str, int] = {}
    for metric in wanted(names):
        metric.compute(context)
        for table in metric.tables:
            rows[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
            _define(connection, table, settings, now)
    return rows


def classify(connection: Connection, settings: MetricSettings, now: datetime) -> None:
    """Fill what `statuses`, `sprints` and `issues` derive from the config, and nothing else."""
    compute(connection, settings, now, _CLASSIFYING)


def wanted(names: Sequence[str]) -> list[Metric]:
    """The named metrics with all that they depend on, in the order of computing."""
    by_name = {metric.name: metric for metric in METRICS}
    needed: set[str] = set()
    waiting = list(names or by_name)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(by_name[name].depends_on)
    return [metric for metric in METRICS if metric.name in needed]


def _define(connection: Connection, table: Table, settings: MetricSettings, now: datetime) -> None:
    """Note in `definitions` which rules and which code a table was computed with."""
    text = msgspec.json.encode(msgspec.to_builtins(settings, enc_hook=str, order="sorted"), order="sorted").decode()
    connection.execute(delete(definitions).where(definitions.c.table_name == table.name))
    connection.execute(
        definitions.insert().values(
            table_name=table.name,
            as_of=now,
            code_version=version("flowmart"),
            settings_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
            settings=text,
        )
    )
