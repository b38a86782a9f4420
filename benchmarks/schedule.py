"""The memory of a schedule over a thousand nights: real runs against a small simulated site, by a clock of its own."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from benchmarks.showing import say, title
from benchmarks.trackers import trackers
from benchmarks.warehouses import engines
from flowmart.commands.run import night_of
from flowmart.config import Config
from flowmart.cron import Due
from flowmart.nightly import perform
from flowmart.scheduling.nights import Nights
from flowmart.scheduling.plan import Plan
from flowmart.session import Session
from flowmart.store import opened

_STATUS = Path("/proc/self/status")
_ISSUES = 40
_LINES = 10


@dataclass(slots=True)
class _Site:
    """A schedule whose clock is set by hand."""

    session: Session
    environment: dict[str, str]
    now: datetime
    config: Config = field(init=False)
    done: list[datetime] = field(default_factory=list)
    """When each run was due that went well."""

    def clock(self) -> datetime:
        return self.now

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        engine = opened(self.config)
        try:
            yield engine
        finally:
            engine.dispose()

    def attempt(self, step: str, due: datetime) -> bool:
        """As the command does it: the configuration is read anew, and a run gets an id of its own."""
        self.environment["FLOWMART_NOW"] = self.now.isoformat()
        self.config = self.session.config()
        return Nights(self.opened, self.clock, self._do, lambda *_: None).attempt(step, due)

    def _do(self, step: str, due: datetime) -> None:
        night = night_of(self.session, self.config, step, self.session.begin(), due)
        with self.session.watching() as events:
            perform(night, None, events, lambda *_: None)
        self.done.append(due)


def main(nights: int) -> None:
    """Print how much memory the process holds as the nights of syncs and computes go by and how many were done."""
    title(f"schedule: {nights:,} nights of a site with {_ISSUES} issues")
    with tempfile.TemporaryDirectory() as folder, trackers(_ISSUES) as (jira, _):
        with engines(Path(folder), with_postgresql=False) as found:
            file = Path(found[0].config(jira, "schedule"))
        file.write_text(file.read_text("utf-8").partition("[exports.")[0], "utf-8")  # files are most of a small night
        environment = {"FLOWMART_CONFIG": str(file)}
        session = Session(environment=environment, verbosity=-1)
        session.start_logging()
        site = _Site(session, environment, datetime.fromisoformat(jira.now))
        site.config = session.config()
        plan = Plan(site.clock, lambda step, due: say(step, f"due {due} was missed"))
        plan.add("run", Due("30 2 * * *", ZoneInfo("Europe/Berlin")), None)
        _live(site, plan, nights)
    say("done", f"{len(site.done):,} runs for {len(set(site.done)):,} nights")


def _live(site: _Site, plan: Plan, nights: int) -> None:
    part = max(1, nights // _LINES)
    for night in range(1, nights + 1):
        wakes_at = plan.turn(site.attempt)
        site.now = wakes_at or site.now + timedelta(days=1)
        plan.turn(site.attempt)
        if night % part == 0:
            gc.collect()
            say(f"after {night:,} nights", f"{_resident():.1f} MB, {len(gc.get_objects()):,} objects")


def _resident() -> float:
    """Megabytes that the process holds now."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
