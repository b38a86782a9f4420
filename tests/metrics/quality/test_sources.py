"""Checks of sources, statuses and versions: each finds the flaw that it is for, and nothing without it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from warehouse.records import Status
from warehouse.runs import RunEnd, begin_run, end_run, mark_synced


def a_run(company: Any, stream: str, hour: float, outcome: str, error: str | None = None) -> None:
    start = instant(company, hour)
    with company.engine.begin() as connection:
        run = begin_run(connection, f"run {hour}", "acme", stream, start)
        if outcome != "running":
            end = RunEnd(outcome=outcome, requests=0, retries=0, rows_read=0, rows_written=0, error=error)
            end_run(connection, run, end, start)


def instant(company: Any, hour: float) -> datetime:
    ((created,),) = company.rows("issues", "created_at", issue_id="acme:1")
    assert created == 0
    return datetime.fromisoformat("2026-03-02T00:00:00+00:00") + timedelta(hours=hour)


def synced(company: Any, source_id: str, hour: float) -> None:
    with company.engine.begin() as connection:
        mark_synced(connection, source_id, instant(company, hour))


def test_a_source_that_never_was_complete_is_told(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1))
    synced(company, "acme", 5)
    assert found(company, "source_never_synced") == {"ado": "ado has no complete sync"}


@pytest.mark.parametrize(("now", "is_found"), [(31, False), (31.1, True)])
def test_a_sync_older_than_26_hours_is_told(company: Any, life: Any, found: Any, now: float, is_found: bool) -> None:  # noqa: FBT001
    company.now = now
    company.holds(life(1))
    synced(company, "acme", 5)
    told = {"acme": "the last complete sync of acme began at 2026-03-02 05:00 UTC"}
    assert found(company, "sync_is_stale") == (told if is_found else {})


def test_a_stream_whose_last_run_failed_is_told(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1))
    a_run(company, "issues", 1, "failed", "too slow")
    a_run(company, "issues", 2, "failed", "refused")
    a_run(company, "boards", 1, "failed", "refused")
    a_run(company, "boards", 2, "done")
    a_run(company, "users", 2, "running")
    assert found(company, "stream_failed") == {"acme": "issues of acme, begun at 2026-03-02 02:00 UTC, failed: refused"}


def test_each_failed_stream_has_a_row_until_a_later_sync_is_complete(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1))
    a_run(company, "issues", 1, "interrupted")
    a_run(company, "boards", 1, "failed", "refused")
    company.computes("data_quality")
    ids = company.rows("data_quality", "data_quality_id", check_name="stream_failed")
    assert ids == [("stream_failed:acme:boards",), ("stream_failed:acme:issues",)]
    synced(company, "acme", 3)
    assert found(company, "stream_failed") == {}


def test_a_status_that_says_no_stage_is_told_when_issues_are_in_it(company: Any, life: Any, found: Any) -> None:
    def status(number: int, category: str | None) -> Status:
        names = {"name": f"S{number}", "source_id": "acme", "project_id": None, "issue_type": None}
        return Status(status_id=f"acme:{number}", category=category, **names)

    inside = [life(number, others={"status_id": f"acme:{place}"}) for number, place in ((1, 91), (2, 92), (3, 92))]
    gone = life(4, others={"status_id": "acme:91", "absence": "deleted"})
    company.holds(status(91, "undefined"), status(92, None), status(93, None), *inside, gone, life(5))
    assert found(company, "status_without_stage") == {
        "acme:91": "'S91' has category undefined; 1 issues are in it",
        "acme:92": "'S92' has no category; 2 issues are in it",
    }


def test_a_release_without_a_day_is_told(company: Any, version: Any, found: Any) -> None:
    company.holds(
        version(1, is_released=True),
        version(2, is_released=True, released_on=date(2026, 3, 1)),
        version(3, is_released=False),
        version(4, is_released=True, is_archived=True),
    )
    assert found(company, "released_without_day") == {"acme:1": "'1.0' of PAY is released, on no day"}
