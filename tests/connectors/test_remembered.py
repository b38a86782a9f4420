"""Answers that change seldom are asked for now and then only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.remembered import LONGEST, Remembered

NOW = datetime(2026, 9, 30, 18, tzinfo=UTC)


class Tracker:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> list[str]:
        self.asked += 1
        return [f"answer {self.asked}"]


def ask(tracker: Tracker, bookmark: str | None, now: datetime = NOW, scope: str = "all") -> tuple[list[str], str]:
    remembered = Remembered(scope, now)
    remembered.load(bookmark)
    return remembered.ask("columns", list[str], tracker), remembered.text()


def test_an_answer_of_an_earlier_run_is_given_again() -> None:
    tracker = Tracker()
    _, bookmark = ask(tracker, None)
    assert ask(tracker, bookmark, NOW + timedelta(days=1))[0] == ["answer 1"]
    assert tracker.asked == 1


def test_an_old_answer_is_asked_for_anew_and_so_is_one_from_the_future() -> None:
    for later in (NOW + LONGEST, NOW - timedelta(seconds=1)):
        tracker = Tracker()
        _, bookmark = ask(tracker, None)
        assert ask(tracker, bookmark, later)[0] == ["answer 2"]


def test_the_age_counts_from_the_asking_and_not_from_the_last_use() -> None:
    tracker = Tracker()
    _, bookmark = ask(tracker, None)
    _, bookmark = ask(tracker, bookmark, NOW + timedelta(days=4))
    assert ask(tracker, bookmark, NOW + timedelta(days=7))[0] == ["answer 2"]


def test_another_scope_and_what_cannot_be_read_count_as_nothing() -> None:
    tracker = Tracker()
    _, bookmark = ask(tracker, None)
    assert ask(tracker, bookmark, scope="less")[0] == ["answer 2"]
    assert ask(tracker, "no bookmark")[0] == ["answer 3"]
    assert ask(tracker, bookmark.replace('["answer 1"]', "17"))[0] == ["answer 4"]


def test_within_a_run_a_thing_is_asked_for_once() -> None:
    tracker, remembered = Tracker(), Remembered("all", NOW)
    assert remembered.ask("a", list[str], tracker) == remembered.ask("a", list[str], tracker)
    assert tracker.asked == 1
