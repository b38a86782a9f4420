"""The page of a defect says which group of its reporter decided, and which groups nobody knows the members of."""

from __future__ import annotations

from dataclasses import replace

from metrics.settings import DefectRule, Defects, GroupName
from tests.flowmart.explaining.given import SETTINGS, bug, explained
from tests.metrics.conftest import Company
from tests.metrics.test_reporter_groups import group


def asking(company: Company, *names: GroupName) -> Company:
    rule = DefectRule(name="by customers", escaped=True, reporter_groups=frozenset(names))
    company.settings = replace(SETTINGS, defects=Defects(rules=(rule,)))
    return company


def test_the_group_that_decided_is_named(company: Company) -> None:
    asking(company, GroupName("", "customers"), GroupName("acme", "partners"), GroupName("other", "staff"))
    reported = bug(1, others={"reporter_id": "acme:eve"})
    [page] = explained(company.holds(*group("Customers", "eve"), *group("partners"), reported).computes(), "PAY-1")
    assert page.defect is not None
    [rule] = page.defect.rules
    assert rule.decided
    assert rule.condition == "its reporter is in the group customers or partners"
    assert (page.defect.rule, page.defect.evidence) == ("by customers", "Customers")


def test_a_group_whose_members_are_unknown_is_told_so(company: Company) -> None:
    asking(company, GroupName("", "customers"), GroupName("", "partners"))
    [page] = explained(
        company.holds(*group("partners"), bug(1, others={"reporter_id": "acme:eve"})).computes(), "PAY-1"
    )
    assert page.defect is not None
    [rule] = page.defect.rules
    assert not rule.decided
    assert rule.condition == "its reporter is in the group customers (members unknown) or partners"


def test_a_rule_for_groups_of_another_source_says_so(company: Company) -> None:
    asking(company, GroupName("ado", "customers"))
    [page] = explained(company.holds(bug(1, others={"reporter_id": "acme:eve"})).computes(), "PAY-1")
    assert page.defect is not None
    assert [rule.condition for rule in page.defect.rules] == ["its reporter is in a group of another source"]
