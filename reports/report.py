"""Writes the report."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection

from reports.base import Order, ReportError
from reports.data import page_data
from reports.html import page


class Written(NamedTuple):
    """The file and its size."""

    path: Path
    size_bytes: int


def write(connection: Connection, to: Path, order: Order) -> Written:
    """Write the report to a file, which has its name when it is complete. Raises `ReportError`.

    All is read by `connection`, which is to show one state of the warehouse.
    """
    if to.is_dir():
        raise ReportError(f"{to}: is a folder; name a file, such as {to / 'report.html'}")
    content = page(page_data(connection, order)).encode()
    aside = to.with_name(f".{to.name}.{uuid4().hex[:8]}.tmp")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        os.replace(aside, to)  # noqa: PTH105 - atomic, and named so in the docs of both systems
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise ReportError(f"{to}: cannot be written ({error.strerror or error}); name another file by --to") from error
    return Written(to, len(content))
