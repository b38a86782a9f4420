"""Computed tables in the lake: all tables of a source's computation become visible together.

`computed/<table>` has the table's own columns, and `_source` and `_computation` beside them. Rows count when
`computations` names their computation as the last one of their source. What belongs to no source alone has the source
`(all)` there, and `""` here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from lake.errors import LakeError
from lake.opening import Lake, append, made, opened, remove, told
from warehouse.arrow import INSTANT, joined

COMPUTED, COMPUTATIONS = "computed", "computations"
ALL = "(all)"
"""Stands for the empty source, which as the name of a folder would be NULL."""

SOURCE, COMPUTATION = "_source", "_computation"

SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.string()),
        pa.field("version", pa.int64()),
        pa.field("computation", pa.string()),
        pa.field("page", pa.int64()),
        pa.field("fingerprint", pa.string()),
        pa.field("at", INSTANT),
        pa.field("tables", pa.list_(pa.string())),
    ]
)
_RETRIES = 60
_TRIES = 5
_BYTES_A_FILE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """What was published of one source."""

    source_id: str
    version: int
    computation: str
    """What its rows carry."""
    page: int | None
    """The page of the source that it was computed from."""
    fingerprint: str | None
    """Of the code and the settings that computed it."""
    at: datetime | None
    tables: list[str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A computation under way: nobody sees its rows before `commit`. It can be sent to other processes."""

    lake: Lake
    source_id: str
    version: int
    computation: str = field(default_factory=lambda: uuid.uuid4().hex)

    def append(
        self, table_name: str, batches: Iterable[pa.RecordBatch], partition_by: Sequence[str] = (SOURCE,)
    ) -> int:
        """Add rows of a table, whose batches have one schema; returns how many."""
        statistics = [] if COMPUTATION in partition_by else [COMPUTATION]
        rows = 0
        for some in joined(batches, most_bytes=_BYTES_A_FILE):
            marked = some.append_column(SOURCE, pa.repeat(_stored(self.source_id), some.num_rows))
            marked = marked.append_column(COMPUTATION, pa.repeat(self.computation, some.num_rows))
            place = made(
                self.lake,
                COMPUTED,
                table_name,
                schema=marked.schema,
                partition_by=partition_by,
                statistics=statistics,
            )
            with told(place.table_uri):
                append(place, marked)
            rows += some.num_rows
        return rows

    def commit(
        self,
        tables: Iterable[str],
        *,
        page: int | None = None,
        fingerprint: str | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Make the rows of these tables the source's; tables that are not named have none of it any longer.

        Returns False when that version was published before: nothing changes then, and the rows of this draft never
        count. Raises `LakeError` when a newer version is there, or is being committed by another process.
        """
        handle = made(self.lake, COMPUTATIONS, schema=SCHEMA, partition_by=["source_id"], statistics=["version"])
        last = handle.transaction_version(self._application)
        if last is not None and last >= self.version:
            if last == self.version:
                return False
            raise LakeError(
                f"{self.lake.url}: version {last} of {_stored(self.source_id)} is published; {self.version} is older"
            )
        one = Computation(
            source_id=_stored(self.source_id),
            version=self.version,
            computation=self.computation,
            page=page,
            fingerprint=fingerprint,
            at=at,
            tables=sorted(tables),
        )
        self._enter(handle, one)
        return True

    @property
    def _application(self) -> str:
        return f"computed:{_stored(self.source_id)}"

    def _enter(self, handle: DeltaTable, one: Computation) -> None:
        properties = CommitProperties(
            app_transactions=[Transaction(self._application, self.version)], max_commit_retries=_RETRIES
        )
        row = pa.Table.from_pylist([asdict(one)], schema=SCHEMA)
        with told(handle.table_uri):
            try:
                write_deltalake(handle, row, mode="append", commit_properties=properties)
            except CommitFailedError as error:
                raise LakeError(
                    f"{self.lake.url}: another process publishes {one.source_id} at this moment; run it again"
                ) from error


def publish(
    lake: Lake,
    source_id: str,
    version: int,
    tables: Mapping[str, Iterable[pa.RecordBatch]],
    *,
    page: int | None = None,
    fingerprint: str | None = None,
    at: datetime | None = None,
) -> bool:
    """Replace the source's rows in the computed tables, in all of them at once; `""` is what concerns several sources.

    Versions of a source must rise. One that is published already is left as it is: returns whether anything was done.
    """
    known = versions(lake).get(source_id)
    if known is not None and known.version == version:
        return False
    draft = Draft(lake, source_id, version)
    for name, batches in tables.items():
        draft.append(name, batches)
    return draft.commit(tables, page=page, fingerprint=fingerprint, at=at)


def versions(lake: Lake) -> Mapping[str, Computation]:
    """Source → its last computation."""
    handle = opened(lake, COMPUTATIONS)
    rows = [] if handle is None else handle.to_pyarrow_table(columns=SCHEMA.names).to_pylist()
    found = [Computation(**{**row, "source_id": _shown(row["source_id"])}) for row in rows]
    return {one.source_id: one for one in sorted(found, key=lambda one: one.version)}


def read(
    lake: Lake, table_name: str, source_ids: Iterable[str] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows of a computed table, of these sources or of all; none when no source has any.

    They have the table's own columns, in the order of the lake unless `columns` says another, and in no order of rows.
    """
    wanted = None if source_ids is None else set(source_ids)
    for _ in range(_TRIES):
        before = _counting(lake, table_name, wanted)
        handle = opened(lake, COMPUTED, table_name)
        found = pa.table({}) if handle is None else _rows(handle, before, columns)
        if _counting(lake, table_name, wanted) == before:
            return found
    raise LakeError(f"{lake.url}: {table_name} is published again and again while it is being read; try again later")


def forget_older(lake: Lake, source_id: str) -> None:
    """Take the rows of all but the last two computations of a source out of the tables.

    Whoever is reading the one before the last goes on to find its rows.
    """
    handle = opened(lake, COMPUTATIONS)
    if handle is None:
        return
    with told(handle.table_uri):
        rows = handle.to_pyarrow_table(filters=[("source_id", "=", _stored(source_id))]).to_pylist()
    rows.sort(key=lambda row: row["version"])
    kept = ", ".join(f"'{row['computation']}'" for row in rows[-2:])
    for name in sorted({name for row in rows for name in row["tables"]}):
        remove(lake, f"{SOURCE} = '{_stored(source_id)}' AND {COMPUTATION} NOT IN ({kept})", COMPUTED, name)


def _counting(lake: Lake, table_name: str, wanted: set[str] | None) -> Mapping[str, str]:
    """Source → the computation whose rows of the table count."""
    return {
        source: one.computation
        for source, one in versions(lake).items()
        if table_name in one.tables and (wanted is None or source in wanted)
    }


def _rows(handle: DeltaTable, counting: Mapping[str, str], columns: Sequence[str] | None) -> pa.Table:
    dataset = handle.to_pyarrow_dataset()
    own = [name for name in dataset.schema.names if name not in {SOURCE, COMPUTATION}]
    wanted = own if columns is None else list(columns)
    if not counting:
        return dataset.schema.empty_table().select(wanted)
    stored = [_stored(source) for source in counting]
    where = ds.field(SOURCE).isin(stored) & ds.field(COMPUTATION).isin(list(counting.values()))
    with told(handle.table_uri):
        return dataset.to_table(columns=wanted, filter=where)


def _stored(source_id: str) -> str:
    return source_id or ALL


def _shown(stored: str) -> str:
    return "" if stored == ALL else stored
