"""Elsewhere than on a terminal each row of a table is one line that ends with its last letter."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from flowmart.commands import alerts, status
from flowmart.commands.options import row, table
from flowmart.config import Config, read_config
from flowmart.session import Session
from flowmart.speaking import lay
from flowmart.status import SourceStatus, StreamStatus
from tests.flowmart.conftest import JIRA
from tests.flowmart.test_widths import NOW, SENTENCE, a_session, assert_fits, lines, raw

LONG = f"{SENTENCE}; {SENTENCE}; {SENTENCE}"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read_config(JIRA, tmp_path / "flowmart.toml", {"ACME_TOKEN": "x"})


def test_a_session_of_a_pipe_neither_folds_nor_cuts_nor_fills_up(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    one = {"opened_at": NOW, "closed_at": None, "rule": "old_work", "message": LONG, "issue_id": "acme:1"}
    found = [{**one, "severity": "low", "explain": "flowmart explain acme:1"}]
    alerts._show(Session(environment={}), config, found, with_closed=False)
    told = capsys.readouterr().out.splitlines()
    assert any(line.endswith(LONG) for line in told)
    assert [line for line in told if line != line.rstrip()] == []


def test_a_table_says_the_same_with_and_without_a_terminal() -> None:
    made = table("name", "rows", right=("rows",), title="what there is")
    row(made, "issues", "1,234")
    row(made, "a longer name", None)
    told = []
    for terminal in (True, False):
        console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None)
        lay(console, made)
        assert isinstance(console.file, io.StringIO)
        told.append(console.file.getvalue())
    assert [line.rstrip() for line in told[0].splitlines()] == told[1].splitlines()
    assert told[0] != told[1]


def a_source(received: int, expected: int) -> SourceStatus:
    began = NOW - timedelta(minutes=40)
    stream = StreamStatus(
        stream="sprint reports",
        outcome="partial",
        started_at=began,
        finished_at=NOW,
        rows_read=1_234_567,
        rows_written=1_234_567,
        requests=54_321,
        retries=0,
        received=received,
        expected=expected,
        error=None,
    )
    return SourceStatus(source="acme", last_synced_at=NOW, lag_seconds=60, is_late=False, streams=(stream,))


@pytest.mark.parametrize("width", [80, 100])
def test_status_folds_no_day_and_no_number_of_a_stream(config: Config, width: int) -> None:
    """Where room is short, requests are left out, and only what was received of how much is folded."""
    session = a_session(terminal=True, width=width)
    status._show_source(session, config, a_source(100_000, 120_000))
    if width == 80:
        assert_fits(session)
    told = next(line for line in lines(session) if "sprint reports" in line)
    assert "2026-10-01 23:20" in told
    assert "1,234,567" in told
    assert ("54,321" in told) == (width == 100)
    assert "100,000 of" in " ".join(lines(session))
    assert "\x1b" in raw(session)
