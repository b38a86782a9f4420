"""Exports one after the other: each in a dated folder of its own, the first whole, the next with what changed since."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from exports.base import ExportError, Order, Place
from exports.manifest import MANIFEST, Manifest, read_manifest
from exports.staging import target_of

_STAMP = "%Y%m%dT%H%M%S%fZ"
_DATED = re.compile(r"\d{8}T\d{12}Z")


def folder_of(to: Place, now: datetime) -> Place:
    """The folder within `to` for the export of this instant: their names sort as time."""
    name = now.astimezone(UTC).strftime(_STAMP)
    return f"{to.rstrip('/')}/{name}" if isinstance(to, str) else to / name


def begin_of(to: Place, order: Order, overlap: timedelta) -> datetime | None:
    """From when on the next export of a series has to have what changed; None: everything, since there is none yet.

    That is until when trackers had been asked at the last export, less the overlap: some rows come twice, none is
    missed between two. Raises `ExportError` when the last export is not older than this one.
    """
    last = _last(to, order)
    if last is None:
        return None
    if last.made_at is not None and order.made_at is not None and last.made_at >= order.made_at:
        raise ExportError(
            f"the last export there was made at {last.made_at:%Y-%m-%dT%H:%M:%SZ}, which is not before this one",
            to,
            "name a day by --since, or another folder",
        )
    return None if last.synced_until is None else last.synced_until - overlap


def _last(to: Place, order: Order) -> Manifest | None:
    """The newest manifest in the folder or one of its dated folders."""
    target = target_of(to, order)
    try:
        dated = sorted(filter(_DATED.fullmatch, target.folders()), reverse=True)
        names = [f"{folder}/{MANIFEST}" for folder in dated]
        found = (read_manifest(target.read(name), target.address(name)) for name in [*names, MANIFEST])
        return next((manifest for manifest in found if manifest is not None), None)
    finally:
        target.close()
