"""Writes a data source for Tableau: `flowmart.tdsx` with its extract, or `flowmart.tds` that reads PostgreSQL live."""

from __future__ import annotations

import shutil
import zipfile
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import Connection

from exports.base import PLAIN, ExportError, Order, Reach, Written
from exports.files import Part, write_set
from exports.model import bi_model
from exports.staging import Staging
from exports.tableau.connections import EXTRACT_PLACE, Place, extract, live
from exports.tableau.hyper import EXTRACT, fill_extract
from exports.tableau.tds import data_source

NAME = "flowmart"
DESCRIBED, PACKAGED = f"{NAME}.tds", f"{NAME}.tdsx"
_PORT = 5432
_AT_ONCE = 1 << 20
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Mode(StrEnum):
    """How Tableau gets at the rows."""

    EXTRACT = "extract"
    """They are in the file."""
    LIVE = "live"
    """It asks the warehouse, on PostgreSQL, each time."""


def write_tableau(connection: Connection, to: Path, order: Order = PLAIN) -> list[Written]:
    """Write `flowmart.tdsx` or, where the order reaches the rows `live`, `flowmart.tds` into the folder `to`.

    PostgreSQL's addresses (the server may have a `:port`), where none are named, are those of the connection; never its
    login. The one takes the place of the other. A `ModelExporter`, but for the bytes of the extract that differ. Raises
    `ExportError`.
    """
    if order.reach.way == Mode.LIVE:
        return _write_live(to, _address(connection, order.reach), order)
    tables = [table.stored for table in bi_model().tables]

    def write(staging: Staging) -> list[Part]:
        with staging.new(PACKAGED) as file, TemporaryDirectory(prefix="flowmart-tableau-") as folder:
            filled = Path(folder) / EXTRACT
            rows = fill_extract(connection, tables, filled)
            _pack(file, filled)
        return [Part(PACKAGED, rows)]

    return write_set(tables, to, "tableau", write, order, instead_of=[DESCRIBED])


def _pack(file: BinaryIO, filled: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr(_entry(DESCRIBED), data_source(extract()))
        with filled.open("rb") as content, package.open(_entry(EXTRACT_PLACE), "w", force_zip64=True) as target:
            shutil.copyfileobj(content, target, _AT_ONCE)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _write_live(to: Path, place: Place, order: Order) -> list[Written]:
    def write(staging: Staging) -> list[Part]:
        with staging.new(DESCRIBED) as file:
            file.write(data_source(place))
        return [Part(DESCRIBED, {})]

    write_set([], to, "tableau", write, order, instead_of=[PACKAGED])
    return [Written(table=NAME, path=to / DESCRIBED, rows=0)]


def _address(connection: Connection, reach: Reach) -> Place:
    server, database = reach.server, reach.database
    url, schema = connection.engine.url, "public"
    if connection.dialect.name == "postgresql":
        server = server or f"{url.host or 'localhost'}:{url.port or _PORT}"
        database = database or url.database or ""
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one() or schema
    if not server or not database:
        raise ExportError(
            "a live connection needs server and database of PostgreSQL, and this warehouse is not on it",
            Mode.LIVE.value,
            "name both, or leave the connection at extract",
        )
    host, _, port = server.rpartition(":") if server.rpartition(":")[2].isdigit() else (server, "", "")
    return live(server=host, port=int(port or _PORT), database=database, schema=schema)
