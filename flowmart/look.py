"""Looks round without writing: may we log in, what is visible, which fields play which role."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import migrations
from connectors.base import Connector, Identity, Survey
from connectors.errors import SourceError
from flowmart.config import Config
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLook:
    """What a tracker shows. `error` says why it shows nothing."""

    source: str
    type: str
    url: str
    identity: Identity | None = None
    survey: Survey | None = None
    error: str | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that keeps the source from being whole."""
        found = tuple(self.survey.problems) if self.survey is not None else ()
        return (*found, self.error) if self.error else found


def connect(config: Config, name: str, now: datetime) -> Connector:
    """The source's connector, with nothing to compare with: it is asked to look only."""
    return connector(config, name, recall=lambda _: {}, now=now, attempts=WATCHED)


def look_at_warehouse(config: Config) -> WarehouseLook:
    """What is there. Raises the database's own errors when it cannot be reached."""
    engine = connected(config)
    try:
        revision = migrations.current(engine) if warehouse_exists(engine) else None
        if revision is not None:
            require_newest(engine)
    except SchemaMismatch as error:
        return WarehouseLook(address=config.warehouse.shown, revision=revision, problem=str(error))
    finally:
        engine.dispose()
    return WarehouseLook(address=config.warehouse.shown, revision=revision)


def look_at_source(config: Config, name: str, now: datetime, connect: Connect = connect) -> SourceLook:
    """What the tracker shows to the configured account."""
    source = config.sources[name]
    identity: Identity | None = None
    try:
        with closing(connect(config, name, now)) as tracker:
            identity = tracker.identify()
            survey = tracker.survey()
    except SourceError as error:
        return SourceLook(source=name, type=source.type, url=source.url, identity=identity, error=str(error))
    return SourceLook(source=name, type=source.type, url=source.url, identity=identity, survey=survey)
