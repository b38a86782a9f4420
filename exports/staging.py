"""Where files of a set go, and where they lie until all of them are complete."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from exports.base import PLAIN, Order, Place
from exports.cloud import CloudFolder
from exports.folders import LocalFolder, explained


class Target(Protocol):
    """Where files go. Names count from its folder and have `/` between their parts."""

    def prepare(self) -> None:
        """Make the folder, where there are such."""

    def part(self, name: str) -> Path:
        """A path on this machine where the file is to be written first."""

    def address(self, name: str) -> Place:
        """The file's path or URL, fit to be shown."""

    def publish(self, parts: Iterable[tuple[str, Path]]) -> None:
        """Give files their names, in this order. Raises `ExportError`."""

    def read(self, name: str) -> bytes | None:
        """The content of a small file; None when it is not there."""

    def has(self, name: str) -> bool:
        """Whether the file is there."""

    def folders(self) -> list[str]:
        """The names of folders in the folder; an object store may add those of files."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that may be there, and the folders that they leave empty."""

    def close(self) -> None:
        """Forget what was not published."""


class Staging:
    """The files of a set before they have their names."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.paths: dict[str, Path] = {}
        """Name → where the file lies."""

    @contextmanager
    def new(self, name: str) -> Iterator[BinaryIO]:
        """A file to be written; it is complete at the end of the block."""
        path = self.paths[name] = self._target.part(name)
        with explained(self._target.address(name)), path.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def forget(self) -> None:
        """Remove what has no name yet."""
        for path in self.paths.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)


def target_of(to: Place, order: Order = PLAIN) -> Target:
    """The target for a folder or a URL."""
    return LocalFolder(to) if isinstance(to, Path) else CloudFolder(to, order.storage)
