"""What stands in for Snowflake in tests: fakesnow's server (DuckDB beneath) as a process of another environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, literal, select, union_all

from warehouse.tables import METADATA

PYTHON = os.environ.get("FLOWMART_FAKESNOW_PYTHON", "")
SERVER = Path(__file__).with_name("fakesnow_server.py")
REASON = (
    "needs fakesnow in an environment of its own: ./dev test --snowflake"
    if not PYTHON
    else "Snowflake's packages are not installed: flowmart[snowflake]"
)

needs_fakesnow = [
    pytest.mark.snowflake,
    pytest.mark.skipif(not PYTHON or find_spec("snowflake") is None, reason=REASON),
    # the connector speaks of what a coming version does, and of sessions that a test leaves to the interpreter's end
    pytest.mark.filterwarnings("ignore::FutureWarning:snowflake"),
]
"""The marks of a test that talks to it."""


def with_snowflake() -> list[Any]:
    """The engine as one more parameter of fixtures, where it can be had: nobody else is told of what was left out."""
    return [pytest.param("snowflake", marks=needs_fakesnow)] if PYTHON else []


def filled_tables(connection: Connection) -> Sequence[str]:
    """The tables that hold rows."""
    names = sorted(METADATA.tables)
    counts = (select(literal(name), func.count()).select_from(METADATA.tables[name]) for name in names)
    return [name for name, count in connection.execute(union_all(*counts)) if count]


@contextmanager
def fakesnow() -> Iterator[Callable[[], str]]:
    """A server that is there during the block; gives the address of a new schema of it at each call."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [PYTHON, "-W", "ignore", SERVER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    numbers = count(1)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port, "fakesnow did not start"
            yield lambda: f"snowflake://me:made-up@127.0.0.1:{port}/FLOWMART/S{next(numbers)}?account=local"
        finally:
            process.stdin.close()
