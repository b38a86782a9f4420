"""`flowmart export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import ValidationError

from exports.base import ExportError, Written
from exports.catalog import FORMATS, choose_tables
from flowmart.commands.options import row, session_of, table
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.export import export, write
from flowmart.power_bi import refresh, require_refreshed
from flowmart.session import Session
from flowmart.settings import Export
from flowmart.settings.power_bi import SourceName
from flowmart.store import opened
from flowmart.tableau import Publication, publish, require_published
from flowmart.text import count

Format = StrEnum("Format", {name.upper(): name for name in FORMATS})  # type: ignore[misc]  # built from the catalogue

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

Source = StrEnum("Source", {name.upper(): name for name in get_args(SourceName)})  # type: ignore[misc]
ReadFrom = Annotated[
    Source | None, typer.Option("--source", help="Where a Power BI project reads from. Default: Parquet files in it.")
]

Publish = Annotated[
    bool, typer.Option("--publish", help="Publish to Tableau what has a [exports.NAME.publish] in the configuration.")
]


def command(
    context: typer.Context,
    names: Names = None,
    format_: AdHocFormat = None,
    to: To = None,
    tables: Tables = None,
    source: ReadFrom = None,
    publish_: Publish = False,  # noqa: FBT002 - Typer's shape
) -> None:
    """Write tables as files for BI tools and spreadsheets.

    A file gets its name when it is complete, so that readers never see half of it.
    """
    session = session_of(context)
    config = session.config()
    if format_ is None:
        if to is not None or tables or source is not None:
            raise UsageError("--to, --table and --source belong to --format")
        if not config.exports:
            raise UsageError(
                f"{session.config_file}: no [exports.NAME] is configured; add one, or name --format and --to"
            )
        chosen = [wanted for name, wanted in config.exports.items() if not names or name in names]
        if publish_ and not any(wanted.publish for wanted in chosen):
            raise UsageError("--publish: none of these exports has a [exports.NAME.publish] in the configuration")
        written = export(config, names or ())
        show(session, written)
        if publish_:
            publications = publish(config, written)
            tell_published(session, publications)
            require_published(publications)
        require_refreshed(refresh(config, written))
        return
    if publish_:
        raise UsageError("--publish belongs to exports of the configuration, not to --format")
    if names or to is None:
        raise UsageError("--format needs --to DIR, and takes no names of exports")
    show(session, _ad_hoc(config, format_.value, to, tables or (), source and source.value))


def show(session: Session, written: Mapping[str, Sequence[Written]]) -> None:
    """The files and their rows."""
    files = [file for several in written.values() for file in several]
    made = table("file", "rows", right=("rows",))
    for file in files:
        row(made, file.path, f"{file.rows:,}")
    session.out.print(made)
    session.tell(f"wrote {count(len({file.path for file in files}), 'file')}")


def tell_published(session: Session, publications: Sequence[Publication]) -> None:
    """A line for each that was published."""
    for one in publications:
        if one.is_done:
            session.tell(f"published {one.export}: {one.told}")


def _ad_hoc(
    config: Config, format_: str, to: Path, tables: Sequence[str], source: str | None
) -> Mapping[str, Sequence[Written]]:
    try:
        choose_tables(tables)  # a wrong name is told before the warehouse is opened
        chosen = {} if source is None else {"source": source}
        wanted = Export.model_validate({"format": format_, "to": str(to), "tables": list(tables), **chosen})
    except ExportError as error:
        raise UsageError(str(error)) from error
    except ValidationError as error:
        raise UsageError(f"--format {format_}: {error.errors()[0]['ctx']['error']}") from error
    return write(opened(config), {format_: wanted})
