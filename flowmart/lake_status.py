"""How the lake stands: the last page of each source, and what its runs noted there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.lake import configured_lake
from flowmart.status import LakeSourceStatus, LakeStatus, SourceStatus, source_statuses
from warehouse.engine import open_scratch
from warehouse.tables import METADATA, table

_READ = ("sources", "sync_runs")


def read_lake_status(
    config: Config, now: datetime, *, with_sizes: bool = False
) -> tuple[LakeStatus, tuple[SourceStatus, ...]]:
    """The lake, and its sources as `flowmart status` tells those of a warehouse."""
    lake = configured_lake(config)
    from lake.pages import RELEASED, standings  # here, since they need the extra that was just asked for
    from lake.reading import committed
    from lake.restoring import restore
    from lake.sizes import sizes

    tables = [table(name) for name in _READ]
    last, pages, sized = standings(lake), committed(lake), sizes(lake) if with_sizes else {}
    with TemporaryDirectory(prefix="flowmart-lake-") as folder:
        engine = open_scratch(Path(folder) / "status.db")
        METADATA.create_all(engine, tables)
        for name in config.sources:
            if name in pages:
                restore(lake, name, engine, of=tables)
        found = source_statuses(engine, config, now)
        engine.dispose()
    stands = []
    for name, (entry, page) in last.items():
        if page is None or page.page is None:
            continue
        is_held = entry.event != RELEASED and entry.expires_at > utc_now()
        size = sized.get(name)
        stands.append(
            LakeSourceStatus(
                source=name,
                page=page.page,
                published_at=page.at,
                pages=len(pages.get(name, ())),
                held_by=entry.holder if is_held else None,
                rows=None if size is None else size.rows,
                files=None if size is None else size.files,
                bytes=None if size is None else size.bytes,
            )
        )
    return LakeStatus(url=lake.url, sources=tuple(stands)), found
