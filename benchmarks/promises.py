"""What flowmart promises beside speed: slow trackers, memory that stays flat, and cheap nights."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from benchmarks.measuring import Measure, Measured
from benchmarks.showing import say, show, title
from benchmarks.trackers import Tracker
from benchmarks.warehouses import Engine
from warehouse.engine import open_warehouse
from warehouse.records import native_id
from warehouse.tables.loaded import issues

_STATUSES = ("To Do", "In Progress", "Done")


def latency(tracker: Tracker, engine: Engine, measure: Measure, *, milliseconds: int, in_flight: int) -> None:
    """A pull from a tracker that takes its time for each answer."""

    def pull() -> Measured:
        config = engine.config(tracker, "latency")
        return measure("benchmarks.work:pull", config=config, now=tracker.now, in_flight=in_flight)

    count = pull().told["issues"]
    tracker.tell("latency", milliseconds / 1000)
    try:
        found = pull()
    finally:
        tracker.tell("latency", 0)
    title(f"Jira Cloud, {count:,} issues, {milliseconds} ms for each answer, {in_flight} requests in flight")
    show(f"{engine.name}: pull", found, count)
    show(f"{engine.name}:   stream of issues", _only(found, found.told["seconds"]["issues"]), count)


def memory(tracker: Tracker, engine: Engine, measure: Measure) -> None:
    """The most memory that a pull and a compute hold."""
    config = engine.config(tracker, "memory")
    measure("benchmarks.work:pull", config=engine.config(tracker, "warm"), now=tracker.now)
    found = measure("benchmarks.work:pull", config=config, now=tracker.now)
    computed = measure("benchmarks.work:compute", config=config, now=tracker.now)
    title(f"Jira Cloud, {found.told['issues']:,} issues: memory")
    show(f"{engine.name}: pull", found, found.told["issues"])
    show(f"{engine.name}: compute", computed, found.told["issues"])


def nights(tracker: Tracker, engine: Engine, measure: Measure, *, changed: int) -> None:
    """A night on which nothing changed, and one on which some issues did, beside the first sync and compute."""
    measure("benchmarks.work:pull", config=engine.config(tracker, "warm"), now=tracker.now)
    config = engine.config(tracker, "nights")
    full = measure("benchmarks.work:pull", config=config, now=tracker.now)
    computed = measure("benchmarks.work:compute", config=config, now=tracker.now)
    count = full.told["issues"]
    title(f"Jira Cloud, {count:,} issues: nights")
    show("first sync", full, count)
    show("first compute", computed, count)
    now = str(tracker.command("clock", seconds=3_600)["now"])
    quiet = _sync_twice(tracker, engine, config, now, measure)
    say(
        "nothing changed",
        f"{quiet.wall_seconds:.2f} s, {quiet.told['requests']} requests, {quiet.cpu_seconds:.2f} s CPU",
    )
    some = min(changed, count)
    _change(tracker, config, some)
    now = str(tracker.command("clock", seconds=3_600)["now"])
    tracker.tell("forget")
    synced = _sync_twice(tracker, engine, config, now, measure)
    again = measure("benchmarks.work:compute", config=config, now=now)
    share = (synced.cpu_seconds + again.cpu_seconds) / (full.cpu_seconds + computed.cpu_seconds)
    say(
        f"{some:,} issues changed",
        f"sync {synced.cpu_seconds:.2f} s CPU, {synced.told['requests']} requests, "
        f"compute {again.cpu_seconds:.2f} s: {share:.1%} of the first sync and compute",
    )


def _sync_twice(tracker: Tracker, engine: Engine, config: str, now: str, measure: Measure) -> Measured:
    """A sync of a copy, so that the relay knows the answers; then the one that is measured."""
    measure("benchmarks.work:pull", config=engine.copied(config, "copy", tracker), now=now, run=f"copy {now}")
    return measure("benchmarks.work:pull", config=config, now=now, run=f"night {now}")


def _change(tracker: Tracker, config: str, some: int) -> None:
    """Move so many issues, spread over the site, to another status."""
    engine = open_warehouse(f"sqlite:///{Path(config).with_suffix('.db')}")
    with engine.connect() as connection:
        ids = list(connection.scalars(select(issues.c.issue_id).order_by(issues.c.issue_id)))
    engine.dispose()
    for number, issue_id in enumerate(ids[:: len(ids) // some][:some]):
        issue = int(native_id(issue_id))
        tracker.command("act", do="edit", tracker="jira", issue=issue, status=_STATUSES[number % len(_STATUSES)])


def _only(found: Measured, seconds: float) -> Measured:
    return Measured(cpu_seconds=found.cpu_seconds, wall_seconds=seconds, peak_mb=found.peak_mb)
