"""Each defect has a row that says whether it escaped, now and as of its creation, and which release brought it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.settings import DefectRule, Defects, MetricSettings
from warehouse.records import Field, IssueChange, IssueLabel, IssueLink, IssueVersion, LinkEvent, Version

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


def link(name: str, one: int, other: int | None, source_id: str = "acme", **values: Any) -> IssueLink:
    return IssueLink(
        **{
            "link_id": f"{source_id}:{name}",
            "issue_id": f"{source_id}:{one}",
            "other_issue_id": None if other is None else f"{source_id}:{other}",
            "other_key": None,
            "link_type": "Caused",
            "direction": "outward",
            **values,
        }
    )


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
        ("environment", {"custom_fields": '{"Environment":"QA, production"}'}),
    ],
)
def test_a_field_is_a_column_or_a_custom_field_of_one_or_more_values(
    company: Any, life: Any, field: str, values: dict[str, str]
) -> None:
    company.settings = ruled(DefectRule(name="prod", escaped=True, field=field, values=frozenset({"Production"})))
    company.holds(bug(life, 1, others=values), bug(life, 2), edit(life, 1, field, "QA", "Production"))
    company.holds(Field(field_id="acme:f1", source_id="acme", name=field, kind=None, role=None))
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


def test_a_link_that_is_removed_since_was_there_at_creation(company: Any, life: Any) -> None:
    company.settings = ruled(DefectRule(name="support", escaped=True, link_types=frozenset({"Caused"})))
    made, removed = (life(created=hour).state().created_at for hour in (0, 9))
    company.holds(
        life(9, issue_type="Ticket"),
        *(bug(life, number) for number in (1, 2, 3)),
        link("a", 1, 9, created_at=made, removed_at=removed),
        link("b", 9, 2, created_at=made, removed_at=made),
        link("c", 3, 9, created_at=removed),
    )
    assert classes(company) == {
        "acme:1": ("unknown", None, None, "escaped"),
        "acme:2": ("unknown", None, None, "unknown"),
        "acme:3": ("escaped", "support", "Caused Ticket", "unknown"),
    }


def test_removed_links_of_jira_are_told_by_the_key_in_the_history_of_either_side(company: Any, life: Any) -> None:
    types = {"link_types": frozenset({"Caused"}), "linked_types": frozenset({"Ticket"})}
    company.settings = ruled(DefectRule(name="support", escaped=True, **types))

    def event(number: int, key: str, hour: float, *, is_made: bool = True) -> LinkEvent:
        return LinkEvent(
            link_event_id=f"acme:{number}:{hour}:{is_made}",
            issue_id=f"acme:{number}",
            other_issue_id=None,
            other_key=key,
            link_type="Caused",
            direction="inward",
            happened_at=life(created=hour).state().created_at,
            is_made=is_made,
            author_id=None,
        )

    company.holds(
        life(9, issue_type="Ticket"),
        *(bug(life, number) for number in (1, 2, 3, 4)),
        *(event(1, "PAY-9", 0), event(1, "PAY-9", 5, is_made=False)),
        event(2, "PAY-9", 1),
        event(3, "PAY-4", 0),
        *(event(4, "PAY-9", -2), event(4, "PAY-9", -1, is_made=False)),
    )
    assert {issue_id: found[3] for issue_id, found in classes(company).items()} == {
        "acme:1": "escaped",
        "acme:2": "unknown",
        "acme:3": "unknown",
        "acme:4": "unknown",
    }
    assert {found[0] for found in classes(company).values()} == {"unknown"}


def test_a_field_known_by_its_own_name_has_its_changes_under_the_name_of_its_role(company: Any, life: Any) -> None:
    company.settings = ruled(
        DefectRule(name="prod", escaped=True, field="found where", values=frozenset({"Production"}))
    )
    told = edit(life, 1, "found_in", "QA", "Production")
    values = {name: getattr(told, name) for name in IssueChange.__struct_fields__}
    company.holds(
        Field(field_id="acme:cf7", source_id="acme", name="Found Where", kind=None, role="found_in"),
        bug(life, 1, others={"custom_fields": '{"Found Where":"Production"}'}),
        IssueChange(**{**values, "field_id": "acme:cf7"}),
    )
    assert classes(company)["acme:1"] == ("escaped", "prod", "Production", "unknown")


def test_several_values_of_history_are_one_text(company: Any, life: Any) -> None:
    company.settings = ruled(DefectRule(name="prod", escaped=True, field="Seen", values=frozenset({"Production"})))
    company.holds(bug(life, 1), edit(life, 1, "Seen", "QA,Production", None))
    assert classes(company)["acme:1"] == ("unknown", None, None, "escaped")


def test_what_is_changed_at_the_instant_of_creation_was_so_at_creation(company: Any, life: Any) -> None:
    company.settings = ruled(CUSTOMER)
    company.holds(
        *(bug(life, number) for number in (1, 2)),
        *(label(number, "customer") for number in (1, 2)),
        edit(life, 1, "labels", None, "customer", hour=0),
        edit(life, 2, "labels", None, "customer", hour=0.01),
    )
    assert [found[3] for found in classes(company).values()] == ["escaped", "unknown"]


def test_changes_after_now_have_not_happened(company: Any, life: Any) -> None:
    company.settings = ruled(CUSTOMER)
    company.now = 20
    late = {"updated_at": life(created=30).state().created_at}
    company.holds(
        version(1, date(2026, 2, 1)),
        *(bug(life, number, others={**late, "severity": "High"}) for number in (1, 2)),
        label(1, "customer"),
        edit(life, 1, "labels", None, "customer", hour=30),
        edit(life, 1, "severity", "Low", "High", hour=30),
        *affects(2, 1),
        edit(life, 2, "affects_versions", None, "v1", hour=30),
    ).computes("defects")
    columns = ("issue_id", "severity", "escape_class", "introduced_in_version_id")
    assert company.rows("defects", *columns) == [
        ("acme:1", "Low", "unknown", None),
        ("acme:2", "High", "unknown", None),
    ]


def test_stage_moves_are_told_where_there_is_more_than_the_finish(company: Any, life: Any) -> None:
    company.holds(
        bug(life, 1).then(1, status="Doing").then(2, status="Done").then(3, status="Closed"),
        bug(life, 2).then(2, status="Done").then(3, status="Doing"),
        bug(life, 3).then(2, status="Done").then(3, status="To Do", project="20").then(4, status="Done"),
    ).computes("defects")
    day = "2026-03-02T"
    assert company.rows("defects", "issue_id", "stage_moves") == [
        ("acme:1", None),
        ("acme:2", f"{day}02:00:00.000000Z done; {day}03:00:00.000000Z in_progress"),
        (
            "acme:3",
            f"{day}02:00:00.000000Z done; {day}03:00:00.000000Z todo (moved); {day}04:00:00.000000Z done",
        ),
    ]
