"""Each stay is an arrival and each end of one a departure; what was taken back never happened in the other variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar import ONE_DAY, day_start, local_day
from metrics.flow_steps import RANKS, DayStep, FlowSteps, standings
from metrics.history.stages import DONE, IN_PROGRESS, REMOVED, TODO
from metrics.history.timeline import StatusStay

MONDAY = date(2026, 3, 2)
PLACE = ("acme:10", "acme:7", "Story", "standard")
DAYS = 12
BEYOND = 4

STATUSES = {
    "t": ("To Do", TODO),
    "d": ("Doing", IN_PROGRESS),
    "r": ("Review", IN_PROGRESS),
    "D": ("Done", DONE),
    "C": ("Closed", DONE),
    "X": ("Dropped", REMOVED),
    "?": ("Odd", None),
    "!": ("Odder", None),
}
LETTERS = {status: letter for letter, status in STATUSES.items()}


def at(hours: float) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours)


def steps_of_days(*, names: dict[str, str] | None = None, first: date = MONDAY, zone: str = "UTC") -> FlowSteps:
    starts = [day_start(first + number * ONE_DAY, ZoneInfo(zone)) for number in range(DAYS)]
    return FlowSteps(first, starts, names or {}, is_whole=True)


def stays(*entries: tuple[float, str], ids: Sequence[str | None] = ()) -> list[StatusStay]:
    """A life as (hour, letter of a status), with status ids if given."""
    moments = [at(hour) for hour, _ in entries]
    return [
        StatusStay(begin, end, status_id, *STATUSES[letter], False, None, False)
        for begin, end, (_, letter), status_id in zip(
            moments, [*moments[1:], None], entries, ids or [None] * len(entries), strict=True
        )
    ]


def daily(letters: str) -> list[StatusStay]:
    """A life of one status a day, changed at noon; a letter that repeats goes on."""
    days = [(24 * day + 12, letter) for day, letter in enumerate(letters) if letters[day - 1 : day] != letter]
    return stays(*days)


def table(steps: FlowSteps) -> dict[str, list[tuple[int, ...]]]:
    """Status → (day, issues, arrivals, departures, issues_monotone)."""
    return {group.status: list(standings(own, own[0].day, DAYS)) for group, own in steps.groups()}


def picture(steps: FlowSteps, *, monotone: bool) -> list[Counter[str]]:
    """What stands in which status at the end of each day."""
    found: list[Counter[str]] = [Counter() for _ in range(DAYS)]
    for group, own in steps.groups():
        for standing in standings(own, 0, DAYS):
            number = standing.issues_monotone if monotone else standing.issues
            found[standing.day].update({LETTERS[group.status, group.stage]: number})
    return [+day for day in found]


def test_the_ranks_are_those_of_all_stages_in_order() -> None:
    assert list(RANKS) == sorted({TODO, IN_PROGRESS, DONE, REMOVED}, key=lambda stage: RANKS[stage])
    assert [RANKS[stage] for stage in (TODO, IN_PROGRESS, DONE, REMOVED)] == [0, 1, 2, 3]


def test_creation_is_an_arrival_and_each_change_a_departure_and_an_arrival() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((5, "t"), (30, "d"), (80, "D")), 1)
    found = dict(steps.groups())
    assert {(*group[:4],) for group in found} == {PLACE}
    assert {(group.stage, group.status): own for group, own in found.items()} == {
        ("todo", "To Do"): [DayStep(0, 1, 0, 1), DayStep(1, 0, 1, -1)],
        ("in_progress", "Doing"): [DayStep(1, 1, 0, 1), DayStep(3, 0, 1, -1)],
        ("done", "Done"): [DayStep(3, 1, 0, 1)],
    }


def test_a_stay_within_a_day_is_an_arrival_and_a_departure() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((1, "t"), (25, "d"), (26, "r"), (26, "D")), 1)
    assert table(steps)["Doing"] == [(1, 0, 1, 1, 0)]
    assert table(steps)["Review"] == [(1, 0, 1, 1, 0)]


def test_days_without_anything_are_left_out_between_two_stays() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((0, "d"), (24, "r"), (24 * 10, "d")), 1)
    assert table(steps)["Doing"] == [(0, 1, 1, 0, 1), (1, 0, 0, 1, 0), (10, 1, 1, 0, 1), (11, 1, 0, 0, 1)]


def test_an_instant_at_midnight_belongs_to_the_day_that_begins() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((23.999, "t"), (48, "d")), 1)
    assert table(steps)["To Do"] == [(0, 1, 1, 0, 1), (1, 1, 0, 0, 1), (2, 0, 0, 1, 0)]


def test_a_change_from_a_status_to_itself_is_none() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((0, "d"), (30, "d"), (60, "d")), 1)
    (own,) = (own for _, own in steps.groups())
    assert own == [DayStep(0, 1, 0, 1)]


def test_a_status_has_its_name_of_today_where_it_is_known() -> None:
    steps = steps_of_days(names={"acme:2": "In Work", "acme:3": "In Work"})
    steps.add(PLACE, stays((0, "d"), (30, "r"), (60, "D"), ids=["acme:2", "acme:3", "acme:4"]), 1)
    assert table(steps)["In Work"] == [(0, 1, 1, 0, 1), (1, 1, 0, 0, 1), (2, 0, 0, 1, 0)]
    assert set(table(steps)) == {"In Work", "Done"}  # acme:4 is no status any more


def test_the_same_status_of_another_stage_is_another_row() -> None:
    steps = steps_of_days()
    before, after = stays((0, "d"), (30, "d"))
    steps.add(PLACE, [before, after._replace(stage=DONE)], 1)
    assert {group.stage: own for group, own in steps.groups()} == {
        "in_progress": [DayStep(0, 1, 0, 1), DayStep(1, 0, 1, -1)],
        "done": [DayStep(1, 1, 0, 1)],
    }


def test_issues_in_one_status_may_be_in_different_stages() -> None:
    steps = steps_of_days()
    (stay,) = stays((0, "d"), ids=["acme:2"])
    for stage in (IN_PROGRESS, DONE, DONE):
        steps.add(PLACE, [stay._replace(stage=stage)], 1)
    assert {group.stage: own for group, own in steps.groups()} == {
        "in_progress": [DayStep(0, 1, 0, 1)],
        "done": [DayStep(0, 2, 0, 2)],
    }


def test_places_are_kept_apart() -> None:
    steps = steps_of_days()
    other = ("acme:20", None, "Bug", "subtask")
    for place in (PLACE, other, other):
        steps.add(place, daily("d"), 1)
    assert {group[:4]: own for group, own in steps.groups()} == {
        PLACE: [DayStep(0, 1, 0, 1)],
        other: [DayStep(0, 2, 0, 2)],
    }


def test_what_is_taken_away_again_leaves_nothing() -> None:
    steps = steps_of_days()
    steps.add(PLACE, daily("tdDtXd?r"), 1)
    steps.add(PLACE, daily("tdDtXd?r"), -1)
    assert list(steps.groups()) == []


def test_differences_name_only_days_that_differ() -> None:
    steps = steps_of_days()
    steps.add(PLACE, daily("tdd"), -1)
    steps.add(PLACE, daily("tddD"), 1)
    assert {group.status: own for group, own in steps.groups()} == {
        "Doing": [DayStep(3, 0, 1, -1)],
        "Done": [DayStep(3, 1, 0, 1)],
    }


@pytest.mark.parametrize(
    ("true", "monotone"),
    [
        ("tdD", "tdD"),
        ("tdrdrD", "tdrdrD"),  # back to a status of the same stage
        ("DCDX", "DCDX"),
        ("tdDd", "tddd"),
        ("tDdrD", "tddrD"),  # taken back: it counts as the first status that it was taken back to
        ("tdDrd", "tdrrd"),
        ("tdDt", "tttt"),
        ("tdDtd", "ttttd"),
        ("drDtdDr", "ttttdrr"),  # taken back twice, the second time not as far
        ("XD", "DD"),
        ("XtD", "ttD"),
        ("DXdX", "dddX"),
        ("d?D", "dDD"),  # never known: as what follows it
        ("?tD", "ttD"),
        ("D?t", "ttt"),
        ("d?!D", "dDDD"),
        ("t?Dd", "tddd"),
        ("d?d", "ddd"),
        ("d?", "d?"),  # nothing known follows: as itself
        ("?!", "?!"),
        ("Dd?!", "dd?!"),
    ],
)
def test_what_was_taken_back_never_happened_in_the_monotone_variant(true: str, monotone: str) -> None:
    steps = steps_of_days()
    steps.add(PLACE, daily(true), 1)
    assert ["".join(day) for day in picture(steps, monotone=False)[: len(true)]] == list(true)
    assert ["".join(day) for day in picture(steps, monotone=True)[: len(true)]] == list(monotone)


def test_what_was_taken_back_on_its_day_is_seen_in_no_variant() -> None:
    steps = steps_of_days()
    steps.add(PLACE, stays((1, "d"), (25, "D"), (26, "r")), 1)
    assert table(steps)["Done"] == [(1, 0, 1, 1, 0)]
    assert table(steps)["Review"][0] == (1, 1, 1, 0, 1)


def test_what_was_taken_back_counts_under_todays_names_and_from_midnight_on() -> None:
    steps = steps_of_days(names={"acme:1": "Open", "acme:2": "In Work", "acme:4": "Ready"}, zone="Europe/Berlin")
    steps.add(PLACE, stays((0, "t"), (23, "D"), (47, "d"), ids=["acme:1", "acme:4", "acme:2"]), 1)
    monotone = {status: [(row[0], row[4]) for row in rows[:3]] for status, rows in table(steps).items()}
    assert monotone == {
        "Open": [(0, 1), (1, 0)],
        "Ready": [(1, 0), (2, 0)],
        "In Work": [(1, 1), (2, 1), (3, 1)],
    }


CHANGE_NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 26)),
    ("Europe/Berlin", date(2026, 10, 22)),
    ("Europe/London", date(2026, 3, 26)),  # two days begin within one day of UTC
    ("America/Sao_Paulo", date(2018, 11, 1)),  # the midnight does not exist
    ("America/Los_Angeles", date(2026, 10, 29)),
    ("Pacific/Apia", date(2011, 12, 26)),  # a whole day is skipped
    ("Pacific/Kiritimati", date(1994, 12, 27)),
    ("Asia/Kathmandu", date(2026, 3, 2)),
]


@pytest.mark.parametrize(("zone", "first"), CHANGE_NIGHTS)
def test_a_step_is_of_the_local_day_also_when_clocks_change(zone: str, first: date) -> None:
    moment, end = (day_start(first + days * ONE_DAY, ZoneInfo(zone)) for days in (0, DAYS))
    expected: Counter[date] = Counter()
    steps = steps_of_days(first=first, zone=zone)
    while moment < end:
        steps.add(PLACE, [StatusStay(moment, None, None, "Doing", IN_PROGRESS, False, None, False)], 1)
        expected[local_day(moment, ZoneInfo(zone))] += 1
        moment += timedelta(minutes=15)
    ((_, own),) = steps.groups()
    assert {steps.days[step.day]: step.arrivals for step in own} == expected


ENTRIES = st.lists(
    st.tuples(st.integers(0, 24 * DAYS - 1), st.sampled_from("".join(STATUSES))), min_size=1, max_size=8
).map(lambda entries: sorted(entries, key=lambda entry: entry[0]))
LIVES = st.lists(ENTRIES, min_size=1, max_size=5)
some = settings(max_examples=50, deadline=None)


def added(lives: Iterable[Sequence[tuple[float, str]]], sign: int = 1, steps: FlowSteps | None = None) -> FlowSteps:
    steps = steps or steps_of_days()
    for entries in lives:
        steps.add(PLACE, stays(*entries), sign)
    return steps


def rank(letter: str) -> int:
    stage = STATUSES[letter][1]
    return BEYOND if stage is None else RANKS[stage]


def counts_as(letters: Sequence[str]) -> str:
    """The rule from the front: what the first of these stays counts as in the monotone variant."""
    known = [letter for letter in letters[1:] if rank(letter) < BEYOND]
    if not known or rank(letters[0]) <= min(map(rank, known)):
        return letters[0]
    return min(known, key=rank)


@given(lives=LIVES)
@some
def test_a_day_shows_each_issue_where_it_is_at_its_end(lives: list[list[tuple[int, str]]]) -> None:
    true, monotone = (picture(added(lives), monotone=which) for which in (False, True))
    for day in range(DAYS):
        begun = [(entries, sum(hour < 24 * (day + 1) for hour, _ in entries)) for entries in lives]
        there = [[letter for _, letter in entries[count - 1 :]] for entries, count in begun if count]
        assert true[day] == Counter(letters[0] for letters in there)
        assert monotone[day] == Counter(map(counts_as, there))


@given(lives=LIVES)
@some
def test_issues_are_those_of_yesterday_and_arrivals_without_departures(lives: list[list[tuple[int, str]]]) -> None:
    for rows in table(added(lives)).values():
        by_day = {row[0]: row[1:] for row in rows}
        for day in range(DAYS):
            issues, arrivals, departures, _ = by_day.get(day, (0, 0, 0, 0))
            assert issues == by_day.get(day - 1, (0,))[0] + arrivals - departures >= 0
        assert all(any(row[1:]) for row in rows)


@given(lives=LIVES)
@some
def test_no_line_of_the_monotone_picture_ever_falls(lives: list[list[tuple[int, str]]]) -> None:
    days = picture(added(lives), monotone=True)
    for stage in range(BEYOND + 1):
        at_least = [sum(number for letter, number in day.items() if rank(letter) >= stage) for day in days]
        assert all(before <= after for before, after in pairwise(at_least))


@given(lives=LIVES)
@some
def test_the_monotone_picture_has_each_issue_once_and_never_further_than_it_was(
    lives: list[list[tuple[int, str]]],
) -> None:
    steps = added(lives)
    for true, monotone in zip(picture(steps, monotone=False), picture(steps, monotone=True), strict=True):
        assert true.total() == monotone.total()
        numbers = [[day[letter] for letter in sorted(STATUSES, key=rank)] for day in (monotone, true)]
        less_far, further = (list(accumulate(number)) for number in numbers)
        last = {rank(letter): place for place, letter in enumerate(sorted(STATUSES, key=rank))}
        assert all(less_far[place] >= further[place] for place in last.values())


@given(before=LIVES, after=LIVES)
@some
def test_differences_added_to_what_was_are_what_is(
    before: list[list[tuple[int, str]]], after: list[list[tuple[int, str]]]
) -> None:
    differences = added(after, 1, added(before, -1))
    assert sums([added(before), differences]) == sums([added(after)])


def sums(parts: Iterable[FlowSteps]) -> Any:
    total: Counter[tuple[Any, ...]] = Counter()
    for steps in parts:
        for group, own in steps.groups():
            for step in own:
                for name, number in zip(step._fields[1:], step[1:], strict=True):
                    total[group, step.day, name] += number
    return {key: number for key, number in total.items() if number}
