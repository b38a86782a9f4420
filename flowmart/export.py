"""Writes the configured exports, or one that the command line describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

import migrations
from exports import catalog
from exports.base import Order, Place, Written
from exports.snapshot import snapshot
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.naming import meant
from flowmart.privacy.state import require_same
from flowmart.settings import Export
from flowmart.settings.exports import BELONGINGS
from flowmart.store import opened
from warehouse.tables import table

Since = datetime | Literal["last"] | None
"""From when on an increment has what changed: an instant, or what the last export into the folder did not have."""


def export(
    config: Config,
    names: Sequence[str] = (),
    *,
    now: datetime,
    since: Since = None,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Written]]:
    """Write the named exports of the configuration (all by default); export → its files.

    Raises `UsageError` for a name that is not configured, and `ExportError` when files cannot be written.
    """
    unknown = [name for name in names if name not in config.exports]
    if unknown:
        hint = meant(unknown, list(config.exports), listing="configured are")
        raise UsageError(f"no export named {', '.join(unknown)}{hint}")
    return write(
        config, {name: config.exports[name] for name in names or config.exports}, now=now, since=since, step=step
    )


def write(
    config: Config,
    exports: Mapping[str, Export],
    *,
    now: datetime,
    since: Since = None,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Written]]:
    """Write each of these exports; all tables of one are read from the same state of the warehouse.

    Raises, before anything is made, `UsageError` when one is always whole and `since` is given, and `PrivacyChanged`
    when the warehouse was filled under other rules of privacy; and `ExportError`.
    """
    for name, wanted in exports.items():
        if since is not None and not wanted.takes_increments:
            raise UsageError(f"{name}: --since belongs to format {BELONGINGS['since'].told()}")
    engine = opened(config)
    try:
        with engine.connect() as connection:
            require_same(connection, config)
        written = {}
        for name, wanted in exports.items():
            step(f"writing {name} to {wanted.shown_to}")
            written[name] = _write(engine, wanted, now, since or wanted.since, config.sync.overlap_seconds)
        return written
    finally:
        engine.dispose()


def _write(engine: Engine, wanted: Export, now: datetime, since: Since, overlap_seconds: float) -> list[Written]:
    to: Place = wanted.to
    order = Order(
        made_at=now,
        revision=migrations.current(engine),
        partition=wanted.partition,
        neutralise_formulas=wanted.neutralise_formulas,
        reach=wanted.reach,
        storage=wanted.storage_options(),
    )
    if since is not None:
        from exports.series import begin_of, folder_of  # here, since it reads files by what writes them

        begin = begin_of(to, order, timedelta(seconds=overlap_seconds)) if since == "last" else since
        to, order = folder_of(to, now), replace(order, since=begin)
    with snapshot(engine) as connection:
        order = replace(order, synced_until=synced_until(connection))
        return catalog.write(connection, wanted.format, wanted.tables, to, order)


def synced_until(connection: Connection) -> datetime | None:
    """What trackers changed before this is here: the oldest of the sources' last syncs; None if one has none."""
    synced = connection.scalars(select(table("sources").c.last_synced_at)).all()
    return min(synced) if synced and None not in synced else None


def asked_since(text: str | None, zone: ZoneInfo) -> Since:
    """`last`, the begin of a day such as `2026-09-01` in the zone, or an instant. Raises `UsageError`."""
    if text is None:
        return None
    if text == "last":
        return "last"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None and text == f"{moment:%Y-%m-%d}":
        moment = moment.replace(tzinfo=zone)
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--since: {text!r} is not `last`, no day such as 2026-09-01, and no instant such as 2026-09-01T12:00Z"
        )
    return moment.astimezone(UTC)
