"""Rows for each day and status, and renewed rows that equal those made from scratch."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from metrics import calendar as days
from metrics.base import Context
from metrics.facts import replaying as facts
from metrics.history import sprint_windows, stages
from metrics.issue_columns import METRIC as ISSUE_COLUMNS
from metrics.settings import Calendar, MetricSettings, StageNames, Workflow
from metrics.trends import daily_flow
from warehouse.bulk import clear
from warehouse.engine import open_warehouse
from warehouse.records import Status
from warehouse.tables import METADATA
from warehouse.tables import table as table_named

MONDAY = date(2026, 3, 2)
BERLIN = MetricSettings(calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")))
FACTS = (sprint_windows.METRIC, stages.METRIC, ISSUE_COLUMNS, days.METRIC, facts.METRIC)
FIGURES = ("day", "status", "issues", "arrivals", "departures", "issues_monotone")


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def context(company: Any, connection: Any, life: Any, *, everything: bool) -> Context:
    now = life(created=company.now).state().created_at
    return Context(connection=connection, settings=company.settings, now=now, everything=everything)


def computes_whole(company: Any, life: Any) -> list[tuple[Any, ...]]:
    """The rows computed from the stored facts alone."""
    with company.engine.begin() as connection:
        for metric in (*FACTS, daily_flow.METRIC):
            metric.compute(context(company, connection, life, everything=True))
    return list(company.rows("daily_flow"))


def renews(company: Any, life: Any, *changed: Any, issue_ids: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """The rows after those issues changed, renewed by their differences."""
    ids = [*issue_ids, *(each.issue_id for each in changed)]
    company.holds(*changed)
    with company.engine.begin() as connection:
        for metric in FACTS[:-1]:
            metric.compute(context(company, connection, life, everything=True))
        now = context(company, connection, life, everything=False)
        steps = daily_flow.steps_for(now)
        assert not steps.is_whole
        daily_flow.subtract_stored(steps, connection, ids)
        facts.METRIC.compute(context(company, connection, life, everything=True))
        daily_flow._add_stored(steps, connection, ids, 1)
        daily_flow.METRIC.compute(replace(now, reach=replace(now.reach, steps=steps)))
    return list(company.rows("daily_flow"))


def test_each_day_has_a_row_for_each_status_that_issues_are_in(company: Any, life: Any) -> None:
    company.now = 80
    company.holds(
        life(1).then(10, status="Doing").then(50, status="Done"),
        life(2, created=30).then(40, status="Done").then(75, status="Doing"),
    )
    company.computes("daily_flow")
    assert company.rows("daily_flow", *FIGURES) == [
        (day(0), "Doing", 1, 1, 0, 1),
        (day(0), "To Do", 0, 1, 1, 0),
        (day(1), "Doing", 1, 0, 0, 2),
        (day(1), "Done", 1, 1, 0, 0),
        (day(1), "To Do", 0, 1, 1, 0),
        (day(2), "Doing", 0, 0, 1, 1),
        (day(2), "Done", 2, 1, 0, 1),
        (day(3), "Doing", 1, 1, 0, 1),
        (day(3), "Done", 1, 0, 1, 1),
    ]


def test_a_row_says_whose_it_is_and_its_id_is_made_of_that(company: Any, life: Any) -> None:
    company.now = 1
    company.holds(life(1, issue_type="Epic", others={"level": "portfolio"}), life(2, status="Parked", project="20"))
    company.computes("daily_flow")
    assert company.rows("daily_flow") == [
        (
            "2026-03-02:acme:10:acme:7:Epic:portfolio:todo:To Do",
            *(day(0), "acme:10", "acme:7", "Epic", "portfolio", "To Do", "todo", 1, 1, 0, 1),
        ),
        (
            "2026-03-02:acme:20::Story:standard::Parked",
            *(day(0), "acme:20", None, "Story", "standard", "Parked", None, 1, 1, 0, 1),
        ),
    ]


def test_issues_of_every_level_and_exclusion_count_but_absent_ones(company: Any, life: Any) -> None:
    company.now = 1
    levels = ("portfolio", "standard", "subtask")
    lives = [life(number, others={"level": level}) for number, level in enumerate(levels)]
    absences = ("deleted", "moved_away", "access_lost")
    absent = [life(number, others={"absence": why}) for number, why in enumerate(absences, 10)]
    company.holds(*lives, life(5, status="Dropped"), *absent).computes("daily_flow")
    assert company.rows("daily_flow", "level", "status", "issues") == [
        ("portfolio", "To Do", 1),
        ("standard", "Dropped", 1),
        ("standard", "To Do", 1),
        ("subtask", "To Do", 1),
    ]


def test_project_and_type_are_those_of_today_also_for_the_past(company: Any, life: Any) -> None:
    company.now = 30
    company.holds(life(1).then(25, project="20", type="Bug")).computes("daily_flow")
    assert company.rows("daily_flow", "day", "project_id", "issue_type", "issues", "arrivals", "departures") == [
        (day(0), "acme:20", "Bug", 1, 1, 0),
        (day(1), "acme:20", "Bug", 1, 0, 0),
    ]


def test_another_stage_after_a_change_of_type_is_a_departure_and_an_arrival(company: Any, life: Any) -> None:
    company.now = 60
    rules = Workflow(types={"Bug": StageNames(done=frozenset({"Review"}))})
    company.settings = MetricSettings(workflow=rules)
    company.holds(life(1, status="Review").then(25, type="Bug")).computes("daily_flow")
    assert company.rows("daily_flow", "day", "stage", *FIGURES[2:]) == [
        (day(0), "in_progress", 1, 1, 0, 1),
        (day(1), "done", 1, 1, 0, 1),
        (day(1), "in_progress", 0, 0, 1, 0),
        (day(2), "done", 1, 0, 0, 1),
    ]


def test_the_sum_over_statuses_is_the_number_of_issues_that_existed_then(company: Any, life: Any) -> None:
    company.now = 200
    company.holds(*(life(n, created=13 * n).then(15 * n, status=("Doing", "Done")) for n in range(14)))
    company.computes("daily_flow")
    total: Counter[date] = Counter()
    for on, issues in company.rows("daily_flow", "day", "issues"):
        total[on] += issues
    assert total == {day(n): sum(13 * issue < 24 * (n + 1) for issue in range(14)) for n in range(9)}


@pytest.mark.parametrize(
    ("created", "moved", "now", "expected"),
    [
        # the night of 29 March 2026: the 29th has 23 hours, from 23:00 of the 28th to 22:00 in UTC
        (26 * 24 + 22.9, 27 * 24 + 21.9, 27 * 24 + 22, [(day(26), 1, 0), (day(27), 1, 1), (day(28), 1, 0)]),
        (26 * 24 + 23, 27 * 24 + 22, 27 * 24 + 22, [(day(27), 1, 0), (day(28), 1, 1)]),
        # the night of 25 October: 25 hours, from 22:00 of the 24th to 23:00
        (236 * 24 + 21.9, 237 * 24 + 22.9, 237 * 24 + 23, [(day(236), 1, 0), (day(237), 1, 1), (day(238), 1, 0)]),
        (236 * 24 + 22, 237 * 24 + 23, 237 * 24 + 23, [(day(237), 1, 0), (day(238), 1, 1)]),
    ],
)
def test_days_are_those_of_the_calendars_zone_also_when_clocks_change(
    company: Any, life: Any, created: float, moved: float, now: float, expected: list[tuple[date, int, int]]
) -> None:
    company.now, company.settings = now, BERLIN
    company.holds(life(1, created=created).then(moved, status="Doing")).computes("daily_flow")
    found = {row[0]: [0, 0] for row in company.rows("daily_flow", "day")}
    for on, status, issues, arrivals in company.rows("daily_flow", "day", "status", "issues", "arrivals"):
        found[on][0] += issues
        found[on][1] += arrivals * (status == "Doing")
    assert [(on, *numbers) for on, numbers in sorted(found.items())] == expected


def test_steps_that_were_counted_on_the_way_give_the_rows_of_the_stored_facts(company: Any, life: Any) -> None:
    company.now = 200
    lives = [life(n, created=n).then(30 + n, status=("Done", "Doing")).then(99, status="Review") for n in range(20)]
    stored = computes_whole(company.holds(*lives), life)
    with company.engine.begin() as connection:
        now = context(company, connection, life, everything=True)
        steps = daily_flow.steps_for(now)
        assert steps.is_whole
        for each in lives:
            steps.add(("acme:10", "acme:7", "Story", "standard"), each.timeline(now=200).stays, 1)
        daily_flow.METRIC.compute(replace(now, reach=replace(now.reach, steps=steps)))
    assert company.rows("daily_flow") == stored != []


def test_differences_are_of_no_use_to_a_computation_of_everything(company: Any, life: Any) -> None:
    company.now = 200
    whole = computes_whole(company.holds(*before(life)), life)
    with company.engine.begin() as connection:
        clear(connection, table_named("daily_flow"))
        differences = daily_flow.steps_for(context(company, connection, life, everything=False))
        now = context(company, connection, life, everything=True)
        daily_flow.METRIC.compute(replace(now, reach=replace(now.reach, steps=differences)))
    assert company.rows("daily_flow") == whole != []


def test_stays_that_begin_at_one_instant_keep_their_order(company: Any, life: Any) -> None:
    """Texts of ordinals do not: 10 is less than 9."""
    company.now = 30
    subject = life(1).then(3, status=("Doing", "Review") * 6).then(3, status="Done")
    company.holds(subject).computes("daily_flow")
    assert company.rows("daily_flow", *FIGURES, day=day(0)) == [
        (day(0), "Doing", 0, 6, 6, 0),
        (day(0), "Done", 1, 1, 0, 1),
        (day(0), "Review", 0, 6, 6, 0),
        (day(0), "To Do", 0, 1, 1, 0),
    ]


FIRST_NOW = 100


def before(life: Any) -> list[Any]:
    return [
        life(1).then(10, status="Doing").then(40, status="Done"),
        life(2, created=30).then(60, status="Doing"),
        life(3, created=50, issue_type="Bug"),
        life(4, created=70, status="Parked"),
    ]


@pytest.mark.parametrize("now", [FIRST_NOW, 110, 120, 200, 800])
def test_a_change_renews_the_rows_as_from_scratch(company: Any, life: Any, now: float) -> None:
    """On the day of the last compute, and with days in between on which nothing happened; 800 is past a DST night."""
    company.now, company.settings = FIRST_NOW, BERLIN
    first = computes_whole(company.holds(*before(life)), life)
    company.now = now
    renewed = renews(company, life, before(life)[1].then(100, status="Done").then(101, status="Doing"))
    assert renewed == computes_whole(company, life)
    assert renewed != first


@pytest.mark.parametrize("now", [FIRST_NOW, 119.9, 120, 700])
def test_days_that_pass_without_a_change_carry_the_issues_on(company: Any, life: Any, now: float) -> None:
    company.now = FIRST_NOW
    computes_whole(company.holds(*before(life)), life)
    company.now = now
    renewed = renews(company, life)
    assert renewed == computes_whole(company, life)
    assert company.rows("daily_flow", *FIGURES[1:], day=day(int(now // 24)))[0] == ("Doing", 1, 0, 0, 1)


CHANGES = {
    "goes back over days": lambda life: (
        life(1).then(10, status="Doing").then(40, status="Done").then(99, status="Doing")
    ),
    "a past that is another now": lambda life: life(1).then(20, status="Review").then(30, status="Closed"),
    "deleted": lambda life: life(3, created=50, issue_type="Bug", others={"absence": "deleted"}),
    "of another type": lambda life: life(3, created=50, issue_type="Bug").then(90, type="Story"),
    "in another project": lambda life: life(3, created=50, issue_type="Bug").then(90, project="20"),
    "new": lambda life: life(9, created=101),
    "older than all others": lambda life: life(9, created=-1000),
    "later than it seemed": lambda life: life(1, created=90),
    "known at last": lambda life: life(4, created=70, status="Parked").then(100, status="Done"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_an_issue_does_renewed_rows_are_as_from_scratch(company: Any, life: Any, change: Any) -> None:
    company.now = FIRST_NOW
    first = computes_whole(company.holds(*before(life)), life)
    company.now = 130
    changed = change(life)
    drop_changes(company, changed.issue_id)
    renewed = renews(company, life, changed)
    assert renewed == computes_whole(company, life)
    assert renewed != first


def drop_changes(company: Any, issue_id: str) -> None:
    changes = table_named("issue_changes")
    with company.engine.begin() as connection:
        connection.execute(changes.delete().where(changes.c.issue_id == issue_id))


def test_rows_of_days_before_todays_oldest_issue_go(company: Any, life: Any) -> None:
    company.now = FIRST_NOW
    computes_whole(company.holds(life(1, created=-1000), life(2)), life)
    renewed = renews(company, life, life(1, created=5))
    assert renewed == computes_whole(company, life)
    assert min(company.rows("daily_flow", "day")) == (day(0),)


def test_the_first_issue_of_all_makes_the_first_rows(company: Any, life: Any) -> None:
    company.now = 50
    assert computes_whole(company.holds(), life) == []
    company.now = 100
    renewed = renews(company, life, life(1, created=20).then(90, status="Doing"))
    assert renewed == computes_whole(company, life) != []


def test_no_row_is_left_when_all_issues_are_gone(company: Any, life: Any) -> None:
    company.now = FIRST_NOW
    computes_whole(company.holds(*before(life)), life)
    company.now = 200
    gone = [replace(each, others={"absence": "access_lost"}) for each in before(life)]
    assert renews(company, life, *gone) == []


def test_rows_that_do_not_differ_are_left_alone(company: Any, life: Any) -> None:
    company.now = FIRST_NOW
    computes_whole(company.holds(*before(life)), life)
    target = table_named("daily_flow")
    touched = [(day(4), "Doing"), (day(4), "Done")]
    with company.engine.begin() as connection:
        connection.execute(update(target).values(arrivals=77))
    renews(company, life, before(life)[1].then(99, status="Done"))
    kept = [row[:2] for row in company.rows("daily_flow", "day", "status", "arrivals") if row[2] == 77]
    others = [row for row in company.rows("daily_flow", "day", "status") if row not in touched]
    assert [row for row in kept if row not in touched] == others != []
    assert company.rows("daily_flow", "arrivals", day=day(4), status="Done") == [(78,)]


def test_a_renamed_status_takes_all_its_rows_with_it(company: Any, life: Any) -> None:
    company.now = FIRST_NOW
    computes_whole(company.holds(*before(life)), life)
    renamed = Status(
        status_id="acme:2", source_id="acme", project_id=None, issue_type=None, name="In Work", category="indeterminate"
    )
    with company.engine.begin() as connection:
        statuses = table_named("statuses")
        connection.execute(update(statuses).where(statuses.c.status_id == "acme:2").values(name=renamed.name))
        now = context(company, connection, life, everything=False)
        steps = daily_flow.steps_for(now)
        daily_flow.subtract_stored(steps, connection, ["acme:1", "acme:2"])
        daily_flow._add_stored(steps, connection, ["acme:1", "acme:2"], 1)
        daily_flow.METRIC.compute(replace(now, reach=replace(now.reach, steps=steps)))
    renewed = company.rows("daily_flow")
    assert {row[6] for row in renewed} == {"To Do", "In Work", "Done", "Parked"}
    assert renewed == computes_whole(company, life)


LAST_HOUR = 150
STATUSES = st.sampled_from(["To Do", "Doing", "Review", "Done", "Dropped", "Parked"])
LIVES = st.fixed_dictionaries(
    {
        "created": st.integers(0, LAST_HOUR),
        "status": STATUSES,
        "issue_type": st.sampled_from(["Story", "Bug"]),
        "absence": st.sampled_from([None, None, None, "deleted"]),
        "steps": st.lists(st.tuples(st.integers(0, LAST_HOUR), STATUSES), max_size=6),
    }
)


@pytest.fixture(scope="module")
def sqlite_engine(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("daily") / "warehouse.db"
    shutil.copy(_sqlite_template, path)
    engine = open_warehouse(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def lived(life: Any, number: int, history: dict[str, Any]) -> Any:
    values = {name: history[name] for name in ("created", "status", "issue_type")}
    subject = life(number, **values, others={"absence": history["absence"]})
    for hour, status in sorted(history["steps"], key=lambda step: step[0]):
        subject.then(max(hour, history["created"]), status=status)
    return subject


@given(
    first=st.lists(LIVES, min_size=1, max_size=5),
    then=st.lists(LIVES, max_size=3),
    now=st.integers(0, LAST_HOUR),
    passed=st.integers(0, 60),
)
@settings(max_examples=12, deadline=None, database=None)
def test_law_5_renewed_rows_equal_those_from_scratch(
    firm: Any,
    sqlite_engine: Engine,
    life: Any,
    first: list[dict[str, Any]],
    then: list[dict[str, Any]],
    now: int,
    passed: int,
) -> None:
    with sqlite_engine.begin() as connection:
        for each in reversed(METADATA.sorted_tables):
            clear(connection, each)
    company = firm(sqlite_engine, BERLIN, now=now)
    computes_whole(company.holds(*(lived(life, n, history) for n, history in enumerate(first))), life)
    company.now = now + passed
    for number in range(len(then)):
        drop_changes(company, f"acme:{number}")
    ids = [f"acme:{number}" for number in range(len(first))]  # as time passes, more of their changes are seen
    changed = [lived(life, number, history) for number, history in enumerate(then)]
    renewed = renews(company, life, *changed, issue_ids=sorted({*ids} - {each.issue_id for each in changed}))
    assert renewed == computes_whole(company, life)
