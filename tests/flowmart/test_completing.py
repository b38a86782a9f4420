"""The shell offers commands, options and the names that there are; it hears nothing of what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flowmart.cli import main

CONFIG = """
[sources.acme]
type = "jira"
[sources.legacy]
not_even = "valid"
[exports.bi]
[exports.board]
"""
Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """What bash is offered for the last word of a line."""
    (tmp_path / "flowmart.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "broken.toml").write_text("[sources", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLOWMART_CONFIG", raising=False)
    monkeypatch.setenv("_FLOWMART_COMPLETE", "complete_bash")

    def completing(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        with pytest.raises(SystemExit) as ended:
            main([], os.environ)
        printed = capsys.readouterr()
        assert (ended.value.code, printed.err) == (0, "")
        return printed.out.split()

    return completing


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("flowmart st", ["status"]),
        ("flowmart sync --f", ["--full"]),
        ("flowmart sync ", ["acme", "legacy"]),
        ("flowmart sync le", ["legacy"]),
        ("flowmart reconcile acme l", ["legacy"]),
        ("flowmart export b", ["bi", "board"]),
        ("flowmart export --format p", ["parquet", "powerbi"]),
        ("flowmart export --table sprint_i", ["sprint_issues"]),
        ("flowmart compute through", ["throughput"]),
        ("flowmart explain --metric vel", ["velocity_trend"]),
        ("flowmart -c broken.toml sync ", []),
        ("flowmart -c nowhere.toml sync ", []),
    ],
)
def test_names_that_begin_so_are_offered(complete: Complete, line: str, offered: list[str]) -> None:
    assert complete(line) == offered
