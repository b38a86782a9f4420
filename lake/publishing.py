"""Publishes what a working file has committed: the rows into each table, then the entry that makes them count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from lake import outbox
from lake.appending import Appender
from lake.errors import LakeError
from lake.layout import (
    PUBLISHED,
)
from lake.opening import Lake
from lake.pages import COMMITTED, RELEASED, RENEWED, Entry, Standing
from warehouse.leases import LEASE_TIME, LeaseLost, own_name

_RENEW_AFTER = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes one source's working file, and holds the source's lease. Safe to use from several threads."""

    lake: Lake
    engine: Engine
    standing: Standing
    run_id: str
    clock: Callable[[], datetime]
    rows_a_page: int = 50_000
    """So many changes are published together, however many pages of the tracker they came in."""
    seconds_a_page: float = 120.0
    """What waits longer goes with the next page of the tracker: a machine that is lost loses no more than that."""
    _since: datetime | None = None
    """When the last page was published, or the first row of the next one was seen."""
    _lock: Lock = field(default_factory=Lock)
    _is_given_back: bool = False
    _failure: Exception | None = None
    """Why a page could not be published: its number is burnt, since some of its rows may be there."""
    _appender: Appender = field(init=False)

    def __post_init__(self) -> None:
        """Make what writes into the tables, which keeps them open."""
        self._appender = Appender(self.lake, self.standing.source_id, self._keep)

    def committed(self) -> None:
        """Call it after each transaction of the working file: publishes if enough waits, and keeps the lease.

        Raises `LeaseLost` when another process has taken the source over, and `LakeError`; then all later calls do.
        """
        with self._turn():
            now = self.clock()
            with self.engine.connect() as connection:
                waiting = outbox.waiting(connection)
            since = self._since = self._since or now
            if waiting >= self.rows_a_page or (waiting and (now - since).total_seconds() >= self.seconds_a_page):
                self._publish()
            else:
                self._keep()

    def publish(self) -> int:
        """Publish all that waits, as one page; returns the rows. Nothing is written when nothing waits.

        Raises `LeaseLost` and `LakeError`.
        """
        with self._turn():
            return self._publish()

    def keep(self) -> None:
        """Hold the source for longer, if that is due. Raises as `committed`."""
        with self._turn():
            self._keep()

    def publish_merged(self) -> Entry | None:
        """Publish all that the file holds, which are the rows of the source's last page, as a page to begin from.

        None when there is not one row. Raises as `publish`.
        """
        with self._turn():
            return self.standing.page if self._publish(merged=self.standing.page) else None

    def release(self, patience_seconds: float = -1) -> None:
        """Give the source back, once; no page can be published from then on. It expires if that cannot be done.

        `patience_seconds` is how long a page that is being published may take; below 0 as long as it wants.
        """
        if not self._lock.acquire(timeout=patience_seconds):
            return
        try:
            if not self._is_given_back:
                self._is_given_back = True
                with suppress(LeaseLost, LakeError):
                    self._enter(RELEASED)
        finally:
            self._lock.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self._is_given_back:
                raise LeaseLost(f"sync of {self.standing.source_id}")
            if self._failure is not None:
                raise self._failure
            try:
                yield
            except Exception as failure:
                self._failure = failure
                raise

    def _publish(self, merged: Entry | None = None) -> int:
        is_base = merged is not None or self.standing.page is None
        with self.engine.begin() as connection:
            upto = outbox.last_note(connection)
            if upto is None:
                return 0
            page = self.standing.turn + 1
            outbox.begin(connection, page, upto)
        with self.engine.connect() as connection:
            state = outbox.read_state(connection)
            counted = {
                table.name: self._appender.append(connection, table, page, upto, with_deleted=not is_base)
                for table in PUBLISHED
            }
        before = self.standing.page
        self._enter(
            COMMITTED,
            page=page,
            base=page if is_base or before is None else before.base,
            content=page if merged is None else merged.content,
            work=state.work if merged is None and state is not None else merged and merged.work,
            tables={name: rows for name, rows in counted.items() if rows},
        )
        with self.engine.begin() as connection:
            outbox.settle(connection, page, upto)
        self._since = self.clock()
        return sum(counted.values())

    def _keep(self) -> None:
        if self.standing.last is None or self.clock() - self.standing.last.at > _RENEW_AFTER:
            self._enter(RENEWED)

    def _enter(self, event: str, *, tables: dict[str, int] | None = None, **of_page: Any) -> None:  # noqa: ANN401 - fields
        now = self.clock()
        entry = Entry(
            source_id=self.standing.source_id,
            turn=self.standing.turn + 1,
            event=event,
            holder=own_name(),
            at=now,
            expires_at=now if event == RELEASED else now + LEASE_TIME,
            run_id=self.run_id,
            rows=None if tables is None else sum(tables.values()),
            tables=None if tables is None else json.dumps(tables),
            **of_page,
        )
        self.standing = self.standing.enter(entry)
