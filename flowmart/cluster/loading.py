"""Loads a lake into a warehouse for BI: loaded and computed tables of one moment, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from flowmart.clock import utc_now
from flowmart.cluster.asking import asking
from flowmart.cluster.scratch import restored
from flowmart.errors import JobFailed
from flowmart.store import opened
from lake.computed import versions
from metrics.catalog import classify
from metrics.crossing.pool import Question
from warehouse.bulk import clear, insert_rows
from warehouse.copying import copy_table
from warehouse.leases import hold
from warehouse.tables import COMPUTED, LOADED
from warehouse.tables.operational import compute_inputs, data_quality, stale_issues, sync_runs
from warehouse.upkeep import tidy

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from flowmart.cluster.shapes import Shared
    from flowmart.config import Config
    from lake.computed import Computation

_COPIED = (*LOADED, sync_runs)
"""With the runs: alerts, reports and `status` say by them how old the rows are."""
_COMPUTED = (*COMPUTED, data_quality)


def load_warehouse(config: Config, shared: Shared, step: Callable[[str], None] = lambda _: None) -> Mapping[str, int]:
    """Make the rows of the configured warehouse those of the lake's last computations; gives rows by table.

    Readers see the old rows until all new ones are there. Raises `JobFailed` when nothing was computed yet,
    `LakeError`, and `LeaseHeld` while another process works on the warehouse.
    """
    known = versions(shared.lake)
    if not known:
        raise JobFailed(f"lake {shared.lake.url}: nothing was computed yet")
    engine = opened(config)
    try:
        with hold(engine, "run", utc_now) as lease:
            with engine.begin() as connection:
                for table in (*_COPIED, *_COMPUTED, compute_inputs, stale_issues):
                    clear(connection, table)
                rows = _loaded(connection, shared, [one for source, one in known.items() if source], step)
                step("loading computed tables")
                ask = asking(shared.lake, [one.computation for one in known.values()])
                for table in _COMPUTED:
                    columns = table.columns.keys()
                    rows[table.name] = insert_rows(connection, table, columns, ask(Question(table.name, columns, ())))
                lease.renew(connection, utc_now())
            tidy(engine)
    finally:
        engine.dispose()
    return rows


def _loaded(
    connection: Connection, shared: Shared, computations: Sequence[Computation], step: Callable[[str], None]
) -> dict[str, int]:
    """Copy the loaded tables of each source, with what the configuration says of them filled in."""
    rows = dict.fromkeys([table.name for table in _COPIED], 0)
    for number, one in enumerate(computations, 1):
        step(f"loading {one.source_id} ({number} of {len(computations)})")
        with restored(shared.lake, one.source_id, one.page) as scratch, scratch.engine.begin() as source:
            classify(source, shared.settings, shared.now)
            for table in _COPIED:
                rows[table.name] += copy_table(source, connection, table)
    return rows
