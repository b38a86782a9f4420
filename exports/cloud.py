"""A folder in an object store as the target of an export: files are made here and sent when all are complete.

The store's library comes through fsspec: `s3://` (s3fs), `abfss://` and `az://` (adlfs), `gs://` (gcsfs).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from exports.base import ExportError

SCHEMES: Mapping[str, str] = {
    "s3": "s3fs",
    "abfss": "adlfs",
    "abfs": "adlfs",
    "az": "adlfs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "memory": "fsspec",
}
"""Scheme of a URL → the package that speaks to it. `memory` lives within the process: for trials and tests."""

_INSTALL = "pip install 'flowmart[cloud]'"
_SENDING: Mapping[str, Mapping[str, int]] = {"s3fs": {"chunksize": 16 * 2**20, "max_concurrency": 2}}
"""Options that keep a library from holding a large file in memory; the others send in small pieces by themselves."""
_TALKATIVE = ("azure", "gcsfs", "google")
"""Libraries that log, with traces, what they raise as well."""
_QUERY = re.compile(r"\?\S+")
_SECRET_WORDS = re.compile(r"(?i)\b(\w*(?:key|secret|token|password|signature|sig)\w*\s*[=:]\s*)\S+")
_MOST_TOLD = 200


class CloudFolder:
    """A `Target`. Each object appears whole; between the first and the last of a set readers see old and new ones."""

    def __init__(self, url: str, storage: Mapping[str, object]) -> None:
        self._url = url.rstrip("/")
        self._package = SCHEMES.get(url.partition("://")[0], "")
        if not self._package:
            raise ExportError("no such kind of place", shown(url), f"there are: {', '.join(SCHEMES)}")
        self._files, self._root = _opened(self._url, storage)
        self._scratch = TemporaryDirectory(prefix="flowmart-export-")

    def prepare(self) -> None:
        """Nothing: object stores have no folders, and a bucket that is missing is not ours to make."""

    def part(self, name: str) -> Path:
        return Path(self._scratch.name) / name.replace("/", "~")

    def address(self, name: str) -> str:
        return f"{shown(self._url)}/{name}"

    def publish(self, parts: Iterable[tuple[str, Path]]) -> None:
        for name, part in parts:
            with _told(self.address(name)):
                self._files.put_file(str(part), self._path(name), **_SENDING.get(self._package, {}))
            part.unlink()

    def read(self, name: str) -> bytes | None:
        with _told(self.address(name)):
            try:
                content: bytes = self._files.cat_file(self._path(name))
            except FileNotFoundError:
                return None
            return content

    def has(self, name: str) -> bool:
        with _told(self.address(name)):
            return bool(self._files.isfile(self._path(name)))

    def folders(self) -> list[str]:
        with _told(shown(self._url)):
            try:
                found = self._files.ls(self._root, detail=False)
            except FileNotFoundError:
                return []
            return [str(path).rstrip("/").rpartition("/")[2] for path in found]

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            with _told(self.address(name)):
                if self._files.isfile(self._path(name)):
                    self._files.rm_file(self._path(name))

    def close(self) -> None:
        self._scratch.cleanup()

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def shown(url: str) -> str:
    """The URL without what may be a secret: a query, and a password before the host."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:***@", url.partition("?")[0])


def _opened(url: str, storage: Mapping[str, object]) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise ExportError("fsspec is not installed", shown(url), _INSTALL) from error
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # stated, since a store that was asked before would answer from its memory what is no longer true
    options = {"use_listings_cache": False, "skip_instance_cache": True, **storage}
    with _told(shown(url)):
        try:
            files, root = fsspec.core.url_to_fs(url, **options)
        except ImportError as error:
            package = SCHEMES[url.partition("://")[0]]
            raise ExportError(f"{package} is not installed", shown(url), _INSTALL) from error
        return files, str(root).rstrip("/")


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What a store refuses, as an `ExportError`; each library has errors of its own."""
    try:
        yield
    except ExportError:
        raise
    except FileNotFoundError as error:
        raise ExportError(
            "there is no such bucket or container, or it is not for this account", where, "make it or correct the URL"
        ) from error
    except PermissionError as error:
        raise ExportError(
            f"this account may not do that ({_words(error)})", where, "give it permission to write, list and delete"
        ) from error
    except Exception as error:
        kind = type(error).__name__
        if "Credential" in kind or "Auth" in kind:
            raise ExportError(
                f"no login works ({kind})", where, "set the store's variables, or `storage` of the export"
            ) from error
        raise ExportError(f"{kind}: {_words(error)}", where, "check the URL and the store, and try again") from error


def _words(error: BaseException) -> str:
    """The error's own words in one line, without signed addresses and what else looks secret."""
    words = " ".join(str(error).split())
    return _SECRET_WORDS.sub(r"\1***", _QUERY.sub("?…", words))[:_MOST_TOLD]
