"""Makes the rows of `data_quality` that come from computing; those of `reconcile` stay as they are."""

from __future__ import annotations

from itertools import chain

from metrics import facts
from metrics.base import Context, Metric
from metrics.quality.checks import OVERALL_CHECKS
from metrics.quality.issues import renew_issue_findings
from metrics.quality.projects import project_findings
from metrics.quality.sources import source_findings
from metrics.quality.sprints import sprint_findings
from warehouse.findings import renew_findings


def _compute(context: Context) -> None:
    renew_issue_findings(context)
    overall = chain(source_findings(context), sprint_findings(context), project_findings(context))
    renew_findings(context.connection, OVERALL_CHECKS.keys(), overall, context.now)


METRIC = Metric(
    name="data_quality",
    depends_on=("issues", "flow", "sprint_metrics", "defects"),
    reads=facts.METRIC.reads,  # whenever all issues are renewed, all are checked; the other checks are made in full
    compute=_compute,
)
"""Fills `data_quality`, beside what the facts pass finds in histories and what `reconcile` finds."""
