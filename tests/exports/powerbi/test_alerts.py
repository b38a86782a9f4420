"""The measures of alerts count what is open and what is over, in what slicers choose."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from exports.model import bi_model
from exports.powerbi.measures import measures
from exports.powerbi.pages import ALERTS
from tests.exports.powerbi.dax_engine import Context, Data, Row, evaluate

DAX = {measure.name: measure.dax for measure in measures()}
NAMES = sorted(measure.name for measure in measures() if measure.folder == "Alerts")


def an_alert(severity: str, opened: int, closed: int | None = None, project: str = "acme:1") -> Row:
    return {
        "Severity": severity,
        "Opened at": datetime(2026, 9, opened, 2, tzinfo=UTC),
        "Opened on": date(2026, 9, opened),
        "Closed at": None if closed is None else datetime(2026, 9, closed, 2, tzinfo=UTC),
        "Project ID": project,
    }


def figures(context: Context) -> dict[str, Any]:
    return {name: evaluate(DAX[name], context) for name in NAMES}


@pytest.fixture
def context() -> Context:
    alerts = [
        an_alert("high", 4),
        an_alert("high", 2, 9),
        an_alert("medium", 3),
        an_alert("low", 8, project="acme:2"),
    ]
    days = [{"Date": date(2026, 9, day), "Day": day} for day in range(1, 31)]
    projects = [{"Project ID": f"acme:{n}"} for n in (1, 2)]
    return Context(Data(bi_model(), {"Alerts": alerts, "Dates": days, "Projects": projects}, DAX))


def test_open_ones_are_counted_by_severity_and_those_over_among_the_opened(context: Context) -> None:
    assert figures(context) == {
        "Alerts opened": 4,
        "Alerts over": 1,
        "Oldest open alert": datetime(2026, 9, 3, 2, tzinfo=UTC),
        "Open alerts": 3,
        "Open alerts, high": 1,
        "Open alerts, medium": 1,
    }


def test_projects_and_the_days_of_opening_choose(context: Context) -> None:
    of_project = figures(context.where("Projects", lambda row: row["Project ID"] == "acme:2"))
    assert (of_project["Open alerts"], of_project["Alerts opened"]) == (1, 1)
    assert of_project["Alerts over"] is None
    early = figures(context.where("Dates", lambda row: row["Day"] <= 2))
    assert (early["Alerts opened"], early["Alerts over"], early["Open alerts"]) == (1, 1, None)


def test_each_of_them_stands_on_the_page_of_alerts() -> None:
    shown = {field for visual in ALERTS.visuals for _, fields in visual.roles for field in fields}
    assert set(NAMES) <= shown
