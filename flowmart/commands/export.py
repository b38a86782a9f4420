"""`flowmart export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exports.base import ExportError, Written
from exports.catalog import EXPORTERS, choose_tables
from flowmart.commands.options import row, session_of, table
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.export import export, write
from flowmart.session import Session
from flowmart.settings import Export
from flowmart.store import opened
from flowmart.text import count

Format = StrEnum("Format", {name.upper(): name for name in EXPORTERS})  # type: ignore[misc]  # built from the catalogue

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME", help="Exports of the configuration; all if none is named.")
]
AdHocFormat = Annotated[
    Format | None, typer.Option("--format", help="Write an export that is not in the configuration.")
]
To = Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Folder for --format; made if missing.")]
Tables = Annotated[
    list[str] | None, typer.Option("--table", metavar="T", help="A table for --format; again for more. Default: all.")
]


def command(
    context: typer.Context,
    names: Names = None,
    format_: AdHocFormat = None,
    to: To = None,
    tables: Tables = None,
) -> None:
    """Write tables as files for BI tools and spreadsheets.

    A file gets its name when it is complete, so that readers never see half of it.
    """
    session = session_of(context)
    config = session.config()
    if format_ is None:
        if to is not None or tables:
            raise UsageError("--to and --table belong to --format csv or --format parquet")
        if not config.exports:
            raise UsageError(
                f"{session.config_file}: no [exports.NAME] is configured; add one, or name --format and --to"
            )
        show(session, export(config, names or ()))
        return
    if names or to is None:
        raise UsageError("--format needs --to DIR, and takes no names of exports")
    show(session, _ad_hoc(config, format_.value, to, tables or ()))


def show(session: Session, written: Mapping[str, Sequence[Written]]) -> None:
    """The files and their rows."""
    files = [file for several in written.values() for file in several]
    made = table("file", "rows", right=("rows",))
    for file in files:
        row(made, file.path, f"{file.rows:,}")
    session.out.print(made)
    session.tell(f"wrote {count(len(files), 'file')}")


def _ad_hoc(config: Config, format_: str, to: Path, tables: Sequence[str]) -> Mapping[str, Sequence[Written]]:
    try:
        choose_tables(tables)  # a wrong name is told before the warehouse is opened
    except ExportError as error:
        raise UsageError(str(error)) from error
    wanted = Export.model_validate({"format": format_, "to": str(to), "tables": list(tables)})
    return write(opened(config), {format_: wanted})
