"""Merges a source's pages into one, and takes the older files away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from lake import outbox
from lake.errors import LakeError
from lake.layout import PAGE, PUBLISHED, SOURCE, TABLES, lake_schema
from lake.leases import hold
from lake.opening import Lake, opened, remove
from lake.pages import PAGES
from lake.publishing import Publisher
from lake.reading import committed
from lake.restoring import restore


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What became of a source. `page` is None when there was nothing to merge."""

    source_id: str
    page: int | None
    merged_pages: int
    rows: int


def compact(
    lake: Lake, source_id: str, clock: Callable[[], datetime], make: Callable[[Path], Engine], run_id: str = ""
) -> Compacted:
    """Write the source's rows anew as one page from which readers begin, then remove what is older.

    `make` opens the warehouse of a new file, which takes the rows meanwhile. Readers see the same rows all the time.
    Broken off at any moment it leaves what was there before, or what should be there and some files too many. Raises
    `LeaseHeld` while the source is being synced.
    """
    with hold(lake, source_id, clock, run_id=run_id) as standing, TemporaryDirectory(prefix="flowmart-lake-") as folder:
        engine = make(Path(folder) / "merged.db")
        publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id=run_id, clock=clock)
        try:
            return _compact(lake, source_id, publisher, engine)
        finally:
            publisher.release()
            engine.dispose()


def _compact(lake: Lake, source_id: str, publisher: Publisher, engine: Engine) -> Compacted:
    pages, merged = committed(lake).get(source_id, ()), None
    if len(pages) > 1:
        _refuse_newer(lake)
        with engine.begin() as connection:
            outbox.prepare(connection)  # before the rows come, so that all of them are to be published
        restore(lake, source_id, engine, tick=publisher.keep)
        merged = publisher.publish_merged()
    page = None if merged is None else merged.page
    if pages:
        # also when nothing was merged: an earlier compaction may have been broken off before this
        _remove_older(lake, source_id, page or pages[0])
    rows = 0 if merged is None else merged.rows or 0
    return Compacted(source_id=source_id, page=page, merged_pages=len(pages), rows=rows)


def _refuse_newer(lake: Lake) -> None:
    """Raise `LakeError` where a table has columns that this flowmart does not know: their values would be lost."""
    for table in PUBLISHED:
        handle = opened(lake, TABLES, table.name)
        unknown = set() if handle is None else set(handle.schema().to_arrow().names) - set(lake_schema(table).names)
        if unknown:
            raise LakeError(
                f"{lake.place(TABLES, table.name)}: a newer flowmart has written {', '.join(sorted(unknown))}; "
                "compact with that one"
            )


def _remove_older(lake: Lake, source_id: str, page: int) -> None:
    for table in PUBLISHED:
        remove(lake, f"{SOURCE} = '{source_id}' AND {PAGE} < {page}", TABLES, table.name)
    remove(lake, f"source_id = '{source_id}' AND turn < {page}", PAGES)
