"""Sources are synced side by side: one that fails stops no other, and what is broken off is committed or not at all."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import Engine, func, select

from connectors.base import Page, Progress, Stream
from connectors.jira.connector import JiraConnector
from flowmart.config import Config
from flowmart.sources import connector
from flowmart.syncing.job import Job, side_by_side
from flowmart.syncing.sync_source import SourceReport, sync_source
from tests.flowmart.scripted import NOW, Heard, Night, Scripted, a_job, a_run, an_issue, failing
from warehouse.bookmarks import read_bookmark
from warehouse.records import Source
from warehouse.tables.loaded import issues, sources
from warehouse.tables.operational import leases, sync_runs


def call(job: Job, name: str, source: Scripted) -> Callable[[], SourceReport]:
    return partial(sync_source, job, a_run(name=name), source)


def outcomes(engine: Engine) -> dict[tuple[str, str], str]:
    with engine.connect() as connection:
        rows = connection.execute(select(sync_runs.c.source_id, sync_runs.c.stream, sync_runs.c.outcome))
        return {(row.source_id, row.stream): row.outcome for row in rows}


def test_a_source_that_fails_stops_no_other_and_reports_come_in_order(warehouse: Engine) -> None:
    fine, broken = Scripted(issues={1: "PAY"}), Scripted(more=[Stream("extra", failing)])
    with a_job(warehouse, Heard()) as job:
        reports = side_by_side([call(job, "b", broken), call(job, "acme", fine)], job)
    assert [(report.name, report.ok, report.error) for report in reports] == [
        ("b", False, "the tracker is away"),
        ("acme", True, None),
    ]
    found = outcomes(warehouse)
    assert (found["b", "extra"], found["acme", "census"]) == ("failed", "done")
    assert ("b", "census") not in found
    with warehouse.connect() as connection:
        assert read_bookmark(connection, "b", "extra") == "half"


def test_sources_run_at_the_same_time_and_write_one_after_the_other(warehouse: Engine) -> None:
    """Each waits within its stream until the other is there too: one after the other would never end."""
    together = threading.Barrier(2, timeout=120)

    def pages(name: str, _: str | None) -> Iterator[Page]:
        for number in range(20):
            together.wait()
            row = an_issue(number, issue_id=f"{name}:{number}", source_id=name)
            yield Page(records=[row], bookmark=str(number))

    def source(name: str) -> Scripted:
        return Scripted(more=[Stream("many", partial(pages, name))], listed=[])

    with a_job(warehouse, Heard()) as job:
        reports = side_by_side([call(job, name, source(name)) for name in ("a", "b")], job)
    assert [report.error for report in reports] == [None, None]
    with warehouse.connect() as connection:
        counted = connection.execute(select(issues.c.source_id, func.count()).group_by(issues.c.source_id))
        assert {name: number for name, number in counted} == {"a": 20, "b": 20}  # noqa: C416


def test_a_defect_in_one_source_is_raised_when_the_others_are_done(warehouse: Engine) -> None:
    def defect(_: str | None) -> Iterator[Page]:
        yield from ()
        raise KeyError("a defect")

    with a_job(warehouse, Heard()) as job, pytest.raises(KeyError, match="a defect"):
        side_by_side(
            [call(job, "b", Scripted(more=[Stream("extra", defect)])), call(job, "acme", Scripted(issues={1: "PAY"}))],
            job,
        )
    assert outcomes(warehouse)["b", "extra"] == "failed"
    assert outcomes(warehouse)["acme", "census"] == "done"


def test_what_is_broken_off_is_noted_and_commits_nothing_more(warehouse: Engine) -> None:
    """Ctrl-C comes to the main thread while a source waits for its tracker; the page that comes then is dropped."""
    may_answer, ended = threading.Event(), threading.Event()

    def slow(_: str | None) -> Iterator[Page]:
        try:
            yield Page(records=[an_issue(1)], bookmark="one")
            _thread.interrupt_main()
            may_answer.wait(30)
            yield Page(records=[an_issue(2)], bookmark="two")
        finally:
            ended.set()

    with a_job(warehouse, Heard()) as job, pytest.raises(KeyboardInterrupt):
        side_by_side([call(job, "acme", Scripted(more=[Stream("slow", slow)]))], job)
    assert outcomes(warehouse)["acme", "slow"] == "interrupted"
    may_answer.set()
    assert ended.wait(30)
    with warehouse.connect() as connection:
        assert connection.execute(select(issues.c.issue_id)).scalars().all() == ["acme:1"]
        assert read_bookmark(connection, "acme", "slow") == "one"
        assert connection.execute(select(leases)).all() == []
    assert outcomes(warehouse)["acme", "slow"] == "interrupted"


def test_a_transaction_that_fails_leaves_the_writer_free(warehouse: Engine) -> None:
    with a_job(warehouse, Heard()) as job:
        with pytest.raises(ZeroDivisionError), job.writing():
            raise ZeroDivisionError
        with job.writing() as connection:
            assert connection.execute(select(func.count()).select_from(sources)).scalar() == 0


def counted(*progress: Progress | None, problems: tuple[str, ...] = ()) -> Stream:
    """A stream that tells how far it is."""
    return Stream("counted", lambda _: iter([Page(progress=one, problems=problems) for one in progress]))


@pytest.mark.parametrize(
    ("stream", "expected", "received"),
    [
        (counted(Progress(done=0, total=9), Progress(done=10, total=10)), 10, 10),
        (counted(Progress(done=5), None), None, 5),
        (counted(None), None, None),
        (counted(Progress(done=96, total=100)), 100, 96),
    ],
)
def test_a_stream_notes_what_was_expected_and_what_came(
    warehouse: Engine, stream: Stream, expected: int | None, received: int | None
) -> None:
    night = Night(warehouse, Scripted(more=[stream]))
    assert night.sync().ok
    run = night.run_of("counted")
    assert (run.expected, run.received) == (expected, received)


def test_a_stream_that_is_clearly_short_without_a_reason_is_a_problem(warehouse: Engine) -> None:
    night = Night(warehouse, Scripted(more=[counted(Progress(done=90, total=100))]))
    report = night.sync()
    assert report.problems[0].startswith("counted: 90 of 100 came")
    assert night.events.problems == list(report.problems)
    assert night.noted().last_synced_at is None


def test_a_stream_that_says_why_it_is_short_is_not_told_of_twice(warehouse: Engine) -> None:
    short = counted(Progress(done=90, total=100), problems=("project X is not to be seen",))
    report = Night(warehouse, Scripted(more=[short])).sync()
    assert report.problems == ("project X is not to be seen",)


def test_requests_in_flight_may_be_told_for_one_call() -> None:
    source = {"type": "jira", "url": "https://acme.example", "token": "t0ken"}
    config = Config.model_validate({"sources": {"acme": source}, "sync": {"max_in_flight": 4}})
    for told, used in ((None, 4), (16, 16)):
        made = connector(config, "acme", recall=lambda _: {}, now=NOW, max_in_flight=told)
        assert isinstance(made, JiraConnector)
        assert made._http.settings.max_in_flight == used
        made.close()


def test_a_look_back_takes_no_bookmark_and_moves_none(warehouse: Engine) -> None:
    seen: list[str | None] = []

    def pages(bookmark: str | None) -> Iterator[Page]:
        seen.append(bookmark)
        yield Page(records=[Source(source_id="acme", kind="jira_cloud", url="x")], bookmark=str(len(seen)))

    night = Night(warehouse, Scripted(more=[Stream("extra", pages)]))
    for run in ({}, {"reads_bookmarks": False}, {}, {"full": True}, {}):
        night.sync(**run)
    assert seen == [None, None, "1", None, "4"]
