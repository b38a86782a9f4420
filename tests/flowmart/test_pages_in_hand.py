"""Whoever breaks a sync off gets the page in hand committed, and no other."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Timer
from types import FrameType

import pytest
from sqlalchemy import Engine, select

from connectors.base import Page, Stream
from flowmart.syncing.job import Hands, side_by_side
from flowmart.syncing.sync_source import sync_source
from tests.flowmart.scripted import Heard, Scripted, a_job, a_run, an_issue
from warehouse.bookmarks import read_bookmark
from warehouse.records import Issue
from warehouse.tables.loaded import issues
from warehouse.tables.operational import leases, sync_runs


class Asked(BaseException):
    """Somebody wants it to end."""


@contextmanager
def heeding(number: int, seen: Event) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        seen.set()
        raise Asked

    before = signal.signal(number, stop)
    try:
        yield
    finally:
        signal.signal(number, before)


class Slow(list[Issue]):
    """Records in whose midst something happens."""

    def __init__(self, happens: Callable[[], object], *numbers: int) -> None:
        super().__init__(map(an_issue, numbers))
        self.happens = happens

    def __iter__(self) -> Iterator[Issue]:
        self.happens()
        return super().__iter__()


def test_a_signal_while_a_page_is_written_ends_the_sync_after_that_page(warehouse: Engine) -> None:
    seen, over = Event(), Event()

    def ask() -> None:
        if not seen.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            assert seen.wait(60)

    def pages(_: str | None) -> Iterator[Page]:
        yield Page(records=Slow(ask, 1, 2), bookmark="first")
        assert over.wait(60)
        yield Page(records=[an_issue(3)], bookmark="second")

    source = Scripted(more=[Stream("pages", pages)])

    def sync() -> None:
        with heeding(signal.SIGTERM, seen), a_job(warehouse, Heard()) as job:
            try:
                side_by_side([partial(sync_source, job, a_run(), source)], job)
            finally:
                over.set()

    with pytest.raises(Asked):
        sync()
    with warehouse.connect() as connection:
        assert list(connection.scalars(select(issues.c.issue_id).order_by(issues.c.issue_id))) == ["acme:1", "acme:2"]
        assert read_bookmark(connection, "acme", "pages") == "first"
        outcome = select(sync_runs.c.outcome).where(sync_runs.c.stream == "pages")
        assert connection.scalar(outcome) == "interrupted"
        assert connection.execute(select(leases)).all() == []


def test_nothing_is_taken_up_any_more_once_hands_are_let_go_and_a_page_that_hangs_is_not_waited_for_for_ever() -> None:
    hands = Hands()
    with hands.holding() as taken:
        assert taken
        hands.let_go(0.0)
        with hands.holding() as further:
            assert not further


def test_pages_in_hand_are_waited_for() -> None:
    hands, order = Hands(), list[str]()
    page = hands.holding()
    page.__enter__()

    def finish() -> None:
        order.append("written")
        page.__exit__(None, None, None)

    timer = Timer(0, finish)
    timer.start()
    hands.let_go(60.0)
    order.append("let go")
    timer.join()
    assert order == ["written", "let go"]
