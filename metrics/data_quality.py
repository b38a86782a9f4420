"""Makes the rows of `data_quality` that come from computing; those of `reconcile` stay as they are."""

from __future__ import annotations

from itertools import chain

from metrics.base import Context, Metric
from metrics.facts import replaying as facts
from metrics.quality.checks import OVERALL_CHECKS
from metrics.quality.issues import renew_issue_findings
from metrics.quality.progress import progress_findings
from metrics.quality.projects import project_findings
from metrics.quality.sources import source_findings
from metrics.quality.sprints import sprint_findings
from warehouse.findings import renew_findings


def _compute(context: Context) -> None:
    renew_issue_findings(context)
    makers = (source_findings, sprint_findings, project_findings, progress_findings)
    overall = chain.from_iterable(make(context) for make in makers)
    renew_findings(context.connection, OVERALL_CHECKS.keys(), overall, context.now)


METRIC = Metric(
    name="data_quality",
    depends_on=("issues", "flow", "sprint_metrics", "defects", "wip_aging"),
    reads=facts.METRIC.reads,  # whenever all issues are renewed, all are checked; the other checks are made in full
    compute=_compute,
)
"""Fills `data_quality`, beside what the facts pass finds in histories and what `reconcile` finds."""
