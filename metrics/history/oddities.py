"""What is odd in an issue's history: gaps, statuses never known, changes before its creation or after now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from metrics.base import Finding
from metrics.history.timeline import Change, IssueState, Timeline

_ROUNDED = timedelta(seconds=1)
"""Trackers round the creation of an issue and the times of its changes differently."""
_AHEAD = timedelta(days=1)
"""While a sync runs people go on; only what is later than that is a wrong clock."""


def oddities(
    issue: IssueState, changes: Sequence[Change], timeline: Timeline, gaps: Sequence[str], now: datetime
) -> Iterator[Finding]:
    """The findings of an issue. `gaps` are fields beside those of the timeline whose history misses their value."""
    issue_id = issue.issue_id
    for name in (*timeline.gaps, *gaps):
        yield Finding(check_name="history_gap", issue_id=issue_id, evidence=name)
    if timeline.has_unknown:
        for name in dict.fromkeys(stay[3] for stay in timeline.stays if stay[4] is None):
            yield Finding(check_name="unknown_status", issue_id=issue_id, evidence=name)
    if changes and changes[0][1] < issue.created_at - _ROUNDED:
        said = f"a change of {changes[0][5]} is dated {changes[0][1]:%Y-%m-%d %H:%M:%S} UTC, before the creation at "
        yield Finding(
            check_name="clock_order", issue_id=issue_id, evidence=f"{said}{issue.created_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    if changes and changes[-1][1] > now + _AHEAD:
        said = f"a change of {changes[-1][5]} is dated {changes[-1][1]:%Y-%m-%d %H:%M:%S} UTC, which is to come"
        yield Finding(check_name="changes_after_now", issue_id=issue_id, evidence=said)
