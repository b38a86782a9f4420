"""The warehouses that are filled: fresh SQLite files, and fresh schemas of a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.servers import postgresql_server
from benchmarks.trackers import Tracker

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_OWN, _OF_CHILDREN = slice(11, 13), slice(11, 15)
"""Fields of /proc/PID/stat behind the name: CPU ticks of the process, and with those of its ended children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where warehouses are made: a folder of SQLite files, or a PostgreSQL server."""

    name: str
    folder: Path
    server: str = ""
    """libpq's address; empty for SQLite."""
    process: int = 0
    """The server's, where it runs here."""

    def config(self, tracker: Tracker, name: str, *, anew: bool = True) -> str:
        """The path of a configuration for the tracker and the warehouse of that name, which is emptied if `anew`."""
        file, kind = self.folder / f"{self.name}-{name}.db", tracker.name.removesuffix("_cloud")
        if anew:
            self._forget(file, name)
        url = self.server.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{file}"
        schema = f"bench_{name}" if self.server else ""
        login = f'email = "{tracker.email}"\n' if tracker.email else ""
        path = self.folder / f"{self.name}-{name}.toml"
        path.write_text(
            f'[warehouse]\nurl = "{url}"\nschema = "{schema}"\n'
            f'[sources.acme]\ntype = "{kind}"\nurl = "{tracker.url}"\n{login}token = "{tracker.token}"\n'
            f'[exports.parquet]\nformat = "parquet"\nto = "parquet"\n[exports.csv]\nformat = "csv"\nto = "csv"\n',
            encoding="utf-8",
        )
        return str(path)

    def plain(self, name: str) -> str:
        """Where the floor may write: a fresh file, or the server with the floor's tables gone."""
        file = self.folder / f"{self.name}-{name}.db"
        self._forget(file, name)
        return self.server or str(file)

    def copied(self, config: str, name: str, tracker: Tracker) -> str:
        """The configuration of a copy of a SQLite warehouse."""
        source = Path(config).with_suffix(".db")
        found = self.config(tracker, name)
        shutil.copy(source, Path(found).with_suffix(".db"))
        return found

    def server_seconds(self) -> float:
        """The CPU seconds of the server so far, 0 where it cannot be seen."""
        if not self.process:
            return 0.0
        backends = [
            entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _parent(entry) == self.process
        ]
        own = _ticks(Path(f"/proc/{self.process}"), _OF_CHILDREN)
        return (own + sum(_ticks(entry, _OWN) for entry in backends)) / _TICKS

    def _forget(self, file: Path, name: str) -> None:
        if not self.server:
            for end in ("", "-wal", "-shm"):
                Path(f"{file}{end}").unlink(missing_ok=True)
            return
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS bench_{name} CASCADE".encode())
            for table in ("issues", "changes", "items"):
                connection.execute(f"DROP TABLE IF EXISTS floor_{table}".encode())


@contextmanager
def engines(folder: Path, *, with_postgresql: bool) -> Iterator[list[Engine]]:
    """SQLite, and PostgreSQL: `$FLOWMART_TEST_POSTGRES_URL`, else a server that runs until the block ends."""
    sqlite = Engine(name="sqlite", folder=folder)
    if not with_postgresql:
        yield [sqlite]
        return
    with postgresql_server() as url:
        with psycopg.connect(url) as connection:
            backend = connection.info.backend_pid
            stat = Path(f"/proc/{backend}")
            process = _parent(stat) if stat.exists() else 0
        yield [sqlite, Engine(name="postgresql", folder=folder, server=url, process=process)]


def _stat(process: Path) -> list[str]:
    """Its fields behind the name, which may hold spaces; none when it has ended."""
    try:
        return (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _parent(process: Path) -> int:
    fields = _stat(process)
    return int(fields[1]) if fields else 0


def _ticks(process: Path, which: slice) -> int:
    return sum(map(int, _stat(process)[which]))
