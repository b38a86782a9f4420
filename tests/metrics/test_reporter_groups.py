"""A rule may ask whether a defect's reporter is in a group: by the members as of the last sync, without history."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Replacement
from metrics.settings import DefectRule, Defects, GroupName, MetricSettings
from tests.metrics.renewing import renewed
from tests.metrics.test_defects import bug, classes, edit, ruled
from warehouse.loader import Loader
from warehouse.records import Group, IssueLabel, UserGroup, group_id


def by_group(*names: str, source_id: str = "", escaped: bool = True, name: str = "customers") -> DefectRule:
    return DefectRule(
        name=name, escaped=escaped, reporter_groups=frozenset(GroupName(source_id, each) for each in names)
    )


def group(name: str, *people: str, source_id: str = "acme") -> list[Group | UserGroup]:
    """A group with its members, as a sync stores them."""
    one = group_id(source_id, name)
    return [
        Group(group_id=one, source_id=source_id, name=name),
        *(
            UserGroup(
                user_group_id=f"{one}:{person}",
                source_id=source_id,
                group_id=one,
                user_id=f"{source_id}:{person}",
                group_name=name,
            )
            for person in people
        ),
    ]


def reported(life: Any, number: int, person: str | None, **values: Any) -> Any:
    source_id = values.get("source_id", "acme")
    return bug(life, number, others={"reporter_id": person and f"{source_id}:{person}"}, **values)


def replaces(company: Any, rows: list[Group | UserGroup]) -> None:
    """Make the members of a group exactly these, as a sync does."""
    one = rows[0].group_id
    with company.engine.begin() as connection:
        for kind in (Group, UserGroup):
            mine = [row for row in rows if isinstance(row, kind)]
            Loader(connection).replace(Replacement(record_type=kind, scope="group_id", values=[one], records=mine))


def test_the_reporters_group_decides_and_is_the_evidence(company: Any, life: Any) -> None:
    company.settings = ruled(by_group("partners", "CUSTOMERS"), by_group("staff", escaped=False, name="own people"))
    company.holds(
        *group("Customers", "eve"),
        *group("Staff", "mia", "eve"),
        *(reported(life, number, person) for number, person in enumerate(("eve", "mia", "jo", None), 1)),
    )
    assert classes(company) == {
        "acme:1": ("escaped", "customers", "Customers", "escaped"),
        "acme:2": ("internal", "own people", "Staff", "internal"),
        "acme:3": ("unknown", None, None, "unknown"),
        "acme:4": ("unknown", None, None, "unknown"),
    }


def test_a_group_of_one_source_says_nothing_of_people_in_another(company: Any, life: Any) -> None:
    company.settings = ruled(by_group("customers", source_id="ado"))
    company.holds(
        *group("customers", "eve"),
        *group("customers", "eve", source_id="ado"),
        reported(life, 1, "eve"),
        reported(life, 2, "eve", source_id="ado", area_path="Shop"),
    )
    assert {one: told[0] for one, told in classes(company).items()} == {"acme:1": "unknown", "ado:2": "escaped"}


def test_a_name_with_colons_and_brackets_is_a_name_like_any(company: Any, life: Any) -> None:
    company.settings = ruled(by_group(r"[Shop]\QA: night"))
    company.holds(*group(r"[Shop]\QA: night", "eve"), reported(life, 1, "eve"))
    assert classes(company)["acme:1"][2] == r"[Shop]\QA: night"


def test_as_of_creation_the_reporter_of_then_counts_with_the_members_of_today(company: Any, life: Any) -> None:
    company.settings = ruled(by_group("customers"))
    company.holds(
        *group("customers", "eve"),
        *(reported(life, number, person) for number, person in ((1, "mia"), (2, "eve"), (3, "eve"))),
        edit(life, 1, "reporter", "eve", "mia"),
        edit(life, 2, "reporter", "mia", "eve"),
        edit(life, 3, "reporter", None, "eve"),
    )
    assert {one: (told[0], told[3]) for one, told in classes(company).items()} == {
        "acme:1": ("unknown", "escaped"),
        "acme:2": ("escaped", "unknown"),
        "acme:3": ("escaped", "unknown"),
    }


def test_an_earlier_rule_goes_before_the_group(company: Any, life: Any) -> None:
    label = DefectRule(name="tagged", escaped=False, labels=frozenset({"test"}))
    company.settings = ruled(label, by_group("customers"))
    company.holds(
        *group("customers", "eve"),
        reported(life, 1, "eve"),
        reported(life, 2, "eve"),
        IssueLabel(issue_label_id="acme:1:test", issue_id="acme:1", label="test"),
    )
    assert {one: told[1] for one, told in classes(company).items()} == {"acme:1": "tagged", "acme:2": "customers"}


def test_who_joins_or_leaves_a_group_changes_the_class_of_what_they_reported(company: Any, life: Any) -> None:
    company.settings = ruled(by_group("customers"), by_group("staff", escaped=False, name="own people"))
    company.holds(
        *group("customers", "eve"), *group("staff", "mia"), reported(life, 1, "eve"), reported(life, 2, "mia")
    ).computes()
    replaces(company, group("customers", "mia"))
    columns = ("issue_id", "escape_class", "escape_rule")
    assert renewed(company, "defects", *columns) == [
        ("acme:1", "unknown", None),
        ("acme:2", "escaped", "customers"),
    ]
    whole = ("period", "grouping")
    rates = {row[2] for row in company.rows("defect_escape", *whole, "rate") if row[1] == "all"}
    assert rates == {1.0}


def test_an_increment_without_news_of_groups_looks_at_the_renewed_defects_only(company: Any, life: Any) -> None:
    company.settings = ruled(by_group("customers"))
    company.holds(*group("customers", "eve"), reported(life, 1, "eve"), reported(life, 2, "eve")).computes()
    with company.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE defects SET escape_rule = 'untouched' WHERE issue_id = 'acme:2'")
    company.holds(reported(life, 1, "mia", status="Doing")).computes()
    assert company.rows("defects", "issue_id", "escape_rule") == [("acme:1", None), ("acme:2", "untouched")]


@pytest.mark.parametrize("source_id", ["", "acme"])
def test_a_group_that_was_never_loaded_matches_nothing_and_is_told(company: Any, life: Any, source_id: str) -> None:
    company.settings = MetricSettings(
        defects=Defects(
            rules=(
                by_group("customers", "partners", source_id=source_id),
                by_group("Customers", source_id=source_id, name="again"),
            )
        )
    )
    company.holds(*group("partners"), reported(life, 1, "eve"))
    assert classes(company)["acme:1"][0] == "unknown"
    company.computes()
    told = company.rows("data_quality", "check_name", "severity", "entity", "entity_id", "evidence")
    assert [row for row in told if row[0] == "unknown_group" and row[3].startswith("acme")] == [
        (
            "unknown_group",
            "warning",
            "group",
            "acme:customers",
            "the members of 'customers' in acme are unknown; it is named by 'customers', 'again'",
        )
    ]
    company.holds(*group("customers")).computes()
    left = company.rows("data_quality", "check_name", "entity_id")
    assert ("unknown_group", "acme:customers") not in left
