"""The measures of the Power BI model give the figures that the warehouse stores, whatever happens to a company."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import select

from exports.model import bi_model
from exports.powerbi.measures import measures
from metrics.settings import MetricSettings
from tests.exports.powerbi.dax_engine import Context, Data, Row, evaluate
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads

MODEL = bi_model()
DAX = {measure.name: measure.dax for measure in measures()}
STARTS = {"week": "Week start", "month": "Month start"}

TREND = {
    "Cycle time p50": "P50 days", "Cycle time p70": "P70 days", "Cycle time p85": "P85 days",
    "Cycle time p95": "P95 days", "Cycle time mean": "Mean days", "Issues measured": "Issues measured",
    "Skipped in progress": "Skipped count",
}  # fmt: skip
ESCAPE = {
    "Defects": "Defects", "Escaped defects": "Escaped", "Internal defects": "Internal", "Unknown defects": "Unknown",
    "Escape rate": "Rate", "Escape rate unknown share": "Unknown share",
}  # fmt: skip
RELEASED = {
    "Escape rate of releases": "Rate", "Escaped within 30 days": "Escaped within 30 days",
    "Escaped within 90 days": "Escaped within 90 days",
}  # fmt: skip
QUALITY = {
    "Defects": "Inflow", "Defects finished": "Outflow", "Time to resolve p50": "Resolve p50 days",
    "Time to resolve p85": "Resolve p85 days",
}  # fmt: skip
SPRINT = {
    **{name: name for name in (
        "Committed points", "Added points", "Removed points", "Final scope points", "Completed points",
        "Carried over points", "Committed issues", "Completed issues", "Unestimated issues", "Say/do points",
        "Say/do issues",
    )},
    "Say/do points": "Say do points", "Say/do issues": "Say do issues",
    "Completion rate": "Completion rate points", "Scope change": "Scope change points",
}  # fmt: skip
VELOCITY = {
    "Velocity": "Velocity", "Velocity mean": "Velocity", "Velocity mean of last 3": "Mean 3",
    "Velocity mean of last 5": "Mean 5", "Velocity deviation of last 5": "SD 5", "Next sprint low": "Next low",
    "Next sprint high": "Next high",
}  # fmt: skip
BURNDOWN = {
    "Remaining points": "Remaining points", "Done points": "Completed points", "Scope points": "Scope points",
    "Ideal points": "Ideal points",
}  # fmt: skip


def data_of(lab: Lab) -> Data:
    """All rows of a warehouse as Power BI would read them."""
    rows: dict[str, list[Row]] = {}
    with lab.engine.connect() as connection:
        for table in MODEL.tables:
            names = [column.display for column in table.columns if column.stored is not None]
            found = connection.execute(select(table.stored))
            rows[table.display] = [dict(zip(names, row, strict=True)) for row in found]
    return Data(MODEL, rows, DAX)


def within(context: Context, row: Row) -> Context | None:
    """Where a row of a table by period and group is true; None for groups that no slicer makes."""
    needed = {"all": "Grouping", "project": "Project ID", "board": "Board ID"}.get(row["Grouping"])
    if needed is None or row[needed] is None:
        return None
    start = STARTS[row["Period"]]
    context = context.where("Dates", lambda day: day[start] == row["Period start"])
    for table, key in (("Projects", "Project ID"), ("Boards", "Board ID")):
        if row[key] is not None:
            context = context.where(table, lambda one, key=key: one[key] == row[key])
    return context


def says_the_same(context: Context, row: Row, pairs: Mapping[str, str]) -> None:
    """Each measure is what its column says; nothing and zero are one for numbers that are added up."""
    for measure, column in pairs.items():
        value, stored = evaluate(DAX[measure], context), row[column]
        same = stored == 0 if value is None else stored is None and value == 0
        assert same or value is stored is None or value == pytest.approx(stored, rel=1e-9, abs=1e-9), (measure, row)


def _by_group(context: Context, table: str) -> Iterator[tuple[Context, Row]]:
    for row in context.data.rows[table]:
        inner = within(context, row) if row["Period"] in STARTS else None
        if inner is not None:
            yield inner, row


@pytest.mark.thorough
@given(company=companies(), rules=settings_in_turn(1))
@tried(4)
def test_measures_agree_with_what_is_stored(lab: Lab, company: Company, rules: list[MetricSettings]) -> None:
    lab.emptied().loads(both_loads(company)).computes(rules[0], at(company, company.computes[-1]))
    everything = Context(data_of(lab))
    for inner, row in _by_group(everything, "Cycle time trend"):
        says_the_same(inner, row, TREND)
    for inner, row in _by_group(everything, "Defect escape"):
        says_the_same(inner, row, ESCAPE)
    for inner, row in _by_group(everything, "Defect quality"):
        says_the_same(inner, row, QUALITY)
        if row["Period"] == "month":
            says_the_same(inner, row, {"Defect reopen rate": "Reopen rate"})
        if row["Grouping"] == "all":
            says_the_same(inner, row, {"Defects per 10 issues": "Defects per 10 issues"})
    _sprints_agree(everything)
    _releases_agree(everything)
    _throughput_agrees(everything)
    _days_agree(everything)


def _sprints_agree(everything: Context) -> None:
    def of(row: Row) -> Context:
        return everything.where("Sprints", lambda sprint: sprint["Sprint ID"] == row["Sprint ID"])

    for row in everything.data.rows["Sprint figures"]:
        says_the_same(of(row), row, SPRINT)
    for row in everything.data.rows["Velocity"]:
        says_the_same(of(row), row, VELOCITY)
    for day in {row["Ended on"] for row in everything.data.rows["Velocity"]}:
        ended = [row["Velocity"] or 0 for row in everything.data.rows["Velocity"] if row["Ended on"] == day]
        inner = everything.where("Dates", lambda one, day=day: one["Date"] == day)
        if inner.rows("Dates"):  # not before the first issue
            says_the_same(inner, {"sum": sum(ended)}, {"Velocity": "sum"})
    for row in everything.data.rows["Sprint days"]:
        inner = of(row).where("Dates", lambda day, row=row: day["Date"] == row["Day"])
        says_the_same(inner, row, BURNDOWN)


def _releases_agree(everything: Context) -> None:
    for row in everything.data.rows["Defect escape"]:
        if (row["Basis"], row["Grouping"]) == ("release", "all"):
            inner = everything.where("Versions", lambda one, row=row: one["Version ID"] == row["Version ID"])
            says_the_same(inner, row, RELEASED)


def _throughput_agrees(everything: Context) -> None:
    sums: dict[tuple[Any, Any], dict[str, float]] = {}
    for row in everything.data.rows["Throughput"]:
        total = sums.setdefault((row["Period"], row["Period start"]), {"issues": 0, "points": 0})
        total["issues"] += row["Finished issues"]
        total["points"] += row["Finished points"] or 0
    for (period, start), total in sums.items():
        inner = everything.where("Dates", lambda day, at=(STARTS[period], start): day[at[0]] == at[1])
        says_the_same(inner, total, {"Finished issues": "issues", "Finished points": "points"})


def _days_agree(everything: Context) -> None:
    days = {row["Day"] for row in everything.data.rows["Daily flow"]}
    for day in sorted(days)[-10:]:
        stored = sum(
            row["Issues"]
            for row in everything.data.rows["Daily flow"]
            if (row["Day"], row["Stage"], row["Level"]) == (day, "in_progress", "standard")
        )
        inner = everything.where("Dates", lambda one, day=day: one["Date"] == day)
        says_the_same(inner, {"WIP": stored}, {"WIP": "WIP"})
