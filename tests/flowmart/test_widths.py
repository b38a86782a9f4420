"""At 80 columns of a terminal no line of a command is wider, names and numbers are whole, and a pipe has no escapes."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from connectors.base import FieldCandidate, FieldChoice, Identity, Seen, Survey
from exports.base import Written
from flowmart.commands import alerts, export, reconcile
from flowmart.commands.looks import Screen, show
from flowmart.config import Config, read_config
from flowmart.looking.look import SourceLook
from flowmart.session import Session
from flowmart.syncing.comparing import SprintDifference
from flowmart.syncing.reconcile import ProjectCount, SourceComparison, SprintComparison
from flowmart.syncing.sync_source import SourceReport
from tests.flowmart.conftest import JIRA
from warehouse.reconciling import ComparedSprint

NOW = datetime(2026, 10, 2, tzinfo=UTC)
SENTENCE = "in progress for 37.3 days; 85 % of the 38 finished on its board took at most 26.4 days"


def a_session(*, terminal: bool, width: int = 80) -> Session:
    colours: Literal["standard"] | None = "standard" if terminal else None
    out, err = (
        Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=colours, legacy_windows=False)
        for _ in range(2)
    )
    return Session(environment={}, out=out, err=err)


@pytest.fixture
def terminal() -> Session:
    return a_session(terminal=True)


@pytest.fixture
def pipe() -> Session:
    return a_session(terminal=False)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read_config(JIRA, tmp_path / "flowmart.toml", {"ACME_TOKEN": "x"})


def raw(session: Session) -> str:
    assert isinstance(session.out.file, io.StringIO)
    return session.out.file.getvalue()


def lines(session: Session) -> list[str]:
    """What is to be read, without styles."""
    return [line.rstrip() for line in Text.from_ansi(raw(session)).plain.splitlines()]


def assert_fits(session: Session) -> None:
    assert [line for line in lines(session) if cell_len(line) > 80] == []


def written(name: str, rows: int, folder: str = "exports/csv") -> Written:
    return Written(table=name, path=Path(folder) / f"{name}.csv", rows=rows)


FILES = [written("sources", 3), written("issue_changes", 1_234_567), written("board_column_statuses", 0)]


def test_an_export_is_shown_by_folder_on_a_terminal(terminal: Session) -> None:
    export.show(terminal, {"bi": FILES, "empty": []})
    assert lines(terminal) == [
        "bi: 3 files, 1,234,570 rows in exports/csv",
        "  sources                       3   board_column_statuses         0",
        "  issue_changes         1,234,567",
        "",
    ]


def test_an_export_is_shown_by_path_in_a_pipe(pipe: Session) -> None:
    export.show(pipe, {"bi": FILES})
    assert [line.split() for line in lines(pipe)[3:]] == [
        ["exports/csv/sources.csv", "3"],
        ["exports/csv/issue_changes.csv", "1,234,567"],
        ["exports/csv/board_column_statuses.csv", "0"],
        [],
    ]


def test_a_single_file_of_many_tables_is_named(terminal: Session) -> None:
    book = Path("exports/flowmart.xlsx")
    export.show(terminal, {"excel": [Written(table=name, path=book, rows=1) for name in ("issues", "sprints")]})
    assert lines(terminal)[0] == "excel: 1 file, 2 rows in exports/flowmart.xlsx"


@pytest.fixture
def found() -> list[dict[str, object]]:
    one = {"opened_at": NOW, "closed_at": None, "rule": "old_work", "message": SENTENCE, "issue_id": "acme:1"}
    return [{**one, "severity": severity, "explain": "flowmart explain " * 6} for severity in ("high", "low")]


def test_alerts_fold_their_sentences_and_the_worst_are_coloured(
    terminal: Session, config: Config, found: list[dict[str, object]]
) -> None:
    alerts._show(terminal, config, found, with_closed=False)
    assert_fits(terminal)
    assert "\x1b[1;31mhigh" in raw(terminal)


def test_alerts_have_no_escapes_in_a_pipe(pipe: Session, config: Config, found: list[dict[str, object]]) -> None:
    alerts._show(pipe, config, found, with_closed=False)
    assert "\x1b" not in raw(pipe)
    assert "high" in raw(pipe)


def compared(name: str, *counts: ProjectCount) -> SourceComparison:
    sprint = ComparedSprint(sprint_id=f"{name}:1", board_id=f"{name}:2", name="PAY Sprint 14", state="closed")
    differences = (SprintDifference(issue_id=f"{name}:3", key="PAY-3", tracker=SENTENCE, here="not in the sprint"),)
    return SourceComparison(
        report=SourceReport(name=name, error=None, problems=(), streams=()),
        counts=counts,
        sprints=(SprintComparison(sprint=sprint, differences=differences),),
    )


def test_reconcile_counts_all_sources_in_one_table(terminal: Session) -> None:
    same = ProjectCount(part="PAY", counted=12_345, listed=12_345, held=12_345, problem=None)
    other = ProjectCount(part="Shop", counted=None, listed=7, held=8, problem=None)
    reconcile._show(terminal, [compared("acme", same), compared("contoso", other)])
    assert_fits(terminal)
    assert [line.split() for line in lines(terminal)[4:6]] == [
        ["acme", "PAY", "12,345", "12,345", "12,345"],
        ["contoso", "Shop", "-", "7", "8", "differs"],
    ]
    assert lines(terminal)[-1] == "compared 2 sources: 0 differences"


def test_check_folds_what_it_saw(terminal: Session) -> None:
    long = "Microsoft.VSTS.Scheduling.StoryPoints"
    candidate = FieldCandidate(
        role="story_points", native_id=long, name="Story Points", filled=242, asked=400, evidence=SENTENCE
    )
    survey = Survey(
        seen=tuple(Seen(what="board", native_id=str(n), name=f"Team {n}", detail="scrum") for n in range(15)),
        fields=(FieldChoice(role="story_points", native_ids=(long,), name="Story Points", evidence=SENTENCE),),
        candidates=(candidate,),
        missing_permissions=(SENTENCE,),
        notes=(SENTENCE,),
    )
    identity = Identity(kind="jira_cloud", account="5b106ab3311bfe7c52d93098", display_name="Flow Bot", version="1001")
    look = SourceLook(source="acme", type="jira", url=f"https://{long}.example", identity=identity, survey=survey)
    show(Screen(console=terminal.out, mask=str, zone=UTC, now=NOW), look)
    assert_fits(terminal)
    assert " ".join(SENTENCE.split()[:4]) in raw(terminal)
