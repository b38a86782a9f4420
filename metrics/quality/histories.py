"""Makes rows of `data_quality` of what the facts pass found while it replayed histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metrics import base
from metrics.base import Context
from metrics.quality.checks import HISTORY_CHECKS, finding
from metrics.quality.reading import keys_of
from warehouse.findings import Finding, renew_findings

_SENTENCES: Mapping[str, str] = {
    "history_gap": "{key}: the history of {evidence} does not end in the current value",
    "unknown_status": "{key} was in status '{evidence}'",
    "clock_order": "{key}: {evidence}",
    "changes_after_now": "{key}: {evidence}",
}
_SEVERAL_OF_AN_ISSUE = frozenset({"history_gap", "unknown_status"})
"""Checks whose evidence tells several findings of one issue apart: the field, the status."""


def renew_history_findings(context: Context) -> None:
    """Write `reach.findings` of the issues that were renewed; all of them if everything was.

    To be called with the context of the pass that found them: another metric cannot know which issues it renewed.
    """
    found = context.reach.findings
    renewed = None if context.everything else context.reach.issue_ids | {one.issue_id for one in found}
    renew_findings(context.connection, HISTORY_CHECKS.keys(), _findings(context), context.now, renewed)


def _findings(context: Context) -> Iterator[Finding]:
    found = context.reach.findings
    keys = keys_of(context.connection, {one.issue_id for one in found})
    return (_finding(one, keys[one.issue_id]) for one in found if one.issue_id in keys)


def _finding(found: base.Finding, key: str) -> Finding:
    sentence = _SENTENCES[found.check_name].format(key=key, evidence=found.evidence)
    what = found.evidence if found.check_name in _SEVERAL_OF_AN_ISSUE else ""
    return finding(found.check_name, found.issue_id, sentence, what=what)
