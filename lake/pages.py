"""The table `pages`: what was committed of each source, turn by turn, and who may take the next turn.

Every entry of a source (a lease taken, renewed or given back, a page committed) is one turn, and every turn is a commit
that carries the source's name as Delta's application transaction. Of two who would take the same turn one fails, so
whoever lost the lease commits nothing more. A page is begun under the number of the next turn. Only who takes that
turn, be it to commit the page or to renew the lease, can commit it: a number that was begun is never used again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from lake.opening import Lake, made, opened, told
from warehouse.arrow import INSTANT
from warehouse.leases import LeaseLost

PAGES = "pages"
TAKEN, RENEWED, RELEASED, COMMITTED = "taken", "renewed", "released", "page"

SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.string()),
        pa.field("turn", pa.int64()),
        pa.field("event", pa.string()),
        pa.field("page", pa.int64()),
        pa.field("base", pa.int64()),
        pa.field("content", pa.int64()),
        pa.field("holder", pa.string()),
        pa.field("work", pa.string()),
        pa.field("at", INSTANT),
        pa.field("expires_at", INSTANT),
        pa.field("rows", pa.int64()),
        pa.field("tables", pa.string()),
        pa.field("run_id", pa.string()),
    ]
)
_RETRIES = 60
"""Other sources commit to the same table: a commit that another came before is tried again on top of that."""
_TRIES = 8
_OUTRUN = "Concurrent transaction failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One turn of a source."""

    source_id: str
    turn: int
    event: str
    """taken, renewed, released or page."""
    holder: str
    at: datetime
    expires_at: datetime
    """When the lease of the holder ends unless it is renewed."""
    page: int | None = None
    """Number of the page that this turn commits."""
    base: int | None = None
    """The first page that a reader of this one needs."""
    content: int | None = None
    """The page whose rows these are, in other files after a compaction; else the page itself."""
    work: str | None = None
    """The working file that the page came from."""
    rows: int | None = None
    tables: str | None = None
    """JSON: table → rows that the page brings."""
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a source: the table as it was looked at, its last entry, and its last page."""

    handle: DeltaTable
    source_id: str
    turn: int
    last: Entry | None
    page: Entry | None
    held_since: datetime | None = None
    """When the lease that is the last one was taken."""

    def enter(self, entry: Entry) -> Standing:
        """Take the next turn. Raises `LeaseLost` when somebody else has taken it, and nothing is committed then.

        After any other error nobody knows whether it was taken: the source is to be looked at anew.
        """
        turn = self.turn + 1
        if entry.turn != turn:
            raise ValueError(f"turn {entry.turn} of {self.source_id} does not follow {self.turn}")
        row = pa.Table.from_pylist([asdict(entry)], schema=SCHEMA)
        with told(self.handle.table_uri):
            self._commit(row, turn)
        page = entry if entry.page is not None else self.page
        return replace(self, turn=turn, last=entry, page=page)

    def _commit(self, row: pa.Table, turn: int) -> None:
        properties = CommitProperties(
            app_transactions=[Transaction(_application(self.source_id), turn)], max_commit_retries=_RETRIES
        )
        for left in reversed(range(_TRIES)):
            try:
                write_deltalake(self.handle, row, mode="append", commit_properties=properties)
            except CommitFailedError as error:
                if _OUTRUN in str(error):
                    raise LeaseLost(f"sync of {self.source_id}") from error
                if not left:
                    raise
                # a compaction of another source deletes entries of that, and the library holds this against us
                self.handle.update_incremental()
                if (self.handle.transaction_version(_application(self.source_id)) or 0) >= turn:
                    raise LeaseLost(f"sync of {self.source_id}") from error
            else:
                return


def stand(lake: Lake, source_id: str) -> Standing:
    """Look at a source; the table is made if need be."""
    handle = made(lake, PAGES, schema=SCHEMA, partition_by=["source_id"], statistics=["turn", "page", "base"])
    turn = handle.transaction_version(_application(source_id)) or 0
    found = entries(handle, source_id)
    last = found[-1] if found else None
    page = next((one for one in reversed(found) if one.page is not None), None)
    taken = next((one.at for one in reversed(found) if one.event == TAKEN), None)
    return Standing(handle, source_id, max(turn, last.turn if last else 0), last, page, taken)


def entries(handle: DeltaTable, source_id: str | None = None) -> list[Entry]:
    """All that were entered, of one source or of all, in the order of their turns."""
    filters: Any = None if source_id is None else [("source_id", "=", source_id)]
    with told(handle.table_uri):
        rows = handle.to_pyarrow_table(filters=filters, columns=SCHEMA.names).to_pylist()
    return [Entry(**row) for row in sorted(rows, key=lambda row: (row["source_id"], row["turn"]))]


def standings(lake: Lake) -> dict[str, tuple[Entry, Entry | None]]:
    """Source → its last entry of any kind, and its last page."""
    handle = opened(lake, PAGES)
    found: dict[str, tuple[Entry, Entry | None]] = {}
    for entry in [] if handle is None else entries(handle):
        _, page = found.get(entry.source_id, (None, None))
        found[entry.source_id] = entry, page if entry.page is None else entry
    return found


class Mark(NamedTuple):
    """A page that was committed, and the first page that its readers need."""

    source_id: str
    page: int
    base: int


def marks(lake: Lake, source_id: str | None = None) -> list[Mark]:
    """The pages that were committed, of one source or of all, in order; none where there is no lake yet.

    Every entry is a file of its own, and the log of the table tells what is in it: no file is read.
    """
    handle = opened(lake, PAGES)
    if handle is None:
        return []
    added = pa.table(handle.get_add_actions(flatten=True))
    if pc.max(added.column("num_records")).as_py() == 1:
        columns = ("partition.source_id", "min.page", "min.base")
        found = [Mark(*row) for row in zip(*(added.column(name).to_pylist() for name in columns), strict=True)]
    else:  # a tool of somebody else's has merged files
        found = [Mark(one.source_id, one.page or 0, one.base or 0) for one in entries(handle)]
    return sorted(one for one in found if one.page and source_id in {None, one.source_id})


def _application(source_id: str) -> str:
    return f"source:{source_id}"
