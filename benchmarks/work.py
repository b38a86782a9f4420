"""flowmart's own pieces of work, each measured in a process of its own (`benchmarks.measuring`)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

import flowmart.cli  # noqa: F401 - what every command loads counts as memory
from connectors.base import Counters, Page, Progress
from flowmart.clock import utc_now
from flowmart.compute import compute as compute_all
from flowmart.config import Config, load_config
from flowmart.events import StreamOutcome
from flowmart.export import export as export_all
from flowmart.privacy.rules import PrivacyRules
from flowmart.store import opened
from flowmart.syncing.collecting import seldom_collected
from flowmart.syncing.pages import write_page
from flowmart.syncing.sync import SyncOptions, connected, sync
from warehouse.engine import keeping_connections
from warehouse.tables import LOADED
from warehouse.tables.loaded import issue_changes, issues

Told = dict[str, Any]
Stages = Generator[None, None, Told]
"""What comes before the first `yield` is not measured."""


@dataclass(slots=True)
class Outcomes:
    """Watches a sync: adds up the requests, keeps what went wrong and how far each stream came."""

    requests: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        """Nothing to note."""

    def stream_started(self, source: str, stream: str, counters: Counters | None = None) -> None:
        """Nothing to note."""

    def page_committed(self, source: str, stream: str, rows: int, progress: Progress | None) -> None:  # noqa: ARG002
        """Keeps the progress in the stream's own units."""
        if progress is not None:
            self.done[stream] = progress.done

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:  # noqa: ARG002
        """Adds up."""
        self.requests += outcome.requests
        self.seconds[stream] = outcome.seconds
        if outcome.error:
            self.problems.append(outcome.error)

    def note(self, source: str, text: str) -> None:
        """Nothing to note."""

    def problem(self, source: str, text: str) -> None:  # noqa: ARG002
        """What would end a sync with exit code 1."""
        self.problems.append(text)


def pull(config: str, now: str, run: str = "bench", in_flight: int = 8) -> Stages:
    """A whole sync: every stream, and the census when it is due. The tables are there before."""
    settings = load_config(Path(config), {})
    engine = opened(settings)
    yield
    watcher = Outcomes()
    options = SyncOptions(max_in_flight=in_flight)
    sync(settings, options, events=watcher, now=datetime.fromisoformat(now), run_id=run)
    if watcher.problems:
        raise RuntimeError("; ".join(watcher.problems))
    return {"requests": watcher.requests, "done": watcher.done, "seconds": watcher.seconds, **_size(engine)}


def load(config: str, now: str) -> Stages:
    """Writing pages that were pulled before, each in a transaction of its own."""
    settings = load_config(Path(config), {})
    with seldom_collected(), keeping_connections(opened(settings)) as engine:
        with _pages(settings, engine, datetime.fromisoformat(now)) as found:
            pages = list(found)
        yield
        _write(engine, pages)
        return _size(engine)


def fetch_and_map(config: str, now: str) -> Stages:
    """The pages of a connector, thrown away."""
    settings = load_config(Path(config), {})
    with seldom_collected(), keeping_connections(opened(settings)) as engine:
        yield
        with _pages(settings, engine, datetime.fromisoformat(now)) as found:
            return {"pages": sum(1 for _ in found)}


def feed(config: str, now: str) -> Stages:
    """The stream of issues alone, mapped and loaded; what it builds on is there before."""
    settings = load_config(Path(config), {})
    moment, names = datetime.fromisoformat(now), tuple(settings.sources)
    with (
        seldom_collected(),
        keeping_connections(opened(settings)) as engine,
        connected(settings, engine, names, SyncOptions(), moment, PrivacyRules()) as [(_, source)],
    ):
        source.identify()
        streams = {stream.name: stream for stream in source.streams()}
        for name in takewhile(lambda name: name != issues.name, streams):
            _write(engine, streams[name].pages(None))
        before = source.counters.requests
        yield
        _write(engine, streams[issues.name].pages(None))
        return {"requests": source.counters.requests - before, **_size(engine)}


def compute(config: str, now: str) -> Stages:
    """Bring the metrics up to date."""
    settings = load_config(Path(config), {})
    yield
    report = compute_all(settings, now=datetime.fromisoformat(now))
    return {"rows": sum(report.tables.values())}


def export(config: str, name: str, now: str) -> Stages:
    """Write one of the configured exports."""
    settings = load_config(Path(config), {})
    yield
    written = export_all(settings, [name], now=datetime.fromisoformat(now))
    return {"rows": sum(each.rows for files in written.values() for each in files)}


def _write(engine: Engine, pages: Iterable[Page]) -> None:
    """Each in a transaction of its own."""
    for page in pages:
        with engine.begin() as connection:
            write_page(connection, page, PrivacyRules(), utc_now())


@contextmanager
def _pages(settings: Config, engine: Engine, now: datetime) -> Iterator[Iterator[Page]]:
    """All pages of the only source."""
    with connected(settings, engine, tuple(settings.sources), SyncOptions(), now, PrivacyRules()) as [(_, source)]:
        source.identify()
        yield (page for stream in source.streams() for page in stream.pages(None))


def _size(engine: Engine) -> Told:
    """What the warehouse holds."""
    with engine.connect() as connection:
        count = {table.name: connection.scalar(select(func.count()).select_from(table)) for table in LOADED}
    return {"issues": count[issues.name], "changes": count[issue_changes.name], "rows": count}
