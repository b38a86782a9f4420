"""The shape of every exporter, and the one error they raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from sqlalchemy import Connection, Table

Place = Path | str
"""A folder on this machine, or as text the URL of one elsewhere, such as `s3://bucket/folder`."""


class ExportError(Exception):
    """An export that could not be written. The message is one line: where, what happened, what to do.

    The files of the export before it are still whole.
    """

    def __init__(self, what: str, where: object, what_to_do: str) -> None:
        super().__init__(f"{where}: {what}; {what_to_do}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The rows of a table in a file that an export left. A file with several tables comes once for each."""

    table: str
    path: Place
    rows: int
    notes: tuple[str, ...] = ()
    """What the reader of the file should know, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a BI tool is to get at the rows of its model, in its format's words. What is empty, the format chooses."""

    way: str = ""
    folder: str = ""
    """Of files that the tool reads."""
    server: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an export is to be, beside its tables and its folder. Each format reads what concerns it."""

    made_at: datetime | None = None
    """The now of the run; it stands in the manifest."""
    revision: str | None = None
    """The schema revision of the warehouse."""
    synced_until: datetime | None = None
    """What trackers changed before this is in the warehouse; None while a source was never synced as a whole."""
    since: datetime | None = None
    """Of the tables that can tell, only rows that changed from here on."""
    partition: Literal["month"] | None = None
    neutralise_formulas: bool = True
    reach: Reach = Reach()
    storage: Mapping[str, object] = field(default_factory=dict, repr=False)
    """How to get at a URL: options of its fsspec file system. May hold secrets."""


PLAIN = Order()
"""Whole tables, nothing said about the run."""


class Exporter(Protocol):
    """Writes tables in one format."""

    def __call__(
        self, connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN
    ) -> list[Written]:
        """Write the tables into the folder `to`, which is made when missing; in the order of the tables.

        The same rows give the same bytes. Either all files appear under their names, or `ExportError` is raised.
        """
        ...


class ModelExporter(Protocol):
    """Writes the whole of `exports.model` for one BI tool: what it means, and the rows or the way to them."""

    def __call__(self, connection: Connection, to: Path, order: Order = PLAIN) -> list[Written]:
        """Write the project or the data source into the folder `to`; what people open is the first in the answer.

        The same rows give the same bytes. Raises `ExportError`.
        """
        ...
