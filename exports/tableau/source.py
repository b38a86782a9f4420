"""Writes a data source for Tableau: `flowmart.tdsx` with its extract, or `flowmart.tds` that reads PostgreSQL live."""

from __future__ import annotations

import shutil
import zipfile
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from exports.base import ExportError, Written
from exports.model import bi_model
from exports.tableau.connections import EXTRACT_PLACE, Place, extract, live
from exports.tableau.hyper import EXTRACT, fill_extract
from exports.tableau.placing import placed
from exports.tableau.tds import data_source

NAME = "flowmart"
DESCRIBED, PACKAGED = f"{NAME}.tds", f"{NAME}.tdsx"
_PORT = 5432
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Mode(StrEnum):
    """How Tableau gets at the rows."""

    EXTRACT = "extract"
    """They are in the file."""
    LIVE = "live"
    """It asks the warehouse, on PostgreSQL, each time."""


def write_tableau(
    connection: Connection, to: Path, mode: Mode, *, server: str | None = None, database: str | None = None
) -> list[Written]:
    """Write `flowmart.tdsx` or, live, `flowmart.tds` into the folder `to`.

    PostgreSQL's addresses (`server` may have a `:port`), where none are named, are those of the connection; never its
    login. Raises `ExportError`.
    """
    if mode is Mode.LIVE:
        return _write_live(to, _address(connection, server, database))
    tables = [table.stored for table in bi_model().tables]
    with placed(to, PACKAGED) as part, TemporaryDirectory(prefix="flowmart-tableau-") as folder:
        filled = Path(folder) / EXTRACT
        rows = fill_extract(connection, tables, filled)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            package.writestr(_entry(DESCRIBED), data_source(extract()))
            with filled.open("rb") as content, package.open(_entry(EXTRACT_PLACE), "w", force_zip64=True) as target:
                shutil.copyfileobj(content, target, 1 << 20)
    return [Written(table=table.name, path=to / PACKAGED, rows=rows[table.name]) for table in tables]


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _write_live(to: Path, place: Place) -> list[Written]:
    with placed(to, DESCRIBED) as part:
        part.write_bytes(data_source(place))
    return [Written(table=NAME, path=to / DESCRIBED, rows=0)]


def _address(connection: Connection, server: str | None, database: str | None) -> Place:
    url, schema = connection.engine.url, "public"
    if connection.dialect.name == "postgresql":
        server = server or f"{url.host or 'localhost'}:{url.port or _PORT}"
        database = database or url.database
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one() or schema
    if not server or not database:
        raise ExportError(
            "a live connection needs server and database of PostgreSQL, and this warehouse is on SQLite",
            Mode.LIVE.value,
            "name both, or leave the connection at extract",
        )
    host, _, port = server.rpartition(":") if server.rpartition(":")[2].isdigit() else (server, "", "")
    return live(server=host, port=int(port or _PORT), database=database, schema=schema)
