"""The demo does the main job, says true numbers, is what docs/sql.md and docs/tutorial.md say, and can be run again."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from flowmart.cli import main
from tests.documents import DOCS, examples, gives_what_is_shown
from warehouse.bulk import insert_rows
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA, table

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

LARGEST_REPORT = 3_000_000
QUESTIONS = (DOCS / "sql.md").read_text(encoding="utf-8")
TUTORIAL = (DOCS / "tutorial.md").read_text(encoding="utf-8").partition("## 5.")[0]
"""As far as it goes without a tracker of one's own."""


def demo(folder: Path) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(["-q", "demo", "--to", str(folder), "--issues", "300"], dict(os.environ))
    return code, out.getvalue()


def copy(warehouse: Engine, to: Engine) -> None:
    """Puts all rows of a warehouse into one with the same tables and no rows."""
    with warehouse.connect() as source, to.begin() as target:
        for one in METADATA.sorted_tables:
            insert_rows(target, one, one.columns.keys(), map(tuple, source.execute(select(one))))


def answers_the_questions(warehouse: Engine) -> None:
    """It gives what docs/sql.md shows."""
    with warehouse.connect() as connection:
        for query, given in examples(QUESTIONS):
            gives_what_is_shown(connection, query, given)


def follows_the_tutorial(folder: Path, began_with: str) -> None:
    """Every line that it says to type, in its order, in a folder with the demo in it; all it shows is there."""
    environment, said = {**os.environ, "COLUMNS": "120"}, began_with
    shown = dict(examples(TUTORIAL))
    for language, block in re.findall(r"```(sh|text|toml|sql)\n(.*?)```", TUTORIAL, re.DOTALL):
        if language == "sh":
            said = typed(block, folder, environment) or said
        elif language == "text":
            assert [line for line in block.splitlines() if line not in lines(said)] == []
        elif language == "toml":
            with (folder / "demo" / "flowmart.toml").open("a", encoding="utf-8") as config:
                config.write(f"\n{block}")
        else:
            with open_warehouse(f"sqlite:///{folder / 'demo' / 'flowmart.db'}").connect() as connection:
                gives_what_is_shown(connection, block, shown.pop(block))
    assert not shown


def typed(block: str, folder: Path, environment: dict[str, str]) -> str:
    """What the commands of a block print; that of the demo was given already."""
    out = io.StringIO()
    for line in block.splitlines():
        command, *words = shlex.split(line)
        if command == "export":
            name, _, value = words[0].partition("=")
            environment[name] = value
        elif words[0] != "demo":
            with contextlib.chdir(folder), contextlib.redirect_stdout(out):
                assert main(words, environment) == 0, line
    return out.getvalue()


def lines(said: str) -> list[str]:
    """Without the blanks that fill a table's lines."""
    return [line.rstrip() for line in said.splitlines()]


def test_each_of_twelve_questions_has_a_query_with_a_result() -> None:
    parts = re.split(r"^## (\d+)\. .*\?$", QUESTIONS, flags=re.MULTILINE)[1:]
    assert [int(number) for number in parts[::2]] == list(range(1, 13))
    assert all(examples(part) for part in parts[1::2])
    assert len(examples(QUESTIONS)) == QUESTIONS.count("```sql\n")


@pytest.mark.thorough
def test_the_demo_ends_with_numbers_of_its_warehouse_and_the_paths_of_its_files(
    tmp_path: Path, postgres_warehouse: Engine
) -> None:
    folder = tmp_path / "demo"
    code, said = demo(folder)
    assert code == 0
    warehouse = open_warehouse(f"sqlite:///{folder / 'flowmart.db'}")
    copy(warehouse, postgres_warehouse)
    for each in (warehouse, postgres_warehouse):
        answers_the_questions(each)
    with warehouse.connect() as connection:
        issues = connection.scalar(select(func.count()).select_from(table("issues")))
        ageing = connection.scalar(select(func.count()).select_from(table("wip_aging")))
    warehouse.dispose()
    (tmp_path / "tutorial").mkdir()
    shutil.copytree(folder, tmp_path / "tutorial" / "demo")
    follows_the_tutorial(tmp_path / "tutorial", said)
    assert f"Loaded                {issues} issues" in said
    assert f"In progress           {ageing} issues, the oldest for " in said  # of the levels that metrics count
    for label in ("Cycle time", "Throughput", "Velocity WEB board", "Velocity Shop Basket", "Say/do", "Defect escape"):
        assert label in said
    assert len(list((folder / "exports" / "parquet").iterdir())) > 30
    assert str(folder / "exports" / "csv") in said
    assert (folder / "exports" / "powerbi" / "flowmart.pbip").exists()
    has_tableau = find_spec("tableauhyperapi") is not None
    assert (folder / "exports" / "hyper" / "flowmart.hyper").exists() == has_tableau
    assert (folder / "exports" / "tableau" / "flowmart.tdsx").exists() == has_tableau
    assert (folder / "exports" / "excel" / "flowmart.xlsx").exists()
    assert said.endswith(f"\nOpen the report: {folder / 'report.html'}\n")
    assert (folder / "report.html").stat().st_size < LARGEST_REPORT
    assert demo(folder) == (0, said)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flowmart.db").write_text("mine")
    assert demo(tmp_path)[0] == 1
    assert (tmp_path / "flowmart.db").read_text() == "mine"
