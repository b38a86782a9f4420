"""Compares what the warehouse says of a sprint with the tracker's own report on it, issue by issue. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.base import SprintReport
from warehouse.reconciling import SprintIssue

_IN_TRACKER: Mapping[str, frozenset[str]] = {
    "completed": frozenset({"completed"}),
    "completed_outside": frozenset({"completed"}),
    "carried_over": frozenset({"not completed"}),
    "removed": frozenset({"removed"}),
    "cancelled": frozenset({"completed", "removed"}),  # a tracker's report does not know why something is done
}
"""Our outcome → the words of the tracker's report that agree with it."""


@dataclass(frozen=True, slots=True)
class SprintDifference:
    """An issue on which the two disagree; what each says of it, in words."""

    issue_id: str
    key: str
    tracker: str
    here: str


def differences(
    report: SprintReport, ours: Mapping[str, SprintIssue], known: Mapping[str, tuple[str, str]]
) -> Iterator[SprintDifference]:
    """By issue id. `known`: key and level of the issues that are alive here; of others nothing can be said.

    Sub-tasks are left out: the tracker's report does not tell them one by one.
    """
    theirs = _said(report)
    for issue_id in sorted(theirs.keys() | ours.keys()):
        key, level = known.get(issue_id, ("", "subtask"))
        if level == "subtask":
            continue
        tracker, here = theirs.get(issue_id), ours.get(issue_id)
        if tracker is None or here is None or tracker not in _IN_TRACKER[here.outcome]:
            yield SprintDifference(issue_id, key, tracker or "not in it", _words(here))
        elif _differs_in_joining(report, issue_id, here):
            joined = "added during" if issue_id in report.added_during else "there at the start"
            yield SprintDifference(issue_id, key, joined, "there at the start" if here.is_committed else "added during")


def _said(report: SprintReport) -> Mapping[str, str]:
    parts = (("removed", report.removed), ("not completed", report.not_completed), ("completed", report.completed))
    return {issue_id: word for word, ids in parts for issue_id in ids}


def _words(here: SprintIssue | None) -> str:
    return "not in it" if here is None else here.outcome.replace("_", " ")


def _differs_in_joining(report: SprintReport, issue_id: str, here: SprintIssue) -> bool:
    """Whether it was there at the start; of what never came into scope neither side says so."""
    if not (here.is_committed or here.came_in_later):
        return False
    return (issue_id in report.added_during) == here.is_committed
