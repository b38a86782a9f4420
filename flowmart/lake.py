"""The configured lake, and the working files of its sources."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import migrations
from flowmart.errors import JobFailed, UsageError
from flowmart.settings.warehouse import Warehouse
from flowmart.store import opened
from warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from flowmart.config import Config
    from lake.opening import Lake

NOT_INSTALLED = "lake: deltalake is not installed; run pip install 'flowmart[lake]'"

_ONE_AT_A_TIME = Lock()
"""Alembic keeps what it works on in one place for the whole process, and sources begin side by side."""


def configured_lake(config: Config) -> Lake:
    """The lake of `[lake]`. Raises `UsageError` where there is none, and `JobFailed` without its library."""
    if config.lake is None:
        raise UsageError("lake.url: no lake is configured; add [lake] with its url")
    try:
        from lake.opening import open_lake  # here, since it is an optional extra
    except ModuleNotFoundError as error:
        if error.name != "deltalake":
            raise
        raise JobFailed(NOT_INSTALLED) from error
    return open_lake(config.lake.address, config.lake.store_options())


def lake_problems(config: Config) -> tuple[str, ...]:
    """Why a configured lake cannot be read; nothing is written."""
    if config.lake is None:
        return ()
    try:
        lake = configured_lake(config)
    except JobFailed as error:
        return (str(error),)
    from lake.errors import LakeError  # here, since they need the extra that was just asked for
    from lake.reading import committed

    try:
        committed(lake)
    except LakeError as error:
        return (str(error),)
    return ()


def refuse_lake(config: Config, command: str) -> None:
    """Raise `UsageError` where a command that works on a warehouse would pass over what is in the lake."""
    if config.lake is not None:
        raise UsageError(f"{command} works on a warehouse, and [lake] is where this configuration syncs to")


def on_file(config: Config, path: Path) -> Config:
    """The same configuration with a SQLite file as its warehouse."""
    return config.model_copy(update={"warehouse": Warehouse.model_validate({"url": f"sqlite:///{path}"})})


def open_working(config: Config, path: Path) -> Engine:
    """A working file at the newest schema revision: an older one is brought there, since its rows are in the lake too.

    Raises `SchemaMismatch` for the file of a newer flowmart.
    """
    with _ONE_AT_A_TIME:
        engine = open_warehouse(f"sqlite:///{path}")
        revision = migrations.current(engine) if path.exists() else None
        if revision is not None and migrations.known(revision) and revision != migrations.head():
            migrations.upgrade(engine)
        engine.dispose()
        return opened(on_file(config, path))


def opener(config: Config) -> partial[Engine]:
    """Opens working files."""
    return partial(open_working, config)
