"""Which step is due, and when to look again: a plan that any clock can drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flowmart.cron import Due

LATEST_START = timedelta(hours=12)
"""A step that could not start when it was due (the machine slept, another step ran) starts up to this much later."""
LOOK_AGAIN = timedelta(minutes=5)
"""How soon to look again after a step that is not settled: another process is at it, or the warehouse is away."""

Attempt = Callable[[str, datetime], bool]
"""Given a step and when it was due; whether that is settled now, by this process or by another."""


@dataclass(slots=True)
class _Entry:
    """A step. All that was due up to `settled_to` is done or given up."""

    step: str
    due: Due
    settled_to: datetime
    wakes_at: datetime | None = None

    def settle(self, moment: datetime) -> None:
        self.settled_to = moment
        self.wakes_at = self.due.after(moment)

    def newest(self, now: datetime) -> datetime:
        """The newest due instant that is not settled; an old one only if no newer one is within `LATEST_START`."""
        latest = max(self.settled_to, now - LATEST_START - timedelta(microseconds=1))
        found = self.due.after(latest)
        if found is None or found > now:
            found = self.due.after(self.settled_to) or now
        while (later := self.due.after(found)) is not None and later <= now:
            found = later
        return found


@dataclass(slots=True)
class Plan:
    """The steps of a schedule and how far each is settled.

    What was due several times is done once, for the newest of them. `missed` is told of a step that came too late.
    """

    clock: Callable[[], datetime]
    missed: Callable[[str, datetime], None]
    _entries: list[_Entry] = field(default_factory=list)

    def add(self, step: str, due: Due, settled_to: datetime | None) -> None:
        """`settled_to`: when the step was due that was done last; None begins with the present."""
        entry = _Entry(step, due, settled_to or self.clock())
        entry.settle(entry.settled_to)
        self._entries.append(entry)

    def turn(self, attempt: Attempt) -> datetime | None:
        """Attempt the step that has been due for longest, if any; returns when to turn again, None for never."""
        now = self.clock()
        ready = [entry for entry in self._entries if entry.wakes_at is not None and entry.wakes_at <= now]
        if ready:
            self._take(min(ready, key=lambda entry: entry.wakes_at or now), now, attempt)
        return min((entry.wakes_at for entry in self._entries if entry.wakes_at is not None), default=None)

    def next_due(self) -> Mapping[str, datetime | None]:
        """Step → when it is due next."""
        now = self.clock()
        return {entry.step: entry.due.after(now) for entry in self._entries}

    def _take(self, entry: _Entry, now: datetime, attempt: Attempt) -> None:
        due = entry.newest(now)
        if now - due > LATEST_START:
            self.missed(entry.step, due)
            entry.settle(due)
        elif attempt(entry.step, due):
            entry.settle(due)
        else:
            entry.wakes_at = self.clock() + LOOK_AGAIN
