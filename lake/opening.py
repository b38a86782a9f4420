"""Opens a lake and its Delta tables; a table is made when it is first written to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.errors import LakeError

KEPT_HOURS = 24
"""Files that no page needs any more stay for so long: whoever opened the tables before may read on."""

_TRIES = 8
_MOST_TOLD = 300
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ADDRESS = re.compile(r"\?\S+")
"""What follows the path of an address: a signature may be in it."""
_COMPRESSION = WriterProperties(compression="ZSTD")


@dataclass(frozen=True, slots=True)
class Lake:
    """A place where Delta tables are. Opening it asks nothing of the place; it can be sent to other processes."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the store wants to know, secrets among it."""

    def place(self, *parts: str) -> str:
        """Address of something in the lake."""
        return "/".join((self.url, *parts))


def open_lake(url: str, options: Mapping[str, str] | None = None) -> Lake:
    """The lake in a folder, or at `s3://…`, `abfss://…` or `gs://…`; `options` are the store's own.

    Raises `LakeError` for an address that names nothing.
    """
    if "://" not in url:
        return Lake(str(Path(url).absolute()), dict(options or {}))
    scheme, _, rest = url.partition("://")
    if not rest.strip("/"):
        raise LakeError(f"{url}: name the bucket or container: {scheme}://NAME/FOLDER")
    return Lake(url.rstrip("/"), dict(options or {}))


def opened(lake: Lake, *parts: str) -> DeltaTable | None:
    """The Delta table there, as it is now; None where there is none yet."""
    place = lake.place(*parts)
    with told(place):
        try:
            return DeltaTable(place, storage_options=dict(lake.options) or None)
        except TableNotFoundError:
            return None


def made(
    lake: Lake,
    *parts: str,
    schema: pa.Schema,
    partition_by: Sequence[str],
    statistics: Sequence[str] = (),
) -> DeltaTable:
    """The Delta table there, made if there is none; `statistics` are the columns whose bounds each file tells."""
    there = opened(lake, *parts)
    place = lake.place(*parts)
    with told(place):
        try:
            return there or DeltaTable.create(
                place,
                schema,
                mode="ignore",
                partition_by=list(partition_by),
                configuration={"delta.dataSkippingStatsColumns": ",".join(statistics)} if statistics else None,
                storage_options=dict(lake.options) or None,
                # tried again on top of another's making it would make the table anew, and refuse whoever writes to it
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except CommitFailedError:  # another process has made it at the same moment
            there = opened(lake, *parts)
            if there is None:
                raise
            return there


def append(handle: DeltaTable, rows: pa.Table) -> None:
    """Add rows to a table, over and over if need be: the library holds an append against whoever deletes meanwhile.

    The table may get columns that only the rows have. Call it within `told`.
    """
    for left in reversed(range(_TRIES)):
        try:
            write_deltalake(handle, rows, mode="append", schema_mode="merge", writer_properties=_COMPRESSION)
        except CommitFailedError:
            if not left:
                raise
            handle.update_incremental()
        else:
            return


def remove(lake: Lake, where: str, *parts: str) -> None:
    """Take rows out of a table, and files that nothing has named for a day out of the store.

    What cannot be removed, since others write to the table all the time, the next compaction removes.
    """
    for _ in range(_TRIES):
        handle = opened(lake, *parts)
        if handle is None:
            return
        with told(lake.place(*parts)):
            try:
                handle.delete(where)
                handle.vacuum(KEPT_HOURS, dry_run=False, enforce_retention_duration=False)
            except CommitFailedError:  # another source wrote to the table meanwhile
                continue
        return


@contextmanager
def told(place: str) -> Iterator[None]:
    """What a store or a table refuses within, as a `LakeError`."""
    try:
        yield
    except (DeltaError, OSError, pa.ArrowException) as error:
        said = _ADDRESS.sub("?…", _COLOUR.sub("", " ".join(str(error).split())))[:_MOST_TOLD]
        raise LakeError(f"{place}: {said}; check lake.url, lake.options and the store, and try again") from error
