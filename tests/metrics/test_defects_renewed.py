"""Tables about defects after an incremental compute equal those made from scratch; what is not reached stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from metrics.catalog import compute
from metrics.settings import DefectRule, Defects, MetricSettings
from warehouse.records import IssueChange, IssueLabel, IssueVersion, Version
from warehouse.tables import table

TABLES = ("defects", "defect_escape", "defect_quality")
RULES = (
    DefectRule(name="customer", escaped=True, labels=frozenset({"customer"})),
    DefectRule(name="released", escaped=True, affects_released=True),
    DefectRule(name="qa", escaped=False, field="found_in", values=frozenset({"QA"})),
)
DAY = 24
NOW = 60 * DAY


def bug(life: Any, number: int, **values: Any) -> Any:
    found_in = {"found_in": "QA" if number % 2 else None, "severity": "High"}
    return life(number, issue_type="Bug", others=found_in, **values)


def affected(number: int, version: str) -> IssueVersion:
    key = f"acme:{number}:affects:{version}"
    return IssueVersion(issue_version_id=key, issue_id=f"acme:{number}", version_id=f"acme:{version}", role="affects")


def version(name: str, released_on: date | None) -> Version:
    return Version(
        version_id=f"acme:{name}",
        project_id="acme:10",
        name=name,
        is_released=released_on is not None,
        released_on=released_on,
    )


def lives(life: Any) -> dict[int, Any]:
    """Defects and stories that are done, open, reopened and cancelled, some old and some new."""
    return {
        1: bug(life, 1).then(3 * DAY, status="Done"),
        2: bug(life, 2, created=DAY),
        3: bug(life, 3, created=20 * DAY).then(22 * DAY, status="Done").then(25 * DAY, status="Doing"),
        4: bug(life, 4, created=50 * DAY, project="20").then(55 * DAY, status="Done"),
        5: bug(life, 5, created=8 * DAY).then(9 * DAY, status="Dropped"),
        6: life(6, story_points=3.0).then(5, status="Doing").then(30 * DAY, status="Done"),
        7: life(7, created=40 * DAY, story_points=2.0).then(41 * DAY, status="Doing"),
    }


def absent(issue: Any) -> Any:
    issue.others["absence"] = "deleted"
    return issue


LATER = NOW + 5
CHANGES: dict[str, Callable[[dict[int, Any]], list[Any]]] = {
    "nothing but time": lambda _: [],
    "closed": lambda all_: [all_[2].then(LATER, status="Done")],
    "closed late, as an earlier sync did not see it": lambda all_: [all_[2].then(30 * DAY, status="Done")],
    "reopened": lambda all_: [all_[4].then(LATER, status="Doing")],
    "reopened and closed": lambda all_: [all_[1].then(7 * DAY, status="Doing").then(8 * DAY, status="Done")],
    "no defect any more": lambda all_: [all_[4].then(LATER, type="Story")],
    "a defect now": lambda all_: [all_[6].then(LATER, type="Bug")],
    "moved": lambda all_: [all_[1].then(LATER, project="20")],
    "cancelled": lambda all_: [all_[3].then(LATER, status="Done", resolution="Duplicate")],
    "gone": lambda all_: [absent(all_[1])],
    "labelled": lambda _: [IssueLabel(issue_label_id="acme:2:x", issue_id="acme:2", label="customer")],
    "released": lambda _: [version("v2", date(2026, 3, 1))],
    "released no more": lambda _: [version("v1", None)],
    "found in another version": lambda _: [affected(1, "v1")],
    "a story delivered": lambda all_: [all_[7].then(LATER, status="Done")],
}


def renewed(company: Any, hours: float, *changes: Any) -> None:
    company.now = hours
    company.holds(*changes).computes()


def rows(company: Any) -> dict[str, list[Any]]:
    return {name: company.rows(name) for name in TABLES}


@pytest.mark.parametrize("what", CHANGES)
def test_renewed_rows_are_those_made_from_scratch(company: Any, life: Any, what: str) -> None:
    company.settings = MetricSettings(defects=Defects(rules=RULES, severity_weights={"high": 2.5}))
    known = lives(life)
    company.now = NOW
    company.holds(
        version("v1", date(2026, 2, 1)),
        version("v2", None),
        *known.values(),
        *(affected(number, "v1") for number in (2, 3)),
        affected(4, "v2"),
    ).computes()
    before = rows(company)
    renewed(company, NOW + (20 if what == "nothing but time" else 1) * DAY, *CHANGES[what](known))
    incremental = rows(company)
    with company.engine.begin() as connection:
        compute(connection, company.settings, life(created=company.now).state().created_at, full=True)
    assert incremental == rows(company)
    assert incremental != before


def test_a_version_that_a_defect_named_once_reaches_its_class_at_creation(company: Any, life: Any) -> None:
    company.settings = MetricSettings(defects=Defects(rules=RULES))
    (told,) = life(2).then(5 * DAY, resolution="x").changes
    values = {name: getattr(told, name) for name in IssueChange.__struct_fields__}
    gone = {"field": "affects_versions", "from_value": "v2", "from_text": "v2", "to_value": None, "to_text": None}
    company.holds(version("v2", None), bug(life, 2), IssueChange(**{**values, **gone})).computes()
    assert company.row("defects")["escape_class_at_creation"] == "unknown"
    renewed(company, company.now, version("v2", date(2026, 3, 1)))
    assert company.row("defects")["escape_class_at_creation"] == "escaped"


def test_only_what_is_reached_is_computed_anew(company: Any, life: Any) -> None:
    known = lives(life)
    company.now = NOW
    company.holds(*known.values()).computes()
    old = date(2019, 1, 7)
    planted = {"period": "week", "period_start": old, "grouping": "all"}
    escape = dict.fromkeys(("defects", "escaped", "internal", "unknown"), 0)
    quality = dict.fromkeys(
        ("inflow", "outflow", "done_events", "reopened_events", "open_defects", "finished_issues"), 0
    )
    with company.engine.begin() as connection:
        connection.execute(
            insert(table("defect_escape")).values(defect_escape_id="x", basis="discovery", **planted, **escape)
        )
        connection.execute(insert(table("defect_quality")).values(defect_quality_id="x", **planted, **quality))
    renewed(company, NOW + 1, known[4].then(NOW, status="Doing"))
    assert all(company.rows(name, "period_start", period_start=old) for name in TABLES[1:])
    company.settings = MetricSettings(defects=Defects(types=frozenset({"Bug"})))
    renewed(company, NOW + 2)
    assert not any(company.rows(name, "period_start", period_start=old) for name in TABLES[1:])
