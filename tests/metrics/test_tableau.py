"""Two published numbers, worked out by hand, read through Tableau's engine as they are in the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from exports.catalog import choose_tables
from exports.snapshot import snapshot
from exports.tableau.calculations import CALCULATIONS
from exports.tableau.hyper import EXTRACT, write_hyper
from tests.exports.tableau.formulas import sql_of
from warehouse.tables import table

api = pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")

TABLES = ["cycle_time_trend", "issue_flow", "sprint_metrics", "velocity_trend"]


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


def test_the_velocity_of_a_sprint_and_the_p85_of_a_month(company: Any, life: Any, sprint: Any, tmp_path: Path) -> None:
    done = [(1, 3.0, 24), (2, 5.0, 48), (3, 8.0, 72), (4, 2.5, 96)]
    company.holds(
        sprint(31, 0, 200),
        *(
            life(number, story_points=points, sprint_ids="31").then(1, status="Doing").then(1 + lasted, status="Done")
            for number, points, lasted in done
        ),
        life(5, story_points=13.0, sprint_ids="31").then(1, status="Doing"),
    ).computes()
    velocity = 3.0 + 5.0 + 8.0 + 2.5
    p85 = 3 + 0.55  # of 1, 2, 3 and 4 days: place 0.85 * 3 = 2.55
    march = "finished_on BETWEEN DATE '2026-03-01' AND DATE '2026-03-31'"
    found = asked(
        company.engine,
        tmp_path,
        "SELECT velocity FROM \"Extract\".velocity_trend WHERE sprint_id = 'acme:31'",
        f"SELECT {formula('Velocity: points')} FROM \"Extract\".velocity_trend WHERE sprint_id = 'acme:31'",  # noqa: S608
        "SELECT p85_days FROM \"Extract\".cycle_time_trend WHERE period = 'month' AND \"grouping\" = 'all'",
        f'SELECT {formula("Cycle time p85")} FROM "Extract".issue_flow WHERE {march}',  # noqa: S608
    )
    assert found == pytest.approx([velocity, velocity, p85, p85])
    trend, sprints = table("cycle_time_trend"), table("velocity_trend")
    monthly = select(trend.c.p85_days).where(trend.c.period == "month", trend.c.grouping == "all")
    with company.engine.connect() as connection:
        assert found[0] == connection.scalar(select(sprints.c.velocity).where(sprints.c.sprint_id == "acme:31"))
        assert found[2] == connection.scalar(monthly)


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
