"""Computes all metrics as they were at a past instant, into files: in a copy that is taken back to it, then removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

import metrics.catalog
import migrations
from exports.base import Order, Written
from exports.catalog import EXPORTERS, LEFT_OUT
from exports.snapshot import snapshot
from flowmart.config import Config
from flowmart.errors import JobFailed, UsageError
from flowmart.privacy.state import require_same
from flowmart.store import connected, holds_tables, require_newest
from metrics.calendar import ONE_DAY, day_start
from metrics.rewinding.rewind import rewind
from warehouse.copying import copy_tables
from warehouse.engine import open_scratch
from warehouse.tables import COMPUTED, LOADED, METADATA, table

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_OPTION = "--as-of"
_LEFT_OUT = frozenset({"comments", "issue_snapshots"})
"""Loaded tables that no metric reads, and large ones."""
COPIED = tuple(table for table in LOADED if table.name not in _LEFT_OUT)
"""Loaded tables that are copied, taken back and written beside the computed ones, which join to them."""


class Asked(NamedTuple):
    """An instant in UTC, and the name of the folder for its files when nothing else is said."""

    instant: datetime
    folder: str


def asked(text: str, zone: ZoneInfo) -> Asked:
    """The end of a day such as `2026-06-30` in the zone, or an instant with an offset. Raises `UsageError`."""
    try:
        day = date.fromisoformat(text)
        return Asked(day_start(day + ONE_DAY, zone), f"as-of-{day}")
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"{_OPTION}: {text!r} is no day such as 2026-06-30 and no instant such as 2026-06-30T12:00Z")
    instant = moment.astimezone(UTC)
    return Asked(instant, f"as-of-{instant:%Y-%m-%dT%H%M%SZ}")


def compute_as_of(config: Config, instant: datetime, *, now: datetime, to: Path, format_: str) -> Sequence[Written]:
    """Write the metrics of the instant, with the loaded tables of then, into the folder; returns the files.

    The warehouse is only read, as of one moment; a sync may go on meanwhile. Raises `UsageError` when the instant is
    still to come or before the first issue, `JobFailed` when there is nothing to compute from, and `ExportError`.
    """
    if instant > now:
        raise UsageError(f"{_OPTION}: {_shown(instant)} is still to come; name a day that is over, or an instant")
    with _copied(config, instant) as connection:
        rewind(connection, instant, config.zone, scopes_of(config))
        metrics.catalog.compute(connection, config.metric_settings(), instant, full=True)
        left_out = LEFT_OUT.get(format_, frozenset())
        tables = [table for table in (*COPIED, *COMPUTED) if table.name not in left_out]
        return EXPORTERS[format_](connection, tables, to, Order(made_at=now, revision=migrations.head()))


def scopes_of(config: Config) -> Mapping[str, Sequence[str]]:
    """Source → its configured projects, for the sources that have such a list."""
    return {name: source.projects for name, source in config.sources.items() if source.projects}


@contextmanager
def _copied(config: Config, instant: datetime) -> Iterator[Connection]:
    """A temporary warehouse with the loaded tables of today; it goes with the block."""
    with TemporaryDirectory(prefix="flowmart-as-of-") as folder:
        copy = open_scratch(Path(folder) / "warehouse.db")
        METADATA.create_all(copy)
        with copy.begin() as connection:  # the driver's own calls would commit row by row without a transaction
            engine = connected(config)
            try:
                _copy_loaded(engine, connection, config, instant)
            finally:
                engine.dispose()
            yield connection


def _copy_loaded(engine: Engine, copy: Connection, config: Config, instant: datetime) -> None:
    if not holds_tables(engine):
        raise JobFailed(_nothing(config))
    require_newest(engine)
    with snapshot(engine) as source:
        require_same(source, config)
        first = source.scalar(select(func.min(table("issues").c.created_at)))
        if first is None:
            raise JobFailed(_nothing(config))
        if first > instant:
            raise UsageError(f"{_OPTION}: {_shown(instant)} is before the first issue, which is of {_shown(first)}")
        copy_tables(source, copy, COPIED)


def _nothing(config: Config) -> str:
    return f"warehouse {config.warehouse.shown}: it holds no issues yet; run `flowmart sync`"


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
