"""The pieces of work of a computation, as an executor does them: they know the lake and the metrics, and no cluster.

Each writes under a name of its own. One that is done again, since its machine went away or was slow, leaves rows under
another name, and only the name that comes back to the driver counts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, Table, func, not_

from flowmart.cluster.asking import asking, batches, in_order
from flowmart.cluster.scratch import FILES, restored
from flowmart.cluster.shapes import ChunkAsked, JoinAsked, Shared, SourceAsked, SourceDone, SweepAsked, Swept, Written
from lake.computed import COMPUTATION, COMPUTED, Draft, read
from lake.opening import remove
from metrics.calendar import rows_since
from metrics.catalog import METRICS, compute, definition_rows
from metrics.crossing.ageing import compared
from metrics.crossing.outlines import Outline, read_outline
from metrics.crossing.own import OF_ALL, OF_SOURCES, OWN
from metrics.crossing.pool import Question, cycle_days
from metrics.crossing.trends import rows_of_all
from metrics.outdated import code_version
from metrics.quality.checks import CHECKS
from metrics.trends.wip_aging import NARROW, widest
from warehouse.arrow import arrow_schema, record_batches
from warehouse.bulk import insert_rows
from warehouse.tables import table
from warehouse.tables.computed import dates, definitions, wip_aging
from warehouse.tables.operational import data_quality

OUTLINES = "outlines"
"""A table of the lake: what each source tells of itself, one row of JSON."""
UNCOMPARED = "wip_aging_uncompared"
"""Another: rows of `wip_aging` that are to be compared with the cycle times of all sources."""
PUBLISHED = (*(one.name for one in OF_SOURCES), data_quality.name, OUTLINES, UNCOMPARED, FILES)
"""The tables that each source has in the lake."""
JOINED = (*(one.name for one in OF_ALL), wip_aging.name)
"""The tables with rows that belong to no source alone."""

_TRENDS = tuple(one for one in OF_ALL if one not in {dates, definitions})
_STATUS = Path("/proc/self/status")
_ROWS_AT_ONCE = 10_000
_KEPT_FOR = timedelta(days=1)
_IS_COMPARED = func.coalesce(wip_aging.c.compared_with, "").in_(NARROW)


class OtherVersion(Exception):  # noqa: N818 - a state, as the house names them
    """The executor has another flowmart than the driver."""


def compute_source(shared: Shared, asked: SourceAsked) -> SourceDone:
    """Compute a source in a scratch warehouse on the executor's disk, and write its rows into the lake.

    What goes wrong with a source is told, and the others are computed.
    """
    _require_version(shared)
    began, name = time.process_time(), new_name(shared.now)
    try:
        draft = Draft(shared.lake, asked.source_id, 0, name)
        with restored(shared.lake, asked.source_id, asked.page, None if asked.anew else asked.before) as scratch:
            # the driver's own calls would commit row by row without a transaction
            with scratch.engine.begin() as connection:
                if asked.before is not None and not scratch.goes_on:
                    _remember_findings(connection, shared, asked.source_id)
                compute(connection, shared.settings, shared.now)
                outline = read_outline(connection)
                _write(connection, draft, outline)
            scratch.keep(draft)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this source's
        told = " ".join(str(error).split()) or type(error).__name__
        return SourceDone(source_id=asked.source_id, page=asked.page, error=told)
    return SourceDone(
        source_id=asked.source_id,
        page=scratch.page,
        computation=name,
        outline=outline,
        went_on=scratch.goes_on,
        cpu_seconds=time.process_time() - began,
        peak_mb=_peak_mb(),
    )


def compute_chunk(shared: Shared, asked: ChunkAsked) -> Written:
    """Write the rows of all sources for some periods."""
    _require_version(shared)
    began, draft = time.process_time(), _draft_of_all(shared)
    ask = asking(shared.lake, asked.computations)
    found = rows_of_all(asked.chunk, ask, asked.outline, shared.settings, shared.now)
    rows = sum(draft.append(name, as_batches(table(name), some)) for name, some in found.items())
    return Written(computation=draft.computation, rows=rows, cpu_seconds=time.process_time() - began)


def join(shared: Shared, asked: JoinAsked) -> Written:
    """Write all rows that belong to no source alone: those of the chunks, and what there is once."""
    _require_version(shared)
    began, draft = time.process_time(), _draft_of_all(shared)
    rows = 0
    for one in _TRENDS:
        every = Question(one.name, one.columns.keys(), ())
        rows += draft.append(one.name, batches(shared.lake, every, asked.parts))
    calendar = rows_since(asked.outline.oldest, shared.settings.calendar, shared.now)
    rows += draft.append(dates.name, as_batches(dates, calendar))
    defined = (tuple(row.values()) for row in definition_rows(METRICS, shared.settings, shared.now))
    rows += draft.append(definitions.name, as_batches(definitions, defined))
    rows += draft.append(wip_aging.name, as_batches(wip_aging, _ages(shared, asked.computations)))
    return Written(computation=draft.computation, rows=rows, cpu_seconds=time.process_time() - began)


def sweep(shared: Shared, asked: SweepAsked) -> Swept:
    """Take rows that count no longer out of a table, unless they are so young that somebody may be writing them."""
    kept = ", ".join(f"'{name}'" for name in asked.kept)
    old = f"{COMPUTATION} NOT IN ({kept}) AND {COMPUTATION} < '{_moment(shared.now - _KEPT_FOR)}'"
    remove(shared.lake, old, COMPUTED, str(asked.table))
    return Swept(str(asked.table))


def new_name(now: datetime) -> str:
    """A name for rows; those of an earlier computation come before it."""
    return f"{_moment(now)}-{uuid.uuid4().hex}"


def _moment(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"


def _peak_mb() -> float:
    if not _STATUS.exists():
        return 0.0
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _require_version(shared: Shared) -> None:
    here = code_version()
    if here != shared.code_version:
        raise OtherVersion(f"this executor has flowmart {here}, and the driver {shared.code_version}")


def _remember_findings(connection: Connection, shared: Shared, source_id: str) -> None:
    """Bring back what the last computation found, so that a finding keeps the instant at which it was found first."""
    columns = data_quality.columns.keys()
    before = read(shared.lake, data_quality.name, [source_id])
    if before.num_rows:
        rows = [row for row in before.select(columns).to_pylist() if row["check_name"] in CHECKS]
        insert_rows(connection, data_quality, columns, (tuple(row.values()) for row in rows))


def _write(connection: Connection, draft: Draft, outline: Outline) -> None:
    # wip_aging last: its two parts are conditions of one table
    for one in OF_SOURCES:
        if one is not wip_aging:
            draft.append(one.name, record_batches(connection, one, where=OWN.get(one.name)))
    draft.append(wip_aging.name, record_batches(connection, wip_aging, where=_IS_COMPARED))
    draft.append(UNCOMPARED, record_batches(connection, wip_aging, where=not_(_IS_COMPARED)))
    draft.append(data_quality.name, record_batches(connection, data_quality))
    told = msgspec.json.encode(outline).decode()
    draft.append(OUTLINES, [pa.record_batch({"outline": pa.array([told], pa.string())})])


def _draft_of_all(shared: Shared) -> Draft:
    return Draft(shared.lake, "", 0, new_name(shared.now))


def _ages(shared: Shared, computations: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    ordered = in_order(shared.lake, cycle_days(shared.today), computations)
    waiting = asking(shared.lake, computations)(Question(UNCOMPARED, wip_aging.columns.keys(), ()))
    return compared(waiting, widest(ordered))


def as_batches(of: Table, rows: Iterable[tuple[Any, ...]]) -> Iterator[pa.RecordBatch]:
    """Rows of Python values in the order of the columns, as the lake has them."""
    schema, waiting = arrow_schema(of), iter(rows)
    while some := list(islice(waiting, _ROWS_AT_ONCE)):
        columns = [pa.array(values, field.type) for values, field in zip(zip(*some, strict=True), schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
