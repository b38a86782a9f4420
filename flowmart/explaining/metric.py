"""The metrics that `--metric` takes apart, and the page of one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flowmart.errors import UsageError
from flowmart.explaining.asking import Ask, group_of, period_of, require_period
from flowmart.explaining.defects import explain_escape
from flowmart.explaining.finished import explain_cycle_time, explain_throughput
from flowmart.explaining.in_progress import explain_aging, explain_daily
from flowmart.explaining.quality import explain_quality
from flowmart.explaining.reading import Source, freshness
from flowmart.explaining.shapes import MetricPage, RowPart
from flowmart.explaining.trends import trends_of
from flowmart.naming import meant
from warehouse.tables import table

_WEEKLY = ("week", "month")
OF_SPRINTS = ("sprint_metrics", "velocity_trend")
"""Metrics that need a sprint instead of a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A metric that can be taken apart: the tables behind it, and the kinds of periods it has."""

    says: str
    kinds: Sequence[str]
    behind: Sequence[str]
    explain: Callable[[Ask], Sequence[RowPart]]


EXPLAINED: Mapping[str, Explained] = {
    "cycle_time_trend": Explained(
        says="cycle times of the issues finished in the period; percentiles interpolate between neighbours",
        kinds=_WEEKLY,
        behind=("issue_flow",),
        explain=explain_cycle_time,
    ),
    "throughput": Explained(
        says="issues and points delivered in the period",
        kinds=_WEEKLY,
        behind=("issue_flow",),
        explain=explain_throughput,
    ),
    "daily_flow": Explained(
        says="issues in each status at the end of a local day, all levels; project, board and type as of now",
        kinds=("day",),
        behind=("status_intervals", "issue_flow"),
        explain=explain_daily,
    ),
    "wip_aging": Explained(
        says="issues in progress now, and how old they are", kinds=(), behind=("issue_flow",), explain=explain_aging
    ),
    "defect_escape": Explained(
        says="how many of the classified defects escaped; rate = escaped ÷ (escaped + internal)",
        kinds=_WEEKLY,
        behind=("defects",),
        explain=explain_escape,
    ),
    "defect_quality": Explained(
        says="reopenings, time to resolve, open defects, and defects per delivered work",
        kinds=_WEEKLY,
        behind=("defects", "issue_flow"),
        explain=explain_quality,
    ),
}
"""Metric → how it is taken apart."""
KNOWN = tuple(sorted([*EXPLAINED, *OF_SPRINTS]))
"""The metrics that can be taken apart."""


def require_known(name: str) -> None:
    """Raise `UsageError`, with the names that there are, for a metric that cannot be taken apart."""
    if name in KNOWN:
        return
    raise UsageError(f"--metric: there is no {name!r} to explain{meant([name], KNOWN)}")


def metric_page(
    source: Source,
    name: str,
    *,
    period: str | None = None,
    project: str | None = None,
    board: str | None = None,
    issue_type: str | None = None,
) -> MetricPage:
    """The rows of a metric taken apart. Raises `UsageError` for names and periods that there are not."""
    explained = EXPLAINED[name]
    if not explained.kinds and period is not None:
        raise UsageError(f"--period: {name} is as of now and has no periods")
    asked = period_of(period, kinds=explained.kinds) if explained.kinds else None
    group = group_of(source, project, board, issue_type)
    if name not in source.definitions:
        raise UsageError(f"{name} was never computed here: run `flowmart compute`")
    if asked is not None:
        require_period(source, table(name), asked)
    ask = Ask(source=source, period=asked, group=group)
    return MetricPage(
        metric=name,
        says=explained.says,
        period=None if asked is None else asked.name,
        first_on=None if asked is None else asked.first_on,
        last_on=None if asked is None else asked.last_on,
        group=group.says,
        freshness=freshness(source, name, *explained.behind),
        rows=tuple(explained.explain(ask)),
        trends=trends_of(name, ask),
    )
