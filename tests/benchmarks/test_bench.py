"""The benchmarks on a tiny site: every part runs and prints its lines. What they take is not judged here."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import main
from benchmarks.measuring import WorkFailed, measure, measure_here

PARTS = ("pull", "ado", "latency", "memory", "nights")


def lines_of(shown: str, beginning: str) -> list[str]:
    return [line for line in shown.splitlines() if line.strip().startswith(beginning)]


def test_every_part_measures_a_tiny_site(capsys: pytest.CaptureFixture[str]) -> None:
    main([*PARTS, "--issues", "30", "--changed", "5", "--latency-ms", "1", "--no-postgresql"], measure_here)
    shown = capsys.readouterr().out
    assert len(lines_of(shown, "Jira Cloud, ")) == 4
    assert len(lines_of(shown, "Azure DevOps, ")) == 1
    assert [line.split()[1] for line in lines_of(shown, "sqlite: floor")] == ["floor", "floor"]
    assert all("1.00 ×" in line for line in lines_of(shown, "sqlite: floor"))
    assert all(" requests" in line for line in lines_of(shown, "sqlite: pull"))
    assert lines_of(shown, "5 issues changed")


def test_work_that_fails_tells_why() -> None:
    with pytest.raises(WorkFailed, match="there is no such file"):
        measure("benchmarks.work:pull", config="nowhere.toml", now="2026-09-30T18:00:00Z")


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["push"])
    assert "no part named push; there are pull, ado," in capsys.readouterr().err
