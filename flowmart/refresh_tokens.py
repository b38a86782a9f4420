"""Keeps the refresh token of an OAuth login in a file that only its owner may read."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OWNER_ONLY = 0o600
_FOLLOW_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Not on Windows."""


class RefreshTokenFile:
    """See `connectors.jira.gateway.oauth.TokenStore`. Beside the file lies `<name>.lock`, which is empty and stays."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self._path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for other threads and processes; the system frees the lock of one that dies."""
        handle = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | _FOLLOW_NO_LINK, _OWNER_ONLY)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # and with it the lock

    def read(self) -> str:
        """The token; empty without a file."""
        try:
            return self._path.read_text("utf-8").strip()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise OSError(0, "it is no UTF-8 text", self.where) from error

    def write(self, token: str) -> None:
        """The file holds the old token or the new one at every moment, also when the machine stops."""
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{token}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)  # noqa: PTH105 - says what it does
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108
            raise
        _make_durable(self._path.parent)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

    def _make_durable(_folder: Path) -> None:
        """Windows has no such call for folders."""

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _make_durable(folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
