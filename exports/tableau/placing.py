"""Puts one file into a folder when it is complete: for formats that a library writes by a path of its own."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exports.files import explained


@contextmanager
def placed(to: Path, name: str) -> Iterator[Path]:
    """The path of an empty file in the folder `to`, for the block to fill or replace.

    It is called `name` when the block ends; when the block raises, the file of before stays. Raises `ExportError` for
    what the operating system refuses, in the block too.
    """
    target = to / name
    part = to / f".{name}.{os.getpid()}.{secrets.token_hex(4)}.part"
    with explained(target):
        to.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(to, name)
        part.touch(exist_ok=False)
        mode = part.stat().st_mode
        try:
            yield part
            part.chmod(mode)  # a library may have made another file there, for itself alone
            _to_disk(part)
            os.replace(part, target)  # noqa: PTH105 - the call whose atomicity is documented
            if os.name != "nt":  # folders cannot be opened there
                _to_disk(to)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    flags = os.O_RDONLY if os.name != "nt" else os.O_RDWR
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(to: Path, name: str) -> None:
    """Remove what exports that were killed have left; those of processes that are alive stay."""
    for path in to.glob(f".{name}.*.part"):
        found = re.fullmatch(rf"\.{re.escape(name)}\.(\d+)\.[0-9a-f]{{8}}\.part", path.name)
        if found and not _lives(int(found[1])):
            with suppress(OSError):
                path.unlink()


def _lives(process: int) -> bool:
    if process == os.getpid() or os.name == "nt":  # there, what another process has open cannot be removed anyway
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
