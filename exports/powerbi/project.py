"""Writes the whole project: the files of the model and the report, and the rows if the project carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from exports.base import PLAIN, ExportError, Order, Written
from exports.model import bi_model
from exports.parquet import write_parquet
from exports.powerbi import pbir, tmdl
from exports.powerbi.ids import lineage
from exports.powerbi.measure import TABLE
from exports.powerbi.measures import measures
from exports.powerbi.pages import PAGES
from exports.powerbi.source import Source, SourceKind
from exports.trees import require_unedited, write_tree

NAME = "flowmart"
NOTE = ".flowmart-project.json"
DATA = "data"
"""The folder of the project that holds the rows, if the source names no other."""
_MODEL, _REPORT = f"{NAME}.SemanticModel", f"{NAME}.Report"


def write_powerbi(connection: Connection, to: Path, source: Source, order: Order = PLAIN) -> list[Written]:
    """Write `flowmart.pbip`, its semantic model and its report into the folder `to`.

    With Parquet and no folder named, the rows are written too, to `data` below. PostgreSQL's addresses, where none are
    named, are those of the connection. Raises `ExportError`, also when a file of the project was edited.
    """
    carries_rows = source.kind is SourceKind.PARQUET and not source.folder
    if source.kind is not SourceKind.PARQUET:
        source = _addressed(source, connection)
    elif carries_rows:
        source = replace(source, folder=str((to / DATA).resolve()))
    files = {path: text.encode() for path, text in project_files(source).items()}
    require_unedited(files, to, NOTE)  # before the rows: a project that stays as it is keeps the rows that it had
    written: list[Written] = []
    if carries_rows:
        tables = [table.stored for table in bi_model().tables]
        written = write_parquet(connection, tables, to / DATA, replace(order, since=None, partition=None))
    write_tree(files, to, NOTE)
    return [Written(table=NAME, path=to / f"{NAME}.pbip", rows=0), *written]


def project_files(source: Source) -> dict[str, str]:
    """Path in the project → text, all but the rows; the entrance `flowmart.pbip` is the last."""
    entrance = {
        "$schema": pbir.PBIP_SCHEMA,
        "version": "1.0",
        "artifacts": [{"report": {"path": _REPORT}}],
        "settings": {"enableAutoRecovery": True},
    }
    return {**_model_files(source), **_report_files(), f"{NAME}.pbip": _json(entrance)}


def _model_files(source: Source) -> dict[str, str]:
    model = bi_model()
    definition = {
        "database.tmdl": tmdl.database(),
        "model.tmdl": tmdl.model_file(model),
        "expressions.tmdl": tmdl.expressions(source),
        "relationships.tmdl": tmdl.relationships(model),
        f"cultures/{tmdl.CULTURE}.tmdl": tmdl.culture(),
        f"tables/{TABLE}.tmdl": tmdl.measures_file(measures()),
        **{f"tables/{table.display}.tmdl": tmdl.table_file(table, source) for table in model.tables},
    }
    files = {
        ".platform": _json(_platform("SemanticModel")),
        "definition.pbism": _json({"$schema": pbir.MODEL_SCHEMA, "version": "4.0", "settings": {}}),
        **{f"definition/{path}": text for path, text in definition.items()},
    }
    return {f"{_MODEL}/{path}": text for path, text in files.items()}


def _report_files() -> dict[str, str]:
    reference = {"byPath": {"path": f"../{_MODEL}"}}
    files = {
        ".platform": _platform("Report"),
        "definition.pbir": {"$schema": pbir.PBIR_SCHEMA, "version": "4.0", "datasetReference": reference},
        **{f"definition/{path}": content for path, content in pbir.definition_files(PAGES, bi_model()).items()},
    }
    return {f"{_REPORT}/{path}": _json(content) for path, content in files.items()}


def _platform(kind: str) -> Mapping[str, Any]:
    return {
        "$schema": pbir.PLATFORM_SCHEMA,
        "metadata": {"type": kind, "displayName": NAME},
        "config": {"version": "2.0", "logicalId": lineage("item", kind)},
    }


def _addressed(source: Source, connection: Connection) -> Source:
    url = connection.engine.url
    if connection.dialect.name == "postgresql":
        port = "" if url.port in {None, 5432} else f":{url.port}"
        found = (f"{url.host or 'localhost'}{port}", url.database or "")
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        return replace(
            source, server=source.server or found[0], database=source.database or found[1], schema=schema or "public"
        )
    if source.server and source.database:
        return source
    raise ExportError(
        "a model that reads from PostgreSQL needs server and database, and this warehouse is not on it",
        source.kind.value,
        "name both, or leave the source at parquet",
    )


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
