"""Monitoring gets counts and flags by the names of the configuration, and red health when a person should look."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowmart.config import Config
from flowmart.errors import ApplicationError
from flowmart.status import NoticeStatus, RunStatus, SourceStatus, Status, StreamStatus
from flowmart.telling.endpoint import answer, listening
from flowmart.telling.telemetry import NOT_INSTALLED, text, write_file

needs_prometheus = pytest.mark.skipif(
    not any((Path(folder) / "prometheus_client").is_dir() for folder in sys.path),
    reason="prometheus-client comes with the extra `prometheus`",
)

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
AGE = 93_600.0
RUN = RunStatus(
    step="run", run_id="r", outcome="done", due_at=None, started_at=NOW - timedelta(hours=4),
    finished_at=NOW - timedelta(hours=3), holder="h", error=None, changes={"sprints_closed": ["A title"]},
)  # fmt: skip
STREAM = StreamStatus(
    stream="issues", outcome="done", started_at=NOW, finished_at=NOW, rows_read=12, rows_written=12, expected=None,
    received=None, requests=3, retries=1, error="a title",
)  # fmt: skip
SOURCE = SourceStatus(
    source="acme", last_synced_at=NOW - timedelta(hours=4), lag_seconds=14_400.0, is_late=False, streams=(STREAM,)
)
NOTICE = NoticeStatus(kind="failure", text="a title", since=NOW, told_at=None, problem=None)
STATUS = Status(
    now=NOW, warehouse="sqlite:///x.db", revision="1", newest_revision="1", next_runs={"run": NOW}, sources=(SOURCE,),
    runs=(RUN,), notices=(NOTICE,),
)  # fmt: skip


def health(status: Status) -> tuple[int, list[str]]:
    given = answer("/healthz", lambda: status, AGE)
    document = json.loads(given.body)
    assert document["ok"] is (given.code == 200)
    return given.code, document["problems"]


def test_health_is_good_when_the_last_run_was_and_the_data_is_fresh() -> None:
    assert health(STATUS) == (200, [])


def test_health_is_red_when_the_last_run_failed_or_a_source_is_late() -> None:
    assert health(replace(STATUS, runs=(replace(RUN, outcome="failed", error="a title"),))) == (
        503,
        ["the last run failed"],
    )
    late = replace(SOURCE, lag_seconds=100_000.0, is_late=True)
    never = replace(SOURCE, source="beta", lag_seconds=None, is_late=True)
    assert health(replace(STATUS, sources=(late, never))) == (
        503,
        ["acme is 1 d 3 h old (schedule.max_age is 1 d 2 h)", "beta was never completely synced"],
    )


def test_a_step_that_failed_before_the_last_whole_run_is_no_matter_any_more() -> None:
    failed = replace(RUN, step="sync", outcome="failed")
    assert health(replace(STATUS, runs=(RUN, failed))) == (200, [])
    assert health(replace(STATUS, runs=(failed, RUN)))[0] == 503


def test_a_warehouse_that_is_away_is_red_and_its_librarys_words_are_kept() -> None:
    def away() -> Status:
        raise OSError("no route to db.secret.example")

    given = answer("/healthz", away, AGE)
    assert (given.code, json.loads(given.body)["problems"]) == (503, ["the warehouse cannot be read (OSError)"])
    assert answer("/metrics", away, AGE).code == 503


def test_other_paths_are_not_there() -> None:
    assert answer("/", lambda: STATUS, AGE).code == 404


@needs_prometheus
def test_metrics_name_sources_streams_and_steps_and_nothing_else() -> None:
    told = text(STATUS).decode()
    synced = next(line for line in told.splitlines() if line.startswith("flowmart_source_last_sync_timestamp_seconds{"))
    assert float(synced.partition('{source="acme"} ')[2]) == (NOW - timedelta(hours=4)).timestamp()
    assert 'flowmart_source_late{source="acme"} 0.0' in told
    assert 'flowmart_stream_rows{source="acme",stream="issues"} 12.0' in told
    assert 'flowmart_run_success{step="run"} 1.0' in told
    assert 'flowmart_run_duration_seconds{step="run"} 3600.0' in told
    assert 'flowmart_notices_untold{kind="failure"} 1.0' in told
    assert "title" not in told
    assert "x.db" not in told


@needs_prometheus
def test_the_endpoint_answers_while_the_block_runs_and_a_port_that_is_taken_is_one_line() -> None:
    with listening(("127.0.0.1", 0), lambda: STATUS, AGE) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics?x=1", timeout=60) as given:
            assert given.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"flowmart_source_late" in given.read()
        with (
            pytest.raises(ApplicationError, match=rf"^telemetry.listen: 127.0.0.1:{port}: .*; choose another port$"),
            listening(("127.0.0.1", port), lambda: STATUS, AGE),
        ):
            pass
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60)


def config(folder: Path, file: str) -> Config:
    source = {"type": "jira", "url": "https://x.example", "token": "t0ken"}
    return Config.model_validate(
        {"sources": {"acme": source}, "telemetry": {"prometheus_file": file}}, context={"folder": folder}
    )


@needs_prometheus
def test_the_text_file_is_written_in_one_step_beside_the_configuration(tmp_path: Path) -> None:
    assert write_file(config(tmp_path, "flowmart.prom"), NOW) == []
    assert 'flowmart_source_late{source="acme"} 1.0' in (tmp_path / "flowmart.prom").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["flowmart.prom"]


@needs_prometheus
def test_a_text_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (told,) = write_file(config(tmp_path, "nowhere/flowmart.prom"), NOW)
    assert told == f"telemetry.prometheus_file: {tmp_path}/nowhere/flowmart.prom: No such file or directory"


def test_without_the_extra_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert write_file(config(tmp_path, "flowmart.prom"), NOW) == [NOT_INSTALLED]
    assert answer("/metrics", lambda: STATUS, AGE).body.decode().strip() == NOT_INSTALLED
    assert health(STATUS) == (200, [])
