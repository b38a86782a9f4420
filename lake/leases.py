"""Who may write a source: one process at a time, on whatever machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from lake.opening import Lake
from lake.pages import RELEASED, TAKEN, Entry, Standing, stand
from warehouse.leases import LEASE_TIME, LeaseHeld, LeaseLost, is_gone, own_name

_HELD: set[tuple[str, str]] = set()
"""Lake and source of what this process holds: a holder of its own number that it knows nothing of is a predecessor."""


@contextmanager
def hold(lake: Lake, source_id: str, clock: Callable[[], datetime], *, run_id: str = "") -> Iterator[Standing]:
    """Hold the source while the block runs; whoever publishes gives it back (`Publisher.release`), or it expires.

    Raises `LeaseHeld` when another living process has it, or was quicker. A holder on this machine that died is
    succeeded at once, any other when its lease expires. Whoever is taken for dead and lives commits nothing more.
    """
    held = lake.url, source_id
    standing = _take(lake, source_id, clock(), run_id, knows_it=held in _HELD)
    _HELD.add(held)
    try:
        yield standing
    finally:
        _HELD.discard(held)


def _take(lake: Lake, source_id: str, now: datetime, run_id: str, *, knows_it: bool) -> Standing:
    standing, holder = stand(lake, source_id), own_name()
    last = standing.last
    is_held = last is not None and last.event != RELEASED and last.expires_at > now
    if last is not None and is_held and not is_gone(last.holder, knows_it=knows_it):
        raise LeaseHeld(f"sync of {source_id}", last.holder, standing.held_since or last.at, last.expires_at)
    entry = Entry(
        source_id=source_id,
        turn=standing.turn + 1,
        event=TAKEN,
        holder=holder,
        at=now,
        expires_at=now + LEASE_TIME,
        run_id=run_id or None,
    )
    try:
        return standing.enter(entry)
    except LeaseLost:
        rival = stand(lake, source_id).last
        if rival is None:
            raise
        raise LeaseHeld(f"sync of {source_id}", rival.holder, rival.at, rival.expires_at) from None
