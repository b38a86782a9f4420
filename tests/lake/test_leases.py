"""One process at a time writes a source; others write other sources meanwhile."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from lake.leases import hold
from lake.opening import Lake, open_lake
from lake.pages import TAKEN, Entry, stand
from tests.lake.workings import NOON, a_working, publishing, put, restored, rows_of
from warehouse.leases import LEASE_TIME, LeaseHeld, LeaseLost, own_name
from warehouse.tables.loaded import issues


def taken(lake: Lake, holder: str, minutes: float = 30) -> None:
    """Somebody takes the source acme."""
    standing = stand(lake, "acme")
    ends = NOON + timedelta(minutes=minutes)
    standing.enter(
        Entry(source_id="acme", turn=standing.turn + 1, event=TAKEN, holder=holder, at=NOON, expires_at=ends)
    )


def test_of_two_who_take_one_turn_the_store_refuses_one(lake: Lake) -> None:
    """Both have looked before either commits: it is Delta that decides."""
    first, second = stand(lake, "acme"), stand(lake, "acme")
    entry = Entry(source_id="acme", turn=1, event=TAKEN, holder="one", at=NOON, expires_at=NOON)
    first.enter(entry)
    with pytest.raises(LeaseLost):
        second.enter(entry)
    last = stand(lake, "acme").last
    assert last is not None
    assert (last.turn, last.holder) == (1, "one")


def test_a_source_that_somebody_else_holds_is_refused_until_the_lease_expires(lake: Lake) -> None:
    taken(lake, "elsewhere process 1")
    with pytest.raises(LeaseHeld, match="elsewhere process 1"), hold(lake, "acme", lambda: NOON):
        pass
    with hold(lake, "acme", lambda: NOON + LEASE_TIME) as standing:
        assert standing.turn == 2


def test_the_holder_of_one_source_keeps_nobody_from_another(lake: Lake) -> None:
    taken(lake, "elsewhere process 1")
    with hold(lake, "contoso", lambda: NOON) as standing:
        assert standing.turn == 1


def test_this_process_does_not_take_twice_what_it_holds(lake: Lake) -> None:
    with hold(lake, "acme", lambda: NOON), pytest.raises(LeaseHeld), hold(lake, "acme", lambda: NOON):
        pass


def test_a_holder_on_this_machine_that_died_is_succeeded_at_once(lake: Lake) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    taken(lake, own_name().rpartition(" ")[0] + f" {gone.pid}")
    with hold(lake, "acme", lambda: NOON) as standing:
        assert standing.turn == 2


def test_a_lease_is_renewed_in_time_even_within_a_page(lake: Lake, tmp_path: Path) -> None:
    working, now = a_working(tmp_path / "w.db"), [NOON]
    put(working, issues, "acme:1")

    def passing() -> object:
        now[0] += timedelta(minutes=6)
        return now[0]

    with publishing(lake, working, clock=passing) as publisher:  # type: ignore[arg-type]
        publisher.publish()
        last = publisher.standing.last
        assert last is not None
        assert last.expires_at - last.at == LEASE_TIME
        assert publisher.standing.turn > (last.page or 0)  # renewed between the beginning of the page and its commit
    assert restored(lake, tmp_path / "again.db") == rows_of(working)


def test_all_sources_may_make_a_new_lake_at_the_same_moment(tmp_path: Path) -> None:
    names, start = ["a", "b", "c", "d"], Barrier(4)

    def begin(number: int) -> list[int]:
        turns = []
        for attempt in range(4):
            lake = open_lake(str(tmp_path / f"lake{attempt}"))
            start.wait()
            with ExitStack() as stack:
                turns.append(stack.enter_context(hold(lake, names[number], lambda: NOON)).turn)
        return turns

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(begin, range(4))) == [[1] * 4] * 4
