"""Each defect has a row that says whether it escaped, now and as of its creation, and which release brought it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.settings import DefectRule, Defects, MetricSettings
from warehouse.records import IssueChange, IssueLabel, IssueLink, IssueVersion, Version

CUSTOMER = DefectRule(name="customer", escaped=True, labels=frozenset({"customer"}))


def ruled(*rules: DefectRule) -> MetricSettings:
    return MetricSettings(defects=Defects(rules=rules))


def bug(life: Any, number: int, **values: Any) -> Any:
    return life(number, issue_type="Bug", **values)


def label(number: int, text: str) -> IssueLabel:
    return IssueLabel(issue_label_id=f"acme:{number}:{text}", issue_id=f"acme:{number}", label=text)


def version(number: int, released_on: date | None, *, is_released: bool = True) -> Version:
    return Version(
        version_id=f"acme:v{number}",
        project_id="acme:10",
        name=f"{number}.0",
        is_released=is_released,
        released_on=released_on,
    )


def affects(number: int, *versions: int) -> list[IssueVersion]:
    return [
        IssueVersion(
            issue_version_id=f"acme:{number}:affects:v{one}",
            issue_id=f"acme:{number}",
            version_id=f"acme:v{one}",
            role="affects",
        )
        for one in versions
    ]


def edit(life: Any, number: int, field: str, before: str | None, after: str | None, hour: float = 5) -> IssueChange:
    """A change of a field that the builders do not know."""
    (change,) = life(number).then(hour, resolution="x").changes
    values = {name: getattr(change, name) for name in IssueChange.__struct_fields__}
    texts = {"from_value": before, "from_text": before, "to_value": after, "to_text": after}
    return IssueChange(**{**values, "change_id": f"{field}:{number}", "field": field, **texts})


def classes(company: Any) -> dict[str, tuple[Any, ...]]:
    company.computes("defects")
    columns = ("escape_class", "escape_rule", "escape_evidence", "escape_class_at_creation")
    return {row[0]: row[1:] for row in company.rows("defects", "issue_id", *columns)}


def test_there_is_a_row_for_each_defect_of_level_standard_that_is_not_absent(company: Any, life: Any) -> None:
    company.now = 100
    company.holds(
        bug(life, 1, created=3).then(4, status="Doing").then(9, status="Done"),
        bug(life, 2).then(4, status="Done", resolution="Duplicate"),
        bug(life, 3, others={"level": "subtask"}),
        bug(life, 4, others={"absence": "deleted"}),
        bug(life, 5, created=101),
        life(6),
        life(
            7, source_id="ado", issue_type="Bug", area_path="Shop", others={"level": "subtask", "severity": "2 - High"}
        ),
    ).computes("defects")
    columns = ("issue_id", "created_on", "severity", "is_cancelled", "finished_at", "resolve_seconds")
    assert company.rows("defects", *columns) == [
        ("acme:1", date(2026, 3, 2), None, False, 9, 6 * 3600),
        ("acme:2", date(2026, 3, 2), None, True, 4, 4 * 3600),
        ("ado:7", date(2026, 3, 2), "2 - High", False, None, None),
    ]


def test_labels_given_later_count_now_and_not_as_of_creation(company: Any, life: Any) -> None:
    company.settings = ruled(CUSTOMER)
    company.holds(
        *(bug(life, number) for number in (1, 2, 3)),
        *(label(number, "customer") for number in (1, 2)),
        edit(life, 2, "labels", "ui", "ui customer"),
        edit(life, 3, "labels", "Customer ui", "ui"),
    )
    assert classes(company) == {
        "acme:1": ("escaped", "customer", "customer", "escaped"),
        "acme:2": ("escaped", "customer", "customer", "unknown"),
        "acme:3": ("unknown", None, None, "escaped"),
    }


def test_azure_devops_tags_may_hold_blanks(company: Any, life: Any) -> None:
    company.settings = ruled(DefectRule(name="found", escaped=True, labels=frozenset({"found by customer"})))
    subject = bug(life, 1, source_id="ado", area_path="Shop")
    change = edit(life, 1, "labels", "found by customer", None)
    moved = IssueChange(**{n: getattr(change, n) for n in IssueChange.__struct_fields__} | {"issue_id": "ado:1"})
    company.holds(subject, moved)
    assert classes(company)["ado:1"] == ("unknown", None, None, "escaped")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("found_in", {"found_in": "Production"}),
        ("severity", {"severity": "production"}),
        ("Environment", {"custom_fields": '{"Environment":"Production"}'}),
        ("Environment", {"custom_fields": '{"Environment":["QA","Production"]}'}),
    ],
)
def test_a_field_is_a_column_or_a_custom_field_of_one_or_more_values(
    company: Any, life: Any, field: str, values: dict[str, str]
) -> None:
    company.settings = ruled(DefectRule(name="prod", escaped=True, field=field, values=frozenset({"Production"})))
    company.holds(bug(life, 1, others=values), bug(life, 2), edit(life, 1, field, "QA", "Production"))
    found = classes(company)
    assert found["acme:1"][:2] == ("escaped", "prod")
    assert found["acme:1"][3] == found["acme:2"][3] == "unknown"


def test_affected_versions_count_when_released_by_the_day_of_creation(company: Any, life: Any) -> None:
    company.settings = ruled(DefectRule(name="released", escaped=True, affects_released=True))
    company.holds(
        version(1, date(2026, 3, 2)),
        version(2, date(2026, 3, 3)),
        version(3, date(2026, 2, 1), is_released=False),
        *(bug(life, number) for number in range(1, 6)),
        *affects(1, 1),
        *affects(2, 2),
        *affects(3, 3),
        *affects(4, 1),
        edit(life, 4, "affects_versions", None, "v1"),
        edit(life, 5, "affects_versions", "v1", None),
    )
    assert classes(company) == {
        "acme:1": ("escaped", "released", "1.0", "escaped"),
        "acme:2": ("unknown", None, None, "unknown"),
        "acme:3": ("unknown", None, None, "unknown"),
        "acme:4": ("escaped", "released", "1.0", "unknown"),
        "acme:5": ("unknown", None, None, "escaped"),
    }


def test_the_introducing_version_is_the_affected_one_that_was_released_first(company: Any, life: Any) -> None:
    company.holds(
        version(1, date(2026, 2, 20)),
        version(2, date(2026, 1, 31)),
        version(3, date(2026, 1, 1), is_released=False),
        version(4, date(2026, 3, 5)),
        *(bug(life, number) for number in (1, 2, 3)),
        *affects(1, 1, 2, 3),
        *affects(2, 4),
        *affects(3, 3),
    ).computes("defects")
    assert company.rows("defects", "issue_id", "introduced_in_version_id", "days_after_release") == [
        ("acme:1", "acme:v2", 30),
        ("acme:2", "acme:v4", -3),
        ("acme:3", None, None),
    ]


def test_links_count_from_either_side_and_as_of_creation_only_when_they_were_there(company: Any, life: Any) -> None:
    company.settings = ruled(
        DefectRule(name="support", escaped=True, link_types=frozenset({"Caused"}), linked_types=frozenset({"Ticket"}))
    )

    def link(name: str, one: int, other: int, **times: Any) -> IssueLink:
        return IssueLink(
            link_id=f"acme:{name}",
            issue_id=f"acme:{one}",
            other_issue_id=f"acme:{other}",
            other_key=None,
            link_type="Caused",
            direction="outward",
            **times,
        )

    ticket = life(9, issue_type="Ticket")
    made = bug(life, 1).state().created_at
    company.holds(
        ticket,
        *(bug(life, number) for number in (1, 2, 3, 4)),
        link("a", 1, 9, created_at=made),
        link("b", 9, 2),
        link("c", 9, 3, removed_at=made),
        link("d", 4, 1),
    )
    assert classes(company) == {
        "acme:1": ("escaped", "support", "Caused Ticket", "escaped"),
        "acme:2": ("escaped", "support", "Caused Ticket", "unknown"),
        "acme:3": ("unknown", None, None, "unknown"),
        "acme:4": ("unknown", None, None, "unknown"),
    }


def test_the_type_at_creation_counts_for_the_class_at_creation(company: Any, life: Any) -> None:
    company.settings = ruled(DefectRule(name="incident", escaped=True, types=frozenset({"Incident"})))
    company.holds(life(1, issue_type="Bug").then(5, type="Incident"))
    assert classes(company) == {"acme:1": ("escaped", "incident", "Incident", "unknown")}
