"""The shape of every exporter, and the one error they raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Table


class ExportError(Exception):
    """An export that could not be written. The message is one line: where, what happened, what to do.

    The files of the export before it are still whole.
    """

    def __init__(self, what: str, where: object, what_to_do: str) -> None:
        super().__init__(f"{where}: {what}; {what_to_do}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that an export left."""

    table: str
    path: Path
    rows: int


class Exporter(Protocol):
    """Writes tables in one format."""

    def __call__(self, connection: Connection, tables: Sequence[Table], to: Path) -> list[Written]:
        """Write one file a table into the folder `to`, which is made when missing; one entry a table, in their order.

        The same rows give the same bytes. Either all files appear under their names, or `ExportError` is raised.
        """
        ...
