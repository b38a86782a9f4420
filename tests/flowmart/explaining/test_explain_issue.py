"""An issue's page tells its history, its numbers and what counts it, with the evidence of each."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from flowmart.errors import UsageError
from flowmart.explaining.shapes import IssuePage
from metrics.settings import MetricSettings
from tests.flowmart.explaining.given import a_person, bug, by, explained, stored
from tests.metrics.conftest import Company, Life, a_sprint, at, hours_of
from warehouse.records import IssueVersion, Version
from warehouse.tables import table

DAY = 24.0


def the_page(company: Company, word: str = "PAY-1") -> IssuePage:
    (page,) = explained(company, word)
    return page


def numbers(page: IssuePage) -> dict[str, Any]:
    return {one.name: one.value for one in page.numbers}


def why_none(page: IssuePage) -> dict[str, str | None]:
    return {one.name: one.why_none for one in page.numbers if one.value is None}


def counted(page: IssuePage) -> dict[str, tuple[bool, str]]:
    return {one.metric: (one.is_counted, one.says) for one in page.counted}


def a_hard_life() -> Life:
    """Started, reviewed, done, reopened, done again; in two sprints and estimated twice."""
    life = by(Life(1, sprint_ids="36", story_points=3.0).then(DAY, status="Doing"), "ana")
    life.then(2 * DAY, status="Review").then(3 * DAY, status="Done").then(4 * DAY, status="Doing", points=5.0)
    life.then(7 * DAY, sprint="36, 37").then(9 * DAY, status="Done")
    return life


@pytest.fixture
def hard(company: Company) -> Company:
    sprints = (a_sprint(36, 10, 5 * DAY), a_sprint(37, 8 * DAY, 12 * DAY))
    return company.holds(a_person("ana"), *sprints, a_hard_life()).computes()


def test_the_timeline_has_each_stay_with_the_change_that_began_it(hard: Company) -> None:
    page = the_page(hard)
    assert [(hours_of(one.entered_at), one.status, one.stage, one.is_waiting) for one in page.timeline] == [
        (0, "To Do", "todo", False),
        (24, "Doing", "in_progress", False),
        (48, "Review", "in_progress", True),
        (72, "Done", "done", False),
        (96, "Doing", "in_progress", False),
        (216, "Done", "done", False),
    ]
    first, started = page.timeline[0].change, page.timeline[1].change
    assert first is None
    assert started is not None
    assert (started.change_id, started.by, started.old, started.new) == ("acme:1:1:0", "Ana", "To Do", "Doing")


def test_the_timeline_marks_what_starts_finishes_and_goes_back(hard: Company) -> None:
    marks = [one.marks for one in the_page(hard).timeline]
    assert marks == [("created",), ("cycle time starts",), (), (), ("reopened",), ("finished",)]


def test_a_return_to_todo_moves_back_and_the_next_start_counts(company: Company) -> None:
    life = Life().then(1, status="Doing").then(2, status="To Do").then(3, status="Doing")
    marks = [one.marks for one in the_page(company.holds(life).computes()).timeline]
    assert marks == [("created",), (), ("moved back",), ("cycle time starts",)]


def test_an_issue_created_in_progress_starts_with_its_creation(company: Company) -> None:
    page = the_page(company.holds(Life(status="Doing").then(5, status="Done")).computes())
    assert [one.marks for one in page.timeline] == [("created", "cycle time starts"), ("finished",)]


def test_a_status_set_by_a_move_is_no_return(company: Company) -> None:
    life = Life().then(1, status="Doing").then(2, project="20", status="To Do").then(3, status="Doing")
    page = the_page(company.holds(life).computes())
    assert page.timeline[2].marks == ("moved from 10 to 20",)
    assert numbers(page)["moved back"] == 0


def test_marks_are_as_many_as_the_numbers_say(hard: Company) -> None:
    page = the_page(hard)
    marks = [mark for one in page.timeline for mark in one.marks]
    assert numbers(page)["reopened"] == marks.count("reopened") == 1
    assert numbers(page)["moved back"] == marks.count("moved back") + marks.count("reopened")


def test_the_stay_that_lasts_is_measured_until_the_last_compute(hard: Company) -> None:
    last = the_page(hard).timeline[-1]
    assert (last.left_at, last.seconds) == (None, (1000 - 216) * 3600)


def test_each_number_has_its_formula(hard: Company) -> None:
    page = the_page(hard)
    assert numbers(page)["cycle time"] == 8 * DAY * 3600
    assert (numbers(page)["in days"], numbers(page)["inclusive days"]) == (8.0, 9)
    assert numbers(page)["last run"] == 5 * DAY * 3600
    formulas = {one.name: one.formula for one in page.numbers}
    assert formulas["cycle time"] == "finished 2026-03-11 00:00 UTC − started 2026-03-03 00:00 UTC"
    assert "last entry into progress 2026-03-06 00:00 UTC" in formulas["last run"]
    assert numbers(page)["points at finish"] == 5


@pytest.mark.parametrize(
    ("life", "why"),
    [
        (Life().then(1, status="Doing"), "it is not done now"),
        (Life().then(1, status="Done"), "it was done without ever being in progress after its last return to todo"),
        (
            Life().then(1, status="Doing").then(2, status="Done", resolution="Won't Do"),
            "it was cancelled, not delivered (resolution Won't Do)",
        ),
        (
            Life().then(1, status="Doing").then(2, status="Dropped"),
            "it was cancelled, not delivered (its stage is removed)",
        ),
        (
            Life(others={"level": "subtask"}).then(1, status="Doing").then(2, status="Done"),
            "its level is subtask, and metrics.levels does not count that",
        ),
        (Life(others={"absence": "deleted"}).then(1, status="Done"), "it is deleted in the tracker"),
    ],
    ids=["not finished", "skipped", "resolution", "removed", "level", "deleted"],
)
def test_an_issue_without_a_cycle_time_says_why(company: Company, life: Life, why: str) -> None:
    page = the_page(company.holds(life).computes())
    assert why_none(page)["cycle time"] == why
    is_counted, says = counted(page)["cycle_time_trend"]
    assert not is_counted
    assert says.startswith(why)


def test_a_delivered_issue_names_the_rows_that_count_it(company: Company) -> None:
    others = [Life(number).then(1, status="Doing").then(240, status="Done") for number in (2, 3)]
    life = Life(story_points=3.0).then(1, status="Doing").then(200, status="Done")
    page = the_page(company.holds(life, *others).computes())
    is_counted, says = counted(page)["cycle_time_trend"]
    assert is_counted
    assert "2026-W11 (3 issues, 0 skipped), 2026-03 (3 issues, 0 skipped)" in says
    assert says.endswith("of PAY × Red × Story")
    assert counted(page)["throughput"][1].startswith("1 issue and 3 points in 2026-W11 (3 issues, 3 points)")


def test_a_skipped_issue_counts_in_throughput_and_in_no_percentile(company: Company) -> None:
    page = the_page(company.holds(Life().then(1, status="Done")).computes())
    assert "only in skipped_count" in counted(page)["cycle_time_trend"][1]
    assert counted(page)["throughput"][0]


def test_each_sprint_tells_how_the_issue_came_and_what_became_of_it(hard: Company) -> None:
    first, second = the_page(hard).sprints
    assert (first.name, first.is_committed, first.outcome) == ("Sprint 36", True, "carried_over")
    assert (first.points_at_start, first.points_at_end, first.carried_to) == (3, 5, "Sprint 37")
    assert [(one.event, one.points_before, one.points_after) for one in first.events] == [
        ("committed", None, 3),
        ("completed", 3, 3),
        ("estimate_changed", 3, 5),
        ("reopened", 5, 5),
    ]
    assert first.memberships[0].change is None
    assert (second.is_committed, second.outcome) == (True, "completed")
    joined = second.memberships[0].change
    assert joined is not None
    assert (joined.change_id, hours_of(second.memberships[0].entered_at)) == ("acme:1:5:0", 168)


def test_velocity_counts_what_a_closed_sprint_completed(hard: Company) -> None:
    assert counted(the_page(hard))["velocity_trend"] == (True, "5 points in Sprint 37")


def test_a_sprint_that_does_not_count_the_issue_says_why(company: Company) -> None:
    company.holds(
        a_sprint(36, 10, 20),
        a_sprint(38, None, None, "future"),
        Life(1, sprint_ids="36").then(5, sprint="38"),
        Life(2, sprint_ids="36", others={"level": "subtask"}),
    ).computes()
    reasons = {one.name: one.why_none for one in the_page(company).sprints}
    assert reasons == {
        "Sprint 36": "it was no member at any time between start and end",
        "Sprint 38": "the sprint has no start: it has no figures",
    }
    (subtask,) = the_page(company, "PAY-2").sprints
    assert subtask.why_none == "sprints count standard issues only; this is a subtask"


def test_estimates_name_the_change_that_made_them(hard: Company) -> None:
    first, second = the_page(hard).estimates
    assert (first.points, first.change, hours_of(first.valid_to)) == (3, None, 96)
    assert second.change is not None
    assert (second.points, second.change.old, second.change.new) == (5, "3.0", "5.0")


def test_a_defect_shows_the_rules_up_to_the_one_that_decided(company: Company) -> None:
    life = bug(1, "Test", others={"severity": "Major"})
    version = Version(
        version_id="acme:9", project_id="acme:10", name="1.0", is_released=True, released_on=at(-48).date(),
        start_on=None, is_archived=False,
    )  # fmt: skip
    affects = IssueVersion(issue_version_id="acme:1:affects:9", issue_id="acme:1", version_id="acme:9", role="affects")
    page = the_page(company.holds(version, life, affects).computes())
    assert page.defect is not None
    assert [(one.name, one.decided) for one in page.defect.rules] == [
        ("in production", False),
        ("by a customer", False),
        ("before release", True),
    ]
    assert (page.defect.escape_class, page.defect.evidence) == ("internal", "Test")
    assert (page.defect.introduced_in, page.defect.days_after_release) == ("1.0", 2)
    assert counted(page)["defect_escape"] == (
        True,
        (
            "as internal, by discovery on 2026-03-02: 2026-W10 (0 escaped, 1 internal, 0 unknown), "
            "2026-03 (0 escaped, 1 internal, 0 unknown); by release: 1.0"
        ),
    )


def test_a_cancelled_defect_and_an_issue_that_is_none_count_in_no_rate(company: Company) -> None:
    company.holds(bug(1, "Test").then(1, status="Dropped"), Life(2)).computes()
    assert counted(the_page(company))["defect_escape"] == (
        False,
        "it was cancelled: such defects count in no rate",
    )
    assert counted(the_page(company, "PAY-2"))["defect_escape"] == (
        False,
        "its type Story is none of defects.types (Bug, Defect, Incident)",
    )


def test_blocked_stretches_stand_beside_the_stays_with_blockers_by_key(company: Company) -> None:
    company.holds(Life(1).then(10, status="Doing").then(20, status="Done"), Life(2)).computes()
    row = {"blocked_interval_id": "acme:1:0", "issue_id": "acme:1", "entered_at": at(5), "left_at": at(12)}
    with company.engine.begin() as connection:
        connection.execute(
            insert(table("blocked_intervals")).values(**row, seconds=7 * 3600.0, causes="flag; link: acme:2; label: x")
        )
    page = the_page(company)
    assert [one.blocked_seconds for one in page.timeline] == [5 * 3600, 2 * 3600, 0]
    assert page.blocked[0].causes == ("flagged", "blocked by PAY-2", "label: x")


def test_numbers_that_no_computation_has_filled_say_so(hard: Company) -> None:
    with hard.engine.begin() as connection:
        nothing = dict.fromkeys(("business_seconds", "active_seconds", "flow_efficiency", "flow_efficiency_reason"))
        connection.execute(update(table("issue_flow")).values(**nothing))
    reasons = why_none(the_page(hard))
    assert reasons["business time"] == "this warehouse has no value for it yet: run `flowmart compute`"
    assert {"business time", "active", "flow efficiency"} <= set(reasons)


def test_a_flow_efficiency_without_rules_is_none_and_says_so(hard: Company) -> None:
    with hard.engine.begin() as connection:
        connection.execute(update(table("issue_flow")).values(flow_efficiency=None, flow_efficiency_reason="no_rules"))
    reason = why_none(the_page(hard))["flow efficiency"]
    assert reason is not None
    assert reason.startswith("nothing in [workflow] says what waits or blocks")


def test_aging_tells_what_the_issue_is_older_than(company: Company) -> None:
    company.holds(Life().then(1, status="Doing")).computes()
    with company.engine.begin() as connection:
        connection.execute(table("wip_aging").delete())
        connection.execute(table("definitions").delete().where(table("definitions").c.table_name == "wip_aging"))
    row = {"issue_id": "acme:1", "project_id": "acme:10", "issue_type": "Story", "stage": "in_progress"}
    more = {"status": "Doing", "age_days": 41.6, "percentile_passed": 85, "compared_count": 30}
    stored(company, "wip_aging", {**row, **more, "compared_with": "project", "is_blocked": False})
    assert counted(the_page(company))["wip_aging"] == (
        True,
        "in progress, 41.6 days old: older than 85 % of 30 finished issues (project) took",
    )


def test_findings_about_the_issue_are_shown(hard: Company) -> None:
    row = {
        "data_quality_id": "history_gap:acme:1", "check_name": "history_gap", "severity": "warning",
        "source_id": "acme", "entity": "issue", "entity_id": "acme:1", "evidence": "status", "advice": "look",
        "found_at": at(1),
    }  # fmt: skip
    with hard.engine.begin() as connection:
        connection.execute(insert(table("data_quality")).values(row))
    (finding,) = the_page(hard).findings
    assert (finding.check_name, finding.evidence, finding.advice) == ("history_gap", "status", "look")


def test_a_fresh_page_has_no_notes(hard: Company) -> None:
    assert the_page(hard).freshness.notes == ()
    assert the_page(hard).freshness.as_of == at(1000)


def test_an_issue_that_changed_after_the_compute_says_so(company: Company) -> None:
    company.holds(Life()).computes()
    company.holds(Life().then(1001, status="Doing"))
    (note,) = the_page(company).freshness.notes
    assert note == "the issue changed after that, at 2026-04-12 17:00 UTC: run `flowmart compute`"


def test_an_issue_loaded_anew_says_so(company: Company) -> None:
    company.holds(Life()).computes()
    with company.engine.begin() as connection:
        connection.execute(insert(table("stale_issues")).values(issue_id="acme:1"))
    (note,) = the_page(company).freshness.notes
    assert note.startswith("the issue, or what it stands on, was loaded anew after that")


def test_an_issue_that_came_after_the_compute_says_so(company: Company) -> None:
    company.holds(Life(1)).computes()
    page = the_page(company.holds(Life(2)), "PAY-2")
    assert page.freshness.notes == ("the issue came after the last compute: run `flowmart compute`",)
    assert (page.numbers, page.counted) == ((), ())


def test_a_warehouse_that_was_never_computed_says_so(company: Company) -> None:
    page = the_page(company.holds(Life()))
    assert page.freshness.as_of is None
    assert page.freshness.notes == ("metrics were never computed here: run `flowmart compute`",)
    assert page.head.status == "To Do"


def test_rules_that_changed_since_are_named(company: Company) -> None:
    company.holds(bug(1)).computes()
    company.settings = MetricSettings(workflow=company.settings.workflow)
    notes = the_page(company).freshness.notes
    assert notes == ("the rules in the configuration changed since defects was computed: run `flowmart compute`",)


@pytest.mark.parametrize("word", ["PAY-1", "pay-1", "acme:1", "#PAY-1"])
def test_an_issue_is_found_by_key_in_any_case_and_by_id(company: Company, word: str) -> None:
    assert the_page(company.holds(Life(), Life(2)).computes(), word).head.issue_id == "acme:1"


def test_a_key_of_two_sources_gives_both(company: Company) -> None:
    company.holds(Life(1), Life(1, source_id="ado"))
    assert [page.head.issue_id for page in explained(company, "PAY-1", "acme:1")] == ["acme:1", "ado:1"]


def test_a_former_key_finds_the_issue_and_says_so(company: Company) -> None:
    life = Life(7).then(5, project="20")
    life.changes.append(_key_change(life))
    page = the_page(company.holds(life), "web-3")
    assert (page.head.key, page.found_by, page.asked) == ("PAY-7", "former key", "web-3")


def _key_change(life: Life) -> Any:
    template = life.changes[-1]
    values = {name: getattr(template, name) for name in template.__struct_fields__}
    key = {"field": "key", "from_value": None, "from_text": "WEB-3", "to_value": None, "to_text": "PAY-7"}
    return type(template)(**{**values, **key, "ordinal": 1, "change_id": "acme:7:1:1"})


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("PAY-99", "no issue named PAY-99; nearest are PAY-12, PAY-7, PAY-2"),
        ("PAI-6", "no issue named PAI-6; nearest are PAY-7, PAY-2, PAY-12"),
        ("nothing", "no issue named nothing; nearest are PAY-2, PAY-7, PAY-12"),
    ],
)
def test_an_unknown_issue_names_the_nearest(company: Company, word: str, line: str) -> None:
    company.holds(Life(2), Life(7), Life(12))
    with pytest.raises(UsageError) as refused:
        explained(company, "PAY-2", word)
    assert str(refused.value) == line


def test_an_empty_warehouse_says_that_it_holds_nothing(company: Company) -> None:
    with pytest.raises(UsageError, match="no issue named PAY-1; the warehouse holds no issues"):
        explained(company, "PAY-1")
