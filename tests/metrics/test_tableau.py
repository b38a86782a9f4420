"""What came of a sprint, worked out by hand, read through Tableau's engine as they are in the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from exports.catalog import choose_tables
from exports.snapshot import snapshot
from exports.tableau.calculations import CALCULATIONS
from exports.tableau.hyper import EXTRACT, write_hyper
from tests.exports.tableau.formulas import sql_of

api = pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")

TABLES = ["sprint_metrics"]


def asked(engine: Engine, folder: Path, *queries: str) -> list[Any]:
    """The one value that each query gives over an extract of the warehouse."""
    with snapshot(engine) as connection:
        write_hyper(connection, choose_tables(TABLES), folder)
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(telemetry, parameters={"log_config": ""}) as process,
        api.Connection(process.endpoint, str(folder / EXTRACT), api.CreateMode.NONE) as connection,
    ):
        return [connection.execute_scalar_query(query) for query in queries]


def formula(name: str) -> str:
    (found,) = [one for one in CALCULATIONS if one.name == name]
    return sql_of(found)


def test_what_came_of_a_sprint_in_which_work_came_and_went(
    company: Any, life: Any, sprint: Any, tmp_path: Path
) -> None:
    company.holds(
        sprint(31, 10, 200),
        life(1, story_points=5.0, sprint_ids="31").then(20, status="Doing").then(30, status="Done"),
        life(2, story_points=8.0, sprint_ids="31").then(50, sprint=None),
        life(3, story_points=3.0).then(60, sprint="31"),
    ).computes()
    names = ["Say/do points", "Say/do issues", "Completion rate", "Scope change"]
    found = asked(
        company.engine,
        tmp_path,
        *(f'SELECT {formula(name)} FROM "Extract".sprint_metrics' for name in names),  # noqa: S608
    )
    assert found == pytest.approx([5 / 13, 1 / 2, 5 / 8, (3 + 8) / 13])
    row = company.row("sprint_metrics")
    columns = ["say_do_points", "say_do_issues", "completion_rate_points", "scope_change_points"]
    assert found == pytest.approx([row[column] for column in columns])
