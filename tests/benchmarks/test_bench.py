"""The benchmarks on a tiny site: every part runs and prints its lines. What they take is not judged here."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks import compute, export
from benchmarks.__main__ import main
from benchmarks.measuring import Measured, WorkFailed, measure, measure_here

PARTS = ("pull", "ado", "latency", "memory", "nights")


def lines_of(shown: str, beginning: str) -> list[str]:
    return [line for line in shown.splitlines() if line.strip().startswith(beginning)]


@pytest.mark.thorough
def test_every_part_measures_a_tiny_site(capsys: pytest.CaptureFixture[str]) -> None:
    main([*PARTS, "--issues", "30", "--changed", "5", "--latency-ms", "1", "--no-postgresql"], measure_here)
    shown = capsys.readouterr().out
    assert len(lines_of(shown, "Jira Cloud, ")) == 4
    assert len(lines_of(shown, "Azure DevOps, ")) == 1
    assert [line.split()[1] for line in lines_of(shown, "sqlite: floor")] == ["floor", "floor"]
    assert all("1.00 ×" in line for line in lines_of(shown, "sqlite: floor"))
    assert all(" requests" in line for line in lines_of(shown, "sqlite: pull"))
    assert lines_of(shown, "5 issues changed")


def test_a_compute_is_measured_beside_writing_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    compute.main(["--issues", "20", "--changes", "3", "--rounds", "2"])
    _, full, *floors, night = capsys.readouterr().out.splitlines()
    assert full.endswith(" rows; median of 2")
    assert [line.split("  ")[0].strip() for line in floors[:1]] == ["writing these rows"]
    assert len(floors) == 3
    for line in floors:
        middle, least, most = (float(word) for word in re.findall(r"[\d.]+(?= ×| to|\)$)", line))
        assert 0 < least <= middle <= most
    assert "1 issues changed: " in night


@pytest.mark.thorough
def test_an_export_is_measured_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    export.main(["--issues", "5", "--changes", "3", "--only", "parquet"], measure_here)
    floor, parquet = (line.split("   ") for line in capsys.readouterr().out.splitlines()[2:])
    assert floor[0] == export.FLOOR
    assert "1.00 × the floor" in floor[-1]
    assert parquet[0] == "parquet"
    assert parquet[-1].split(", ", 1)[1].split(" in ")[0] == floor[-1].split(", ", 1)[1].split(" in ")[0]


def test_each_format_has_its_line_and_one_that_is_refused_tells_why(capsys: pytest.CaptureFixture[str]) -> None:
    def tried(work: str, **arguments: Any) -> Measured:
        assert work == "benchmarks.export:work"
        if arguments["what"] == "xlsx":
            raise WorkFailed("issues: 2,000,000 rows are more than a sheet has")
        helper = 200.0 if arguments["what"] in {"hyper", "tableau"} else 0.0
        told = {"rows": 7, "files": 2, "bytes": 3_000_000, "helper_mb": helper}
        cpu = 2.0 if arguments["what"] == export.FLOOR else 3.0
        return Measured(cpu_seconds=cpu, wall_seconds=4.0, peak_mb=100.0, told=told)

    export.main(["--warehouse", "sqlite://"], tried)
    lines = [line for line in capsys.readouterr().out.splitlines() if "xlsx " in line or " × the floor" in line]
    assert [line[:26].strip() for line in lines] == [export.FLOOR, *export.WORKS]
    assert "xlsx                      issues: 2,000,000 rows are more than a sheet has" in lines
    assert (
        "hyper                          4.0     3.0     100   200   1.50 × the floor, 7 rows in 2 files, 3 MB" in lines
    )


def test_work_that_fails_tells_why() -> None:
    with pytest.raises(WorkFailed, match="there is no such file"):
        measure("benchmarks.work:pull", config="nowhere.toml", now="2026-09-30T18:00:00Z")


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["push"])
    assert "no part named push; there are pull, ado," in capsys.readouterr().err
