"""A status means what the config's narrowest rule says of its name, else what the tracker's category says."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.history.stages import KnownStatus, StatusCatalogue, StatusRow
from metrics.settings import MetricSettings, StageNames, Workflow

JIRA = [
    StatusRow("acme:1", "acme", None, None, "Open", "new"),
    StatusRow("acme:2", "acme", None, None, "In Review", "indeterminate"),
    StatusRow("acme:3", "acme", None, None, "Done", "done"),
    StatusRow("acme:4", "acme", None, None, "Odd", "undefined"),
]


def look_up(rows: list[StatusRow], value: str, name: str, **rules: Any) -> KnownStatus:
    settings = MetricSettings(**{"workflow": Workflow(), **rules})
    return StatusCatalogue(rows, {"acme:10": "PAY"}, settings).look_up("acme", "acme:10", "Story", value, name)


@pytest.mark.parametrize(
    ("category", "stage"),
    [
        ("new", "todo"),
        ("indeterminate", "in_progress"),
        ("done", "done"),
        ("proposed", "todo"),
        ("inprogress", "in_progress"),
        ("resolved", "in_progress"),
        ("completed", "done"),
        ("removed", "removed"),
        ("undefined", None),
        (None, None),
    ],
)
def test_the_trackers_categories(category: str | None, stage: str | None) -> None:
    assert look_up([StatusRow("acme:9", "acme", None, None, "Any", category)], "9", "Any").stage == stage


def test_a_configured_name_goes_before_the_category_and_case_does_not_matter() -> None:
    rules = Workflow(stages=StageNames(todo=frozenset({"IN REVIEW"})))
    assert look_up(JIRA, "2", "In Review", workflow=rules).stage == "todo"


def test_the_type_goes_before_the_project_and_the_project_before_all() -> None:
    named = {name: StageNames(**{name: frozenset({"Open"})}) for name in ("in_progress", "done", "removed")}
    broad = Workflow(stages=named["in_progress"])
    nearer = Workflow(stages=named["in_progress"], projects={"pay": named["done"]})
    nearest = Workflow(stages=named["in_progress"], projects={"PAY": named["done"]}, types={"story": named["removed"]})
    found = [look_up(JIRA, "1", "Open", workflow=rules).stage for rules in (broad, nearer, nearest)]
    assert found == ["in_progress", "done", "removed"]


def test_a_sources_own_workflow_is_in_force_for_it() -> None:
    own = {"acme": Workflow(stages=StageNames(done=frozenset({"Open"})))}
    assert look_up(JIRA, "1", "Open", source_workflows=own).stage == "done"
    assert look_up(JIRA, "1", "Open", source_workflows={"other": own["acme"]}).stage == "todo"


def test_a_rule_for_todays_name_holds_for_what_it_was_called_then() -> None:
    rules = Workflow(stages=StageNames(todo=frozenset({"In Review"})))
    assert look_up(JIRA, "2", "Checking", workflow=rules).stage == "todo"


def test_waiting_means_something_in_progress_only() -> None:
    rules = Workflow(waiting=frozenset({"in review", "Open"}))
    assert look_up(JIRA, "2", "In Review", workflow=rules).is_waiting
    assert not look_up(JIRA, "1", "Open", workflow=rules).is_waiting
    assert not look_up(JIRA, "2", "In Review").is_waiting


def test_a_status_without_a_row_is_known_by_its_name_where_that_is_clear() -> None:
    assert look_up(JIRA, "99", "done") == KnownStatus(None, "done", is_waiting=False)
    assert look_up(JIRA, "99", "Vanished") == KnownStatus(None, None, is_waiting=False)
    two = [*JIRA, StatusRow("acme:5", "acme", None, None, "Done", "indeterminate")]
    assert look_up(two, "99", "Done").stage is None


def test_a_status_without_a_row_can_still_be_named_in_the_config() -> None:
    rules = Workflow(stages=StageNames(done=frozenset({"Vanished"})))
    assert look_up(JIRA, "99", "Vanished", workflow=rules) == KnownStatus(None, "done", is_waiting=False)


def test_stages_of_todays_statuses_are_stored(company: Any) -> None:
    company.holds().computes("statuses")
    assert company.rows("statuses", "name", "stage") == [
        ("Closed", "done"),
        ("Doing", "in_progress"),
        ("Done", "done"),
        ("Dropped", "removed"),
        ("Review", "in_progress"),
        ("To Do", "todo"),
    ]
    company.settings = MetricSettings(workflow=Workflow(projects={"PAY": StageNames(done=frozenset({"To Do"}))}))
    company.computes("statuses")
    assert ("To Do", "todo") in company.rows("statuses", "name", "stage")  # the status belongs to no project
