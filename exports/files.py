"""Puts a set of files into a folder so that readers see each whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Table

from exports.base import ExportError, Written

WriteTable = Callable[[Table, BinaryIO], int]
"""Writes a table's content and returns its rows."""

_UNFINISHED = re.compile(r"\..+\.(\d+)\.[0-9a-f]{8}\.part")
_MEANINGS: Mapping[int, tuple[str, str]] = {
    **dict.fromkeys(
        [errno.ENOSPC, errno.EDQUOT, errno.EFBIG],
        ("the disk is full", "free some space or name another folder"),
    ),
    **dict.fromkeys(
        [errno.EACCES, errno.EPERM, errno.EROFS],
        ("this account may not write there", "give it write permission or name another folder"),
    ),
    **dict.fromkeys(
        [errno.ENOTDIR, errno.EEXIST],
        ("a file is where a folder is needed", "name a folder"),
    ),
    errno.EISDIR: ("a folder is where a file is needed", "move it away or name another folder"),
    errno.ENOENT: ("it vanished while it was written", "let one export at a time write there and run it again"),
}


def write_files(tables: Sequence[Table], to: Path, suffix: str, write: WriteTable) -> list[Written]:
    """Write `<table>.<suffix>` for each table by `write`; all get their names at the end, after the last is complete.

    Raises `ExportError` for what the operating system refuses; then the files of before are as they were.
    """
    with explained(to):
        to.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(to)
    parts = [_part(to, f"{table.name}.{suffix}") for table in tables]
    try:
        written = [
            _write_part(table, part, to / f"{table.name}.{suffix}", write)
            for table, part in zip(tables, parts, strict=True)
        ]
        for part, done in zip(parts, written, strict=True):
            with explained(done.path):
                os.replace(part, done.path)  # noqa: PTH105 - the call whose atomicity is documented
        with explained(to):
            _sync_folder(to)
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return written


def _part(folder: Path, name: str) -> Path:
    return folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}.part"


def _write_part(table: Table, part: Path, target: Path, write: WriteTable) -> Written:
    with explained(target), part.open("xb") as file:
        rows = write(table, file)
        file.flush()
        os.fsync(file.fileno())
    return Written(table=table.name, path=target, rows=rows)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(folder: Path) -> None:
    """Remove what runs that were killed have left; files of processes that are alive stay."""
    for path in folder.glob(".*.part"):
        name = _UNFINISHED.fullmatch(path.name)
        if name and not _is_another_living(int(name[1])):
            with suppress(OSError):
                path.unlink()


def _is_another_living(process: int) -> bool:
    if process == os.getpid() or os.name == "nt":  # there, what another process has open cannot be removed anyway
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turns what the operating system refuses into an `ExportError` that names the place and says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        what, what_to_do = _MEANINGS.get(error.errno or 0, (reason, "run the export again or name another folder"))
        raise ExportError(what, where, what_to_do) from error
