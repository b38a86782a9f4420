"""Which pages of which sources there are, and tables in which those pages are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from sqlalchemy import Table

from lake.errors import LakeError
from lake.layout import DELETED, PAGE, PUBLISHED, SOURCE, TABLES
from lake.opening import Lake, opened
from lake.pages import Mark, marks

_TRIES = 5
_OPEN_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source as of one committed page: no matter what is written or compacted meanwhile."""

    source_id: str
    page: int
    pages: tuple[int, ...]
    """Those whose rows count, in order; of a key the last one has the say."""
    tables: Mapping[str, DeltaTable]
    """Table → as it was opened; without those that have no row of any source yet."""


def sources(lake: Lake) -> Mapping[str, int]:
    """Source → its last committed page."""
    return {source: pages[-1] for source, pages in committed(lake).items()}


def committed(lake: Lake) -> Mapping[str, tuple[int, ...]]:
    """Source → the pages whose rows make it up now, in order: all others are to be passed over."""
    found: dict[str, list[Mark]] = {}
    for mark in marks(lake):
        found.setdefault(mark.source_id, []).append(mark)
    return {source: _needed(some, some[-1]) for source, some in found.items()}


def snapshot(lake: Lake, source_id: str, page: int | None = None, of: Sequence[Table] = PUBLISHED) -> Snapshot:
    """The source as of that page, or its last.

    Raises `LakeError` when there is no such page, or when a compaction has taken its files away.
    """
    for _ in range(_TRIES):
        before = marks(lake, source_id)
        wanted = _chosen(lake, source_id, before, page)
        with ThreadPoolExecutor(_OPEN_AT_ONCE) as threads:
            handles = list(threads.map(lambda table: opened(lake, TABLES, table.name), of))
        # files go only after the page that replaces them: if there is none of that now, what was opened has them all
        after = marks(lake, source_id)
        if after[-1].base == before[-1].base:
            tables = {table.name: handle for table, handle in zip(of, handles, strict=True) if handle is not None}
            return Snapshot(source_id, wanted.page, _needed(before, wanted), tables)
    raise LakeError(f"{lake.url}: {source_id} is compacted again and again while it is being read; try again later")


def rows_in_order(handle: DeltaTable, seen: Snapshot, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The source's rows of the pages that count, page by page; with `_deleted` beside the columns."""
    dataset = handle.to_pyarrow_dataset(file_pruning_predicate=[(SOURCE, "=", seen.source_id)])
    bounds = _bounds(handle, seen.source_id)
    files: dict[int, list[ds.Fragment]] = {}
    for fragment in dataset.get_fragments():
        first, last = bounds[fragment.path]
        for page in seen.pages:
            if first <= page <= last:
                files.setdefault(page, []).append(fragment)
    for page in sorted(files):
        for fragment in files[page]:
            # the pages of a file are several where a tool of somebody else's has merged files
            yield from fragment.to_batches(
                schema=dataset.schema, columns=[*columns, DELETED], filter=ds.field(PAGE) == page
            )


def _bounds(handle: DeltaTable, source_id: str) -> dict[str, tuple[int, int]]:
    """File → its first and its last page."""
    added = pa.table(handle.get_add_actions(flatten=True))
    added = added.filter(pc.equal(added.column(f"partition.{SOURCE}"), source_id))
    columns = ("path", f"min.{PAGE}", f"max.{PAGE}")
    rows = zip(*(added.column(name).to_pylist() for name in columns), strict=True)
    return {unquote(path): (first, last) for path, first, last in rows}


def _chosen(lake: Lake, source_id: str, found: Sequence[Mark], page: int | None) -> Mark:
    if not found:
        raise LakeError(f"{lake.url}: nothing of {source_id} is there; run `flowmart sync {source_id}`")
    wanted = found[-1] if page is None else next((one for one in found if one.page == page), None)
    if wanted is None:
        raise LakeError(f"{lake.url}: {source_id} has no page {page}; the last one is {found[-1].page}")
    if wanted.page < found[-1].base:
        raise LakeError(f"{lake.url}: page {page} of {source_id} was merged into page {found[-1].base}; read that")
    return wanted


def _needed(found: Sequence[Mark], wanted: Mark) -> tuple[int, ...]:
    return tuple(one.page for one in found if wanted.base <= one.page <= wanted.page)
