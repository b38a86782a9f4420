"""The warehouse that runs are killed on: a SQLite file, or a database of a PostgreSQL server; copied fast."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url


class Ground(Protocol):
    """One warehouse, and copies of it to begin from."""

    @property
    def url(self) -> str:
        """Its address."""

    def empty(self) -> None:
        """Make it a new one."""

    def keep(self, name: str) -> None:
        """Keep a copy of it as it is; nobody may be connected."""

    def restore(self, name: str) -> None:
        """Make it that copy."""

    def remove(self) -> None:
        """Leave nothing behind."""


class SQLiteGround:
    """A file in the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "warehouse.db"
        self.url = f"sqlite:///{self._path}"

    def empty(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def keep(self, name: str) -> None:
        if Path(f"{self._path}-wal").exists():
            raise RuntimeError("the warehouse is still open, so that its file is not whole")
        shutil.copyfile(self._path, self._folder / f"{name}.db")

    def restore(self, name: str) -> None:
        self.empty()
        shutil.copyfile(self._folder / f"{name}.db", self._path)

    def remove(self) -> None:
        """The folder is the caller's."""


class PostgreSQLGround:
    """A database of its own on the server."""

    def __init__(self, server: str) -> None:
        address = make_url(server)
        self.server = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._name = f"flowmart_crash_{os.getpid()}"
        self._kept: set[str] = set()
        self.url = address.set(drivername="postgresql+psycopg", database=self._name).render_as_string(False)

    def empty(self) -> None:
        self._make(self._name, "template1")

    def keep(self, name: str) -> None:
        self._kept.add(f"{self._name}_{name}")
        self._make(f"{self._name}_{name}", self._name)

    def restore(self, name: str) -> None:
        self._make(self._name, f"{self._name}_{name}")

    def remove(self) -> None:
        self._do(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in (self._name, *self._kept)))

    def _make(self, name: str, template: str) -> None:
        self._do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {template}")

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
