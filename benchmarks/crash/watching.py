"""Sees what a run does, from without: statements, commits, rows within bulk calls, and requests to trackers."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from benchmarks.crash.places import Place

_STEPS = 1_000
"""Steps of SQLite's machine that count as one deed: some ten rows."""
_ROWS = 25
"""Rows of a COPY that count as one deed."""
_SHOWN = 120
WITHIN = "writing"
"""A deed that begins, and whose middle nobody can see from without: the kill comes some milliseconds later."""
_MOMENTS = 12

Happened = Callable[[str, str, str], None]
"""Actor, kind, what."""


class Recorder:
    """Keeps every place of a run."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, actor: str, kind: str, what: str) -> None:
        with self._lock:
            self._counted[actor] += 1
            self.places.append(Place(actor, self._counted[actor], kind, what))


class Killer:
    """Ends this process, as nothing can catch it, at a place; writes what it was at into a file."""

    def __init__(self, at: Place, note: Path) -> None:
        self._at = at
        self._note = note
        self._counted = 0
        self._lock = threading.Lock()

    def __call__(self, actor: str, kind: str, what: str) -> None:
        if actor != self._at.actor:
            return
        with self._lock:
            self._counted += 1
            if self._counted == self._at.number:
                self._note.write_text(str(Place(actor, self._counted, kind, what)), encoding="utf-8")
                if kind == WITHIN:
                    threading.Timer(self._counted % _MOMENTS / 1_000, _end).start()
                else:
                    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(happened: Happened) -> None:
    """Call `happened` just before all that this process does from now on; there is no end of it."""
    _watch_statements(happened)
    _watch_sqlite(happened)
    _watch_copies(happened)
    _watch_requests(happened)
    if "lake.opening" in sys.modules:
        _watch_lake(happened)


def _thread() -> str:
    return threading.current_thread().name


def _watch_statements(happened: Happened) -> None:
    def statement(_: object, __: object, text: str, *___: object) -> None:
        happened(_thread(), "statement", " ".join(text.split())[:_SHOWN])

    def commit(_: object) -> None:
        happened(_thread(), "commit", "")

    def given_back(*_: object) -> None:  # what comes after a commit or a rollback
        happened(_thread(), "committed", "")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    event.listen(Pool, "checkin", given_back)


def _watch_sqlite(happened: Happened) -> None:
    def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        if isinstance(connection, sqlite3.Connection):
            connection.set_progress_handler(lambda: happened(_thread(), "rows", ""), _STEPS)

    event.listen(Pool, "connect", connected)


def _watch_copies(happened: Happened) -> None:
    write_row, count = psycopg.Copy.write_row, itertools.count(1)

    def counting(copy: psycopg.Copy, row: Any) -> None:  # noqa: ANN401
        if next(count) % _ROWS == 0:
            happened(_thread(), "rows", "")
        write_row(copy, row)

    psycopg.Copy.write_row = counting  # type: ignore[assignment, method-assign]


def _watch_requests(happened: Happened) -> None:
    handle = httpx.HTTPTransport.handle_request

    def counting(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        happened(f"port {request.url.port}", "request", f"{request.method} {request.url.path}"[:_SHOWN])
        return handle(transport, request)

    httpx.HTTPTransport.handle_request = counting  # type: ignore[assignment, method-assign]


def _watch_lake(happened: Happened) -> None:
    """Each write is three deeds: before it, at some moment of it, and after it."""
    from lake import opening, pages  # here, since they need the library, which the other engines do without

    def watched(write: Callable[..., None]) -> Callable[..., None]:
        def writing(table: Any, rows: Any, **options: Any) -> None:  # noqa: ANN401 - the library's
            what = str(table.table_uri).rstrip("/").rpartition("/")[2]
            happened(_thread(), "write", what)
            happened(_thread(), WITHIN, what)
            write(table, rows, **options)
            happened(_thread(), "written", what)

        return writing

    for module in (opening, pages):
        module.write_deltalake = watched(module.write_deltalake)  # type: ignore[attr-defined]
