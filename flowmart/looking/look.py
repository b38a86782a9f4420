"""Looks round without writing: may we log in, what is visible, which fields play which role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime

import migrations
from connectors.base import Connector, Identity, Survey
from connectors.errors import SourceError
from flowmart.config import Config
from flowmart.errors import ApplicationError
from flowmart.looking.recorded import Recorded, read_recorded
from flowmart.sources import WATCHED, connector
from flowmart.store import SchemaMismatch, connected, require_newest
from warehouse.engine import warehouse_exists

Connect = Callable[[Config, str, datetime], Connector]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseLook:
    """What stands at the warehouse's address. `revision` None: nothing yet; the first sync makes it."""

    address: str
    revision: str | None
    problem: str | None = None
    recorded: Recorded = field(default_factory=Recorded)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLook:
    """What a tracker shows. `error` says why it shows nothing."""

    source: str
    type: str
    url: str
    identity: Identity | None = None
    survey: Survey | None = None
    error: str | None = None
    requests: int = 0
    """How many it took."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that keeps the source from being whole."""
        found = tuple(self.survey.problems) if self.survey is not None else ()
        return (*found, self.error) if self.error else found


def connect(config: Config, name: str, now: datetime) -> Connector:
    """The source's connector, with nothing to compare with: it is asked to look only."""
    return connector(config, name, recall=lambda _: {}, now=now, attempts=WATCHED)


def look_at_warehouse(config: Config) -> WarehouseLook:
    """What is there and recorded. Raises the database's own errors when it cannot be reached."""
    engine = connected(config)
    recorded = Recorded()
    try:
        revision = migrations.current(engine) if warehouse_exists(engine) else None
        if revision is not None:
            require_newest(engine)
            with engine.connect() as connection:
                recorded = read_recorded(connection, config.metric_settings())
    except SchemaMismatch as error:
        return WarehouseLook(address=config.warehouse.shown, revision=revision, problem=str(error))
    finally:
        engine.dispose()
    return WarehouseLook(address=config.warehouse.shown, revision=revision, recorded=recorded)


def look_at_source(config: Config, name: str, now: datetime, connect: Connect = connect) -> SourceLook:
    """What the tracker shows to the configured account."""
    return next(look_at_sources(config, now, connect, [name]))


def look_at_sources(
    config: Config, now: datetime, connect: Connect = connect, names: list[str] | None = None
) -> Iterator[SourceLook]:
    """What each tracker shows, in the order of the configuration; all are asked at once, and none hides another.

    A defect of ours in one of them is raised after the others.
    """
    wanted = list(config.sources) if names is None else names
    trackers = {name: _connected(config, name, now, connect) for name in wanted}  # SDKs are loaded by one thread
    pool = ThreadPoolExecutor(max(1, len(wanted)), thread_name_prefix="look")
    try:
        flying = {name: pool.submit(_look, config, name, tracker) for name, tracker in trackers.items()}
        defects: list[BaseException] = []
        for future in flying.values():
            defect = future.exception()
            if defect is None:
                yield future.result()
            else:
                defects.append(defect)
        if defects:
            raise defects[0]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _connected(config: Config, name: str, now: datetime, connect: Connect) -> Connector | str:
    """The connector, or why there is none."""
    try:
        return connect(config, name, now)
    except (ApplicationError, SourceError) as error:
        return str(error)


def _look(config: Config, name: str, tracker: Connector | str) -> SourceLook:
    source = config.sources[name]
    blind = SourceLook(source=name, type=source.type, url=source.url)
    if isinstance(tracker, str):
        return replace(blind, error=tracker)
    identity: Identity | None = None
    with closing(tracker):
        try:
            identity = tracker.identify()
            survey = tracker.survey()
        except (SourceError, RecursionError) as error:  # an answer may be nested too deeply to be mapped
            return replace(blind, identity=identity, error=str(error), requests=tracker.counters.requests)
        return replace(blind, identity=identity, survey=survey, requests=tracker.counters.requests)
