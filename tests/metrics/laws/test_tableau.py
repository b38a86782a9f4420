"""The calculated fields of the data source for Tableau give the figures that are stored, whatever a company did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from exports.model import bi_model
from exports.snapshot import snapshot
from exports.tableau.calculation import Calculation
from exports.tableau.calculations import CALCULATIONS
from exports.tableau.hyper import EXTRACT, write_hyper
from metrics.settings import MetricSettings
from tests.exports.tableau.formulas import sql_of
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads

api = pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")

FIELDS = {one.name: one for one in CALCULATIONS}
TREND = {
    "Cycle time p50": "p50_days", "Cycle time p70": "p70_days", "Cycle time p85": "p85_days",
    "Cycle time p95": "p95_days", "Cycle time mean": "mean_days", "Issues measured": "n",
    "Skipped in progress": "skipped_count",
}  # fmt: skip
ESCAPE = {
    "Defects created": "defects", "Escaped defects": "escaped", "Internal defects": "internal",
    "Unknown defects": "unknown", "Escape rate": "rate", "Escape rate: unknown share": "unknown_share",
}  # fmt: skip
FINISHED = {
    "Defects finished": "outflow", "Time to resolve p50": "resolve_p50_days", "Time to resolve p85": "resolve_p85_days",
}  # fmt: skip
SPRINT = {
    "Say/do points": "say_do_points", "Say/do issues": "say_do_issues", "Completion rate": "completion_rate_points",
    "Scope change": "scope_change_points",
}  # fmt: skip
BURNDOWN = {
    "Burndown points": "remaining_points", "Burn-up points": "completed_points", "Ideal line": "ideal_points",
}  # fmt: skip
GROUPS: Mapping[str, Sequence[str]] = {"all": (), "project": ("project_id",), "board": ("board_id",)}


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for extracts, one after the other."""
    return tmp_path_factory.mktemp("extract")


class Extract:
    """Tables that Tableau's engine holds."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def stored(self, table: str, columns: Sequence[str], value: str, where: str = "TRUE") -> dict[Any, Any]:
        """Key → what is stored for it."""
        keys = ", ".join(columns) or "1"
        rows = self._connection.execute_list_query(f'SELECT {keys}, {value} FROM "Extract"."{table}" WHERE {where}')  # noqa: S608
        return {tuple(row[:-1]): row[-1] for row in rows}

    def calculated(self, one: Calculation, columns: Sequence[str], where: str = "TRUE") -> dict[Any, Any]:
        """Key → what the field gives for the rows of it."""
        (table,) = one.tables
        keys = ", ".join(columns) or "1"
        groups = f"GROUP BY {keys}" if columns else ""
        query = f'SELECT {keys}, {sql_of(one)} FROM "Extract"."{table}" WHERE {where} {groups}'  # noqa: S608
        return {tuple(row[:-1]): row[-1] for row in self._connection.execute_list_query(query)}


def agree(calculated: Mapping[Any, Any], stored: Mapping[Any, Any], name: str) -> None:
    """Each is what the other says; where there are no rows, nothing and zero are one."""
    for key in {*calculated, *stored}:
        value, wanted = calculated.get(key), stored.get(key)
        if key not in calculated or key not in stored:
            assert not value, (name, key)
            assert not wanted, (name, key)
        else:
            assert value == wanted or value == pytest.approx(wanted, rel=1e-9, abs=1e-9), (name, key)


def agree_by_period(held: Extract, day: str, table: str, pairs: Mapping[str, str], where: str = "TRUE") -> None:
    for period in ("week", "month"):
        for grouping, keys in GROUPS.items():
            chosen = f"period = '{period}' AND grouping = '{grouping}' AND {where}"
            for field, column in pairs.items():
                starts = f"CAST(DATE_TRUNC('{period}', {day}) AS date)"
                calculated = held.calculated(FIELDS[field], [starts, *keys], f"{day} IS NOT NULL")
                stored = held.stored(table, ["period_start", *keys], column, chosen)
                agree(calculated, stored, f"{field} by {period} and {grouping}")


def _sums_agree(held: Extract) -> None:
    for period in ("week", "month"):
        starts = f"CAST(DATE_TRUNC('{period}', finished_on) AS date)"
        for field, column in {"Throughput: issues": "finished_issues", "Throughput: points": "finished_points"}.items():
            calculated = held.calculated(FIELDS[field], [starts], "finished_on IS NOT NULL")
            total = f"SUM({column})"
            chosen = f"period = '{period}' GROUP BY period_start"
            agree(calculated, held.stored("throughput", ["period_start"], total, chosen), f"{field} by {period}")


def _rows_agree(held: Extract) -> Iterator[None]:
    for field, column in SPRINT.items():
        agree(
            held.calculated(FIELDS[field], ["sprint_id"]), held.stored("sprint_metrics", ["sprint_id"], column), field
        )
        yield
    velocity = held.stored("velocity_trend", ["sprint_id"], "velocity")
    agree(held.calculated(FIELDS["Velocity: points"], ["sprint_id"]), velocity, "velocity")
    for field, column in BURNDOWN.items():
        keys = ["sprint_id", "day"]
        agree(held.calculated(FIELDS[field], keys), held.stored("sprint_days", keys, column), field)
        yield
    efficient = "exclusion IS NULL AND flow_efficiency IS NOT NULL"
    one = held.calculated(FIELDS["Flow efficiency (of all)"], ["issue_id"], efficient)
    agree(one, held.stored("issue_flow", ["issue_id"], "flow_efficiency", efficient), "flow efficiency")
    day = "stage = 'in_progress' AND level = 'standard' GROUP BY day"
    wip = held.stored("daily_flow", ["day"], "SUM(issues)", day)
    agree(held.calculated(FIELDS["WIP"], ["day"]), wip, "wip")


@pytest.mark.thorough
@given(company=companies(), rules=settings_in_turn(1))
@tried(2)
def test_calculated_fields_agree_with_what_is_stored(
    lab: Lab, extract: Path, company: Company, rules: list[MetricSettings]
) -> None:
    lab.emptied().loads(both_loads(company)).computes(rules[0], at(company, company.computes[-1]))
    with snapshot(lab.engine) as connection:
        write_hyper(connection, [table.stored for table in bi_model().tables], extract)
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(telemetry, parameters={"log_config": ""}) as process,
        api.Connection(process.endpoint, str(extract / EXTRACT), api.CreateMode.NONE) as connection,
    ):
        held = Extract(connection)
        agree_by_period(held, "finished_on", "cycle_time_trend", TREND)
        agree_by_period(held, "created_on", "defect_escape", ESCAPE, "basis = 'discovery'")
        agree_by_period(held, "created_on", "defect_quality", {"Defects created": "inflow"})
        agree_by_period(held, "finished_on", "defect_quality", FINISHED)
        _sums_agree(held)
        for _ in _rows_agree(held):
            pass
