"""The nightly job names the sources that are not whole, and only those."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.progress import LoggedEvents
from flowmart.run import RunReport, require_whole, run_once
from flowmart.syncing.sync_source import SourceReport

NOW = datetime(2026, 10, 2, tzinfo=UTC)


def source(name: str, error: str | None = None, problems: tuple[str, ...] = ()) -> SourceReport:
    return SourceReport(name=name, error=error, problems=problems, streams=())


def test_whole_sources_are_no_failure() -> None:
    require_whole([source("a"), source("b")])
    RunReport().require_success()


def test_a_failure_names_the_source_the_reason_and_who_is_fine() -> None:
    with pytest.raises(JobFailed) as failed:
        require_whole([source("a", error="refused"), source("b"), source("c", problems=("no project X",))])
    assert str(failed.value) == "a: refused; c: no project X (synced: b)"


def test_a_dataset_that_was_not_refreshed_ends_a_run_whose_sources_are_whole() -> None:
    with pytest.raises(JobFailed, match=r"^exports\.bi\.refresh: refused$"):
        RunReport(not_refreshed=["exports.bi.refresh: refused"]).require_success()


def test_of_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    with pytest.raises(JobFailed) as failed:
        require_whole([source("a", error="refused", problems=("1", "2", "3", "4"))])
    assert str(failed.value) == "a: refused; 1; 2; and 2 more"


def test_a_step_that_there_is_not_is_refused() -> None:
    config = Config.model_validate({"sources": {"a": {"type": "jira", "url": "https://x.example", "token": "t"}}})
    with pytest.raises(ValueError, match="'alert' is none of run, sync, compute, export, report"):
        run_once(config, "alert", events=LoggedEvents(), now=NOW, run_id="r")
