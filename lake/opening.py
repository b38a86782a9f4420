"""Opens a lake and its Delta tables; a table is made when it is first written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.errors import LakeError


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
    try:
        return DeltaTable(place, storage_options=dict(lake.options) or None)
    except TableNotFoundError:
        return None
    except (DeltaError, OSError, ValueError) as error:
        raise LakeError(f"{place}: the table cannot be opened: {one_line(error)}") from error


def made(
    lake: Lake,
    *parts: str,
    schema: pa.Schema,
    partition_by: Sequence[str],
    statistics: Sequence[str] = (),
) -> DeltaTable:
    """The Delta table there, made if there is none; `statistics` are the columns whose bounds each file tells."""
    there = opened(lake, *parts)
    if there is not None:
        return there
    place = lake.place(*parts)
    try:
        return DeltaTable.create(
            place,
            schema,
            mode="ignore",
            partition_by=list(partition_by),
            configuration={"delta.dataSkippingStatsColumns": ",".join(statistics)} if statistics else None,
            storage_options=dict(lake.options) or None,
        )
    except CommitFailedError:  # another process has made it at the same moment
        there = opened(lake, *parts)
        if there is None:
            raise
        return there
    except (DeltaError, OSError, ValueError) as error:
        raise LakeError(f"{place}: the table cannot be made: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """What a library says, without its line breaks."""
    return " ".join(str(error).split())
