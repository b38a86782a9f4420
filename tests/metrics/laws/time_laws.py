"""Laws 1 and 2: where the time of an issue goes, counted again from the intervals and from the script itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tests.metrics.laws.found import Found, Row
from tests.metrics.laws.histories import Told, value_at
from tests.metrics.laws.scripts import Life, at


def stays_cover_lives(found: Found) -> None:
    """Law 1: the stays of an issue cover [created_at, now) without gap or overlap, each in a stage or in none."""
    assert found.stays.keys() == {issue["issue_id"] for issue in found.issues}
    for issue in found.issues:
        own = found.stays[issue["issue_id"]]
        assert own[0]["entered_at"] == issue["created_at"]
        assert own[-1]["left_at"] is None
        assert own[-1]["entered_at"] <= found.now
        assert all(one["left_at"] == other["entered_at"] >= one["entered_at"] for one, other in pairwise(own))
        assert all(stay["seconds"] == _seconds(stay) for stay in own)
        assert {stay["stage"] for stay in own} <= {"todo", "in_progress", "done", "removed", None}


def _seconds(stay: Row) -> float | None:
    return None if stay["left_at"] is None else (stay["left_at"] - stay["entered_at"]).total_seconds()


def _told_moments(found: Found) -> Iterator[tuple[Life, Told, float, datetime]]:
    """Issues whose history is whole, and each hour at which something happened to them by now."""
    held = {issue["issue_id"] for issue in found.issues}
    for life in found.company.lives:
        if life.gaps or life.absence[1] is not None or f"{life.source_id}:{life.number}" not in held:
            continue
        told = Told(life, found.company.epoch, life.steps, math.inf)
        for hour in {life.created, *(step.hour for step in life.steps if step.hour > life.created)}:
            moment = at(found.company, hour)
            if moment <= found.now:
                yield life, told, hour, moment


def stays_say_what_happened(found: Found) -> None:
    """At any instant an issue is in the status that its last step by then left it in."""
    for life, told, hour, moment in _told_moments(found):
        own = found.stays[f"{life.source_id}:{life.number}"]
        last = [stay for stay in own if stay["entered_at"] <= moment][-1]
        assert last["status"].replace("In Review", "Review") == value_at(told, "status", hour)


def blocked_when_told(found: Found) -> None:
    """An issue is blocked exactly while a flag, a label, a status or a link says so."""
    workflow = found.settings.workflow
    renamed = found.company.statuses[1] == 1
    with_links = {tie.other for tie in found.company.ties if tie.link_type == "Blocks" and workflow.blocked_by_links}
    for life, told, hour, moment in _told_moments(found):
        if life.source_id != "acme":
            continue
        status = value_at(told, "status", hour)
        in_status = status == "Parked" or (status == "Review" and renamed)
        expected = bool(
            value_at(told, "flagged", hour)
            or (workflow.blocked_labels and "blocked" in value_at(told, "labels", hour))
            or (workflow.blocked and in_status)
        )
        own = found.blocked.get(f"acme:{life.number}", ())
        is_blocked = any(_is_within(stretch, moment) for stretch in own)
        assert is_blocked == expected or (is_blocked and life.number in with_links)


def _is_within(stretch: Row, moment: datetime) -> bool:
    return stretch["entered_at"] <= moment and (stretch["left_at"] is None or moment < stretch["left_at"])


def time_in_progress_adds_up(found: Found) -> None:
    """Law 2: active + waiting + blocked = in_progress time within [started_at, finished_at or now)."""
    for flow in found.lab.rows("issue_flow"):
        parts = [flow[f"{name}_seconds"] for name in ("active", "waiting", "blocked")]
        if flow["started_at"] is None:
            assert parts == [None, None, None]
            continue
        until = flow["finished_at"] or found.now
        active, waiting, blocked = _recount(found, flow["issue_id"], flow["started_at"], until)
        assert parts == [active.total_seconds(), waiting.total_seconds(), blocked.total_seconds()]
        whole = active + waiting + blocked
        assert flow["flow_efficiency"] in {None, whole and active / whole}


def _recount(found: Found, issue_id: str, begin: datetime, end: datetime) -> Sequence[timedelta]:
    """Active, waiting and blocked time in progress between two instants, from one instant of change to the next."""
    stays, stretches = found.stays[issue_id], found.blocked.get(issue_id, ())
    marks = {begin, end}
    for row in (*stays, *stretches):
        marks.update(moment for moment in (row["entered_at"], row["left_at"]) if moment and begin < moment < end)
    sums = [timedelta(), timedelta(), timedelta()]
    for one, other in pairwise(sorted(marks)):
        stay = next(stay for stay in stays if _is_within(stay, one))
        if stay["stage"] == "in_progress":
            is_blocked = any(_is_within(stretch, one) for stretch in stretches)
            sums[2 if is_blocked else 1 if stay["is_waiting"] else 0] += other - one
    return sums
