"""The shell offers keys and names that the warehouse holds, as one word each; and nothing where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flowmart.cli import main
from flowmart.completing_stored import MOST, _typed
from tests.flowmart.conftest import warehouse as section
from tests.flowmart.scripted import an_issue
from warehouse.loader import Loader
from warehouse.records import Sprint

Complete = Callable[[str], list[str]]
DAY = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """What bash is offered for the last of the words, which it hands over one a line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLOWMART_CONFIG", raising=False)
    monkeypatch.setenv("_FLOWMART_COMPLETE", "complete_bash")

    def completing(line: str) -> list[str]:
        words = line.split("|")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as ended:
            main([], os.environ)
        printed = capsys.readouterr()
        assert (ended.value.code, printed.err) == (0, "")
        return [line for line in printed.out.splitlines() if line]

    return completing


@pytest.fixture
def held(warehouse: Engine, postgres_schema: str, tmp_path: Path) -> None:
    """A warehouse with 120 issues and three sprints, and a configuration in which all else is wrong."""
    schema = postgres_schema if warehouse.dialect.name == "postgresql" else ""
    text = f'{section(warehouse.url, schema)}\n[sources.acme]\ntoken = "${{NOBODY_SET_THIS}}"\nnot_even = "valid"\n'
    (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
    issues = [an_issue(n, updated_at=DAY + timedelta(hours=n)) for n in range(1, 120)]
    issues.append(an_issue(120, updated_at=DAY + timedelta(days=9), absence="deleted"))
    names = ("Web Sprint 9", "Web Sprint 10", "it's")
    sprints = [
        Sprint(
            sprint_id=f"acme:{n}", iteration_id=f"acme:{n}", source_id="acme", board_id=None, name=name, state="closed"
        )
        for n, name in enumerate(names)
    ]
    with warehouse.begin() as connection:
        Loader(connection).upsert([*issues, *sprints])


@pytest.mark.usefixtures("held")
def test_keys_that_begin_so_are_offered_as_people_count_the_newest_if_there_are_many(complete: Complete) -> None:
    assert complete("flowmart|explain|PAY-9") == ["PAY-9", *(f"PAY-{n}" for n in range(90, 100))]
    assert complete("flowmart|explain|PAY-1|PAY-") == [f"PAY-{n}" for n in range(120 - MOST, 120)]
    assert complete("flowmart|explain|pay_") == []


@pytest.mark.usefixtures("held")
def test_a_name_with_blanks_is_one_word(complete: Complete) -> None:
    escaped = [r"Web\ Sprint\ 9", r"Web\ Sprint\ 10"]
    assert complete("flowmart|explain|--sprint|W") == escaped
    assert complete(r"flowmart|explain|--sprint|Web\ Sp") == escaped
    assert complete('flowmart|explain|--sprint|"Web Sp') == ["Web Sprint 9", "Web Sprint 10"]
    assert complete("flowmart|explain|--sprint|it") == [r"it\'s"]


def test_other_shells_get_names_as_they_want_them() -> None:
    shells = {name: {"_FLOWMART_COMPLETE": f"complete_{name}"} for name in ("zsh", "fish", "pwsh")}
    assert [_typed("it's 9", shell) for shell in shells.values()] == ["it's 9", "it's 9", "'it''s 9'"]
    assert _typed("PAY-9", shells["pwsh"]) == "PAY-9"


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[warehouse]\nurl = "sqlite:///nothing.db"',
        '[warehouse]\nurl = "sqlite:///empty.db"',
        '[warehouse]\nurl = "sqlite:///garbage.db"',
        '[warehouse]\nurl = "postgresql+psycopg://x:${NOBODY_SET_THIS}@127.0.0.1:9/x"',
        '[warehouse]\nurl = "oracle://x"',
        "warehouse = 3",
        "[warehouse",
    ],
)
def test_without_a_warehouse_nothing_is_offered_and_nothing_is_made(
    complete: Complete, tmp_path: Path, text: str
) -> None:
    (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
    (tmp_path / "empty.db").touch()
    (tmp_path / "garbage.db").write_bytes(b"no database" * 500)
    before = {path.name for path in tmp_path.iterdir()}
    assert complete("flowmart|explain|P") == []
    assert complete("flowmart|explain|--sprint|") == []
    assert {path.name for path in tmp_path.iterdir()} == before
