"""The first rule that matches a defect decides whether it escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from metrics.defects.escape_rules import Facts, Verdict, make_ready
from metrics.settings import DefectRule

BUG = Facts(issue_type="Bug", created_on=date(2026, 3, 10))


def rule(*, escaped: bool = True, name: str = "a rule", **condition: Any) -> DefectRule:
    return DefectRule(name=name, escaped=escaped, **condition)


def verdict(rules: Sequence[DefectRule], facts: Facts) -> Verdict:
    return make_ready(rules).verdict(facts)


def evidence(facts: Facts, **condition: Any) -> str | None:
    return verdict([rule(**condition)], facts).evidence


def test_without_a_rule_that_matches_the_class_is_unknown() -> None:
    assert verdict([], BUG) == ("unknown", None, None)
    assert verdict([rule(labels=frozenset({"customer"}))], BUG) == ("unknown", None, None)


def test_rules_are_tried_in_order() -> None:
    rules = [
        rule(name="in test", escaped=False, field="found_in", values=frozenset({"QA"})),
        rule(name="customer", labels=frozenset({"customer"})),
        rule(name="all others", escaped=False, types=frozenset({"Bug"})),
    ]
    both = replace(BUG, labels=("customer",), fields={"found_in": ("QA",)})
    assert verdict(rules, both) == ("internal", "in test", "QA")
    assert verdict(rules, replace(BUG, labels=("customer",))) == ("escaped", "customer", "customer")
    assert verdict(rules, BUG) == ("internal", "all others", "Bug")


def test_fields_and_labels_are_compared_without_case_and_told_as_they_are() -> None:
    assert evidence(replace(BUG, fields={"environment": ("PROD",)}), field="Environment", values={"prod"}) == "PROD"
    assert (
        evidence(replace(BUG, fields={"environment": ("QA", "Prod")}), field="environment", values={"PROD"}) == "Prod"
    )
    assert evidence(replace(BUG, labels=("Customer",)), labels={"customer"}) == "Customer"
    assert evidence(replace(BUG, fields={"environment": ()}), field="environment", values={"prod"}) is None


@pytest.mark.parametrize(
    ("released", "expected"),
    [(date(2026, 3, 9), "2.0"), (date(2026, 3, 10), "2.0"), (date(2026, 3, 11), None)],
)
def test_an_affected_version_counts_when_it_was_released_by_the_day_of_creation(
    released: date, expected: str | None
) -> None:
    assert evidence(replace(BUG, affects=(("2.0", released),)), affects_released=True) == expected


def test_links_count_by_type_and_by_the_type_of_the_other_issue_where_it_is_asked() -> None:
    linked = replace(BUG, links=(("Blocks", "Story"), ("Relates", "Support Request"), ("Relates", None)))
    assert evidence(linked, link_types={"relates"}, linked_types={"support request"}) == "Relates Support Request"
    assert evidence(linked, link_types={"Blocks"}) == "Blocks Story"
    assert evidence(linked, link_types={"Blocks"}, linked_types={"Incident"}) is None
    assert evidence(replace(BUG, links=(("Relates", None),)), link_types={"Relates"}) == "Relates"


def test_types_are_compared_without_case() -> None:
    assert evidence(BUG, types={"BUG"}) == "Bug"
    assert evidence(BUG, types={"Incident"}) is None


def test_rules_say_what_they_ask_for_so_that_nothing_else_is_read() -> None:
    none = make_ready([])
    assert (none.fields, none.labels, none.types, none.affects, none.links) == ({}, False, False, False, False)
    some = make_ready([rule(field="Found In", values={"QA"}), rule(link_types={"Blocks"})])
    assert (some.fields, some.labels, some.links) == ({"found in": "Found In"}, False, True)
