"""`flowmart export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from exports.base import Written
from exports.catalog import FORMATS
from flowmart import completing
from flowmart.commands.options import session_of
from flowmart.commands.written import show_briefly, show_paths
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.export import asked_since, export, write
from flowmart.power_bi import refresh, require_refreshed
from flowmart.publishing import Publication, publish, require_published
from flowmart.session import Session
from flowmart.settings import Export
from flowmart.settings.exports import BELONGINGS
from flowmart.settings.power_bi import SourceName
from flowmart.text import count

Format = StrEnum("Format", {name.upper(): name for name in FORMATS})  # type: ignore[misc]  # built from the catalogue

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME", help="Exports of the configuration; all if none is named.", autocompletion=completing.exports
    ),
]
AdHocFormat = Annotated[
    Format | None, typer.Option("--format", help="Write an export that is not in the configuration.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="DIR", help="Folder for --format, or a URL such as s3://bucket/folder.")
]
Partition = Annotated[
    Literal["month"] | None, typer.Option("--partition", help="A file a month of the tables that grow (parquet).")
]
SinceWhen = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Only what changed since, or since the `last` export there."),
]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        metavar="T",
        help="A table for --format; again for more. Default: all.",
        autocompletion=completing.tables,
    ),
]
ReadFrom = Annotated[
    SourceName | None,
    typer.Option("--source", help="Where a Power BI project reads from. Default: Parquet files in it."),
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
    partition: Partition = None,
    source: ReadFrom = None,
    since: SinceWhen = None,
    publish_: Publish = False,  # noqa: FBT002 - Typer's shape
) -> None:
    """Write tables as files for BI tools and spreadsheets.

    A file gets its name when it is complete, so that readers never see half of it; manifest.json comes last and lists
    all files with their checksums. With --since the files lie in a dated folder of their own. Tables that cannot tell
    what changed are whole there; the manifest says which.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    begin = asked_since(since, config.zone)
    if format_ is None:
        if to is not None or tables or partition or source:
            raise UsageError("--to, --table, --partition and --source belong to --format")
        _require_exports(session, config, names or (), to_tableau=publish_)
        with session.watching() as events:
            written = export(config, names or (), now=now, since=begin, step=events.step)
        show(session, written)
        _hand_on(session, config, written, to_tableau=publish_)
        return
    if publish_:
        raise UsageError("--publish belongs to exports of the configuration, not to --format")
    if names or to is None:
        raise UsageError("--format needs --to DIR, and takes no names of exports")
    wanted = _ad_hoc(format_.value, to, {"--table": tables, "--partition": partition, "--source": source})
    with session.watching() as events:
        written = write(config, {format_.value: wanted}, now=now, since=begin, step=events.step)
    show(session, written)


def _require_exports(session: Session, config: Config, names: Sequence[str], *, to_tableau: bool) -> None:
    """Raise `UsageError` when nothing is configured to be exported, or to be published."""
    if not config.exports:
        raise UsageError(f"{session.config_file}: no [exports.NAME] is configured; add one, or name --format and --to")
    chosen = [wanted for name, wanted in config.exports.items() if not names or name in names]
    if to_tableau and chosen and not any(wanted.publish for wanted in chosen):
        raise UsageError("--publish: none of these exports has a [exports.NAME.publish] in the configuration")


def _hand_on(session: Session, config: Config, written: Mapping[str, Sequence[Written]], *, to_tableau: bool) -> None:
    """Tell the servers of BI tools, all of them. Raises `JobFailed` with what one refused."""
    publications = publish(config, written) if to_tableau else []
    tell_published(session, publications)
    problems = refresh(config, written)
    require_published(publications)
    require_refreshed(problems)


def tell_published(session: Session, publications: Sequence[Publication]) -> None:
    """A line for each that was published."""
    for one in publications:
        if one.is_done:
            session.tell(f"published {one.export}: {one.told}")


def show(session: Session, written: Mapping[str, Sequence[Written]]) -> None:
    """The files and their rows: each path where a program may read it, on a terminal by folder."""
    if session.out.is_terminal:
        show_briefly(session, written)
    else:
        show_paths(session, written)
    for files in written.values():
        tell_notes(session, files)
    session.tell(f"wrote {count(sum(map(file_count, written.values())), 'file')}")


def file_count(files: Sequence[Written]) -> int:
    """How many files these are: one may hold several tables."""
    return len({file.path for file in files})


def tell_notes(session: Session, files: Sequence[Written]) -> None:
    """What the exporter has to say of its files."""
    for note in dict.fromkeys(note for file in files for note in file.notes):
        session.tell(note)


_KEYS = {"--table": "tables", "--partition": "partition", "--source": "source"}


def _ad_hoc(format_: str, to: str, options: Mapping[str, object]) -> Export:
    """What the options describe. Raises `UsageError`, before the warehouse is opened."""
    given = {_KEYS[option]: value for option, value in options.items() if value}
    for option, key in _KEYS.items():
        belonging = BELONGINGS[key]
        if key in given and format_ not in belonging.formats:
            raise UsageError(f"{option} belongs to --format {belonging.told()}")
    try:
        return Export.model_validate({"format": format_, "to": to, **given})
    except ValidationError as error:
        raise UsageError("; ".join(detail["msg"].removeprefix("Value error, ") for detail in error.errors())) from error
