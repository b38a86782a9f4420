"""A folder on this machine as the target of an export: files are renamed into it when all are complete."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from exports.base import ExportError

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


class LocalFolder:
    """A `Target`. Unfinished files lie hidden in the folder itself, so that renaming them is one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        with explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(self._folder)

    def part(self, name: str) -> Path:
        flat = name.replace("/", "~")
        return self._folder / f".{flat}.{os.getpid()}.{secrets.token_hex(4)}.part"

    def address(self, name: str) -> Path:
        return self._folder / name

    def publish(self, parts: Iterable[tuple[str, Path]]) -> None:
        placed = [(part, self._folder / name) for name, part in parts]
        for _, path in placed:  # all of them before the first file has its name: a file may be in a folder's way
            with explained(path):
                path.parent.mkdir(parents=True, exist_ok=True)
        for part, path in placed:
            with explained(path):
                os.replace(part, path)  # noqa: PTH105 - the call whose atomicity is documented
        with explained(self._folder):
            for folder in {self._folder, *(path.parent for _, path in placed)}:
                _sync_folder(folder)

    def read(self, name: str) -> bytes | None:
        path = self._folder / name
        with explained(path):
            return path.read_bytes() if path.exists() else None

    def has(self, name: str) -> bool:
        return (self._folder / name).is_file()

    def folders(self) -> list[str]:
        with explained(self._folder):
            return [path.name for path in self._folder.iterdir() if path.is_dir()] if self._folder.is_dir() else []

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            path = self._folder / name
            with explained(path):
                path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == self._folder:
                    break
                with suppress(OSError):  # one that still holds something stays
                    folder.rmdir()

    def close(self) -> None:
        pass


@contextmanager
def explained(where: object) -> Iterator[None]:
    """What the operating system refuses, as an `ExportError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        what, what_to_do = _MEANINGS.get(error.errno or 0, (reason, "run the export again or name another folder"))
        raise ExportError(what, where, what_to_do) from error


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
