"""ODBC as other people's programs use it: by the lines that `docs/odbc.md` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine

DRIVERS = {"sqlite": "SQLite3", "postgresql": "PostgreSQL Unicode"}
"""Engine → its driver, by the name that the Debian package registers."""

PACKAGES = {"sqlite": "libsqliteodbc", "postgresql": "odbc-postgresql"}

_DOCUMENT = (Path(__file__).parents[2] / "docs" / "odbc.md").read_text(encoding="utf-8")
_BLOCKS = [found[1] for found in re.finditer(r"^```\w*\n(.*?)^```$", _DOCUMENT, re.MULTILINE | re.DOTALL)]
_ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", _DOCUMENT, re.MULTILINE)
]


class Declared(NamedTuple):
    """The type of a column: by its name in the database, and as the driver gives it."""

    name: str
    odbc: str


def documented_types(engine: Engine) -> dict[str, Declared]:
    """Kind of column → what the manual says of it."""
    first = 3 if engine.dialect.name == "sqlite" else 1
    return {
        row[0]: Declared(row[first].strip("`"), row[first + 1])
        for row in _ROWS
        if len(row) == 5 and row[2].startswith("SQL_")
    }


def line_for(engine: Engine, **other: str) -> str:
    """The manual's line without a data source, for this warehouse; `other` are values that shall differ."""
    (line,) = (block.strip() for block in _BLOCKS if block.startswith(f"Driver={{{DRIVERS[engine.dialect.name]}}};"))
    return _with_values(line, _place(engine) | other)


def data_source_for(engine: Engine) -> str:
    """The manual's data source, likewise; it is called flowmart."""
    driver = DRIVERS[engine.dialect.name]
    (section,) = (block for block in _BLOCKS if block.startswith(f"[flowmart]\nDriver = {driver}\n"))
    place = _place(engine)
    if "Server" in place:
        place = {"Servername": place["Server"]} | {n: place[n] for n in ("Port", "Database", "search_path")}
    return _with_values(section, place)


def odbc_for(engine: Engine) -> Any:
    """The module that speaks ODBC; the test is skipped where it, or the driver, is not installed."""
    name = engine.dialect.name
    needs = f"reading {name} over ODBC needs the Debian packages unixodbc and {PACKAGES[name]}, and pyodbc"
    pyodbc = pytest.importorskip("pyodbc", reason=needs, exc_type=ImportError)
    if DRIVERS[name] not in pyodbc.drivers():
        pytest.skip(needs)
    pyodbc.pooling = False  # or a connection lives on when its block has ended
    return pyodbc


@contextmanager
def connected(engine: Engine, line: str = "") -> Iterator[Any]:
    """A connection to the warehouse; without a line by that of the manual."""
    connection = odbc_for(engine).connect(line or line_for(engine), autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def _place(engine: Engine) -> dict[str, str]:
    if engine.dialect.name == "sqlite":
        return {"Database": f"file:{engine.url.database}?mode=ro"}
    with engine.connect() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
        driver: Any = connection.connection.driver_connection
        info = driver.info
    return {
        "Server": info.host,
        "Port": str(info.port),
        "Database": info.dbname,
        "Uid": info.user,
        "Pwd": info.password or "none",
        "search_path": str(schema),
    }


def _with_values(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        pattern = re.compile(rf"\b({name} ?(?:=|TO) ?)[^;\s]*")
        assert pattern.search(text), name
        text = pattern.sub(lambda found, value=value: f"{found[1]}{value}", text)  # type: ignore[misc]
    return text
