"""The command shows pages for people and for programs, at any width, and refuses what does not go together."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flowmart.explaining.given import a_person, bug, by
from tests.metrics.conftest import Company, Life, a_sprint

Explain = Callable[..., Any]


def a_company(site: Company) -> None:
    life = by(Life(1, sprint_ids="36", story_points=3.0).then(24, status="Doing"), "ana")
    life.then(30, status="Review").then(40, status="Done").then(44, status="Doing").then(60, status="Done")
    site.holds(a_sprint(36, 10, 50), a_person("ana"), life, bug(2, "Production"), bug(3, "Test")).computes()


def test_an_issue_is_told_in_order(site: Company, explain: Explain) -> None:
    a_company(site)
    ended = explain("PAY-1")
    assert (ended.code, ended.err) == (0, "")
    places = [
        ended.out.index(f"\n{title}") for title in ("Timeline", "Numbers", "Which metric", "Sprints", "Estimates")
    ]
    assert places == sorted(places)
    for said in (
        "PAY-1  Pay by card",
        "Done (stage done), 3 points",
        "To Do → Doing by Ana",
        "acme:1:1:0",
        "finished 2026-03-04 12:00 UTC − started 2026-03-03 00:00 UTC",
        "the sprint ends: carried over",
        "the issue has not changed since",
    ):
        assert said in ended.out


def test_several_issues_follow_each_other_and_json_is_a_list_of_the_same(site: Company, explain: Explain) -> None:
    a_company(site)
    assert explain("PAY-1", "pay-2").out.count("\nTimeline") == 2
    first, second = json.loads(explain("PAY-1", "pay-2", "--json").out)
    assert (first["head"]["key"], second["head"]["key"]) == ("PAY-1", "PAY-2")
    assert first["timeline"][1]["change"] == {
        "change_id": "acme:1:1:0", "at": "2026-03-03T00:00:00Z", "by": "Ana", "field": "status", "old": "To Do",
        "new": "Doing",
    }  # fmt: skip
    assert second["defect"]["rule"] == "in production"


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize(
    "words",
    [
        ("PAY-1",),
        ("PAY-2",),
        ("--sprint", "Sprint 36"),
        ("--metric", "defect_escape", "--period", "2026-03"),
        ("--metric", "cycle_time_trend", "--period", "2026-W10"),
        ("--metric", "velocity_trend", "--sprint", "Sprint 36"),
    ],
    ids=" ".join,
)
def test_no_page_is_wider_than_the_terminal(
    site: Company, explain: Explain, monkeypatch: pytest.MonkeyPatch, width: int, words: tuple[str, ...]
) -> None:
    a_company(site)
    monkeypatch.setenv("COLUMNS", str(width))
    ended = explain(*words)
    assert ended.code == 0
    assert [line for line in ended.out.splitlines() if len(line) > width] == []
    assert "\x1b" not in ended.out


def test_keys_and_numbers_are_whole_at_80_columns(
    site: Company, explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_company(site)
    monkeypatch.setenv("COLUMNS", "80")
    out = explain("--sprint", "Sprint 36").out
    assert "checked: 25 figures, each is what the issues below give" in out
    assert "PAY-1" in out
    assert "comm." in out


def test_a_table_that_the_issues_do_not_give_is_shouted(site: Company, explain: Explain) -> None:
    a_company(site)
    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sprint_metrics SET completed_points = 99")
    out = explain("--sprint", "Sprint 36").out
    assert "! completed_points: the table says 99, the issues below give 0: run `flowmart compute`" in out


def test_long_lists_are_cut_and_json_has_all(site: Company, explain: Explain) -> None:
    lives = [Life(number).then(1, status="Doing").then(1 + number, status="Done") for number in range(1, 61)]
    site.holds(*lives).computes()
    words = ("--metric", "cycle_time_trend", "--period", "2026-03")
    out = explain(*words).out
    assert "more, --json has all" in out
    assert "p85 = " in out
    assert out.count("\n  PAY-") < 45
    (row,) = json.loads(explain(*words, "--json").out)["rows"]
    assert len(row["lists"][0]["lines"]) == 60


def test_names_from_the_tracker_do_not_steer_the_terminal(site: Company, explain: Explain) -> None:
    site.holds(Life(1, others={"summary": "\x1b[31mred\nline [bold]x[/bold]"})).computes()
    out = explain("PAY-1").out
    assert "\x1b" not in out
    assert "red line [bold]x[/bold]" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "name issues, or --sprint, or --metric: one of the three; see `flowmart explain --help`"),
        (
            ("PAY-1", "--sprint", "x"),
            "name issues, or --sprint, or --metric: one of the three; see `flowmart explain --help`",
        ),
        (
            ("PAY-1", "--period", "2026-05"),
            "--period, --project, --board and --type go with --metric (--board with --sprint too)",
        ),
        (("--metric", "velocity_trend"), "--metric: velocity_trend takes --sprint NAME, and --board at most beside it"),
        (("--metric", "throughput", "--sprint", "x"), "--sprint: throughput has no rows by sprint"),
        (("--metric", "throughputs"), "--metric: there is no 'throughputs' to explain; did you mean throughput?"),
        (("PAY-9",), "no issue named PAY-9; the warehouse holds no issues"),
        (("--sprint", "x"), "no sprint named 'x'; the warehouse holds no sprints"),
    ],
    ids=str,
)
def test_what_cannot_be_explained_is_one_line_and_code_2(
    site: Company, explain: Explain, words: tuple[str, ...], line: str
) -> None:
    assert site.rows("issues") == []
    ended = explain(*words)
    assert (ended.code, ended.out, ended.err) == (2, "", f"flowmart: {line}\n")


def test_without_a_warehouse_nothing_is_made(explain: Explain, tmp_path: Any) -> None:
    ended = explain("PAY-1")
    assert ended.code == 1
    assert ended.err.endswith("there is none yet: run `flowmart run`\n")
    assert [path.name for path in tmp_path.iterdir()] == ["flowmart.toml"]
