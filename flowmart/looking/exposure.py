"""What others could read: files with a wide mode, and a database server that nobody verifies."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import make_url

from connectors.addresses import is_loopback
from flowmart.config import Config
from flowmart.settings.sources import JiraSource

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_VERIFIED = ("verify-ca", "verify-full")


def exposures(config: Config, file: Path, environment: Mapping[str, str]) -> list[str]:
    """A sentence for each, with what to do. `file` is that of the configuration."""
    return [*map(_told, filter(_is_open, _private(config, file))), *_unverified(config, environment)]


def _private(config: Config, file: Path) -> Iterator[Path]:
    """Files that only their owner should read: the warehouse, kept tokens, a configuration with secrets in it."""
    address = make_url(config.warehouse_url)
    if address.get_backend_name() == "sqlite" and address.database:
        yield from (Path(f"{address.database}{end}") for end in ("", "-wal", "-shm"))
    if key_file := address.query.get("private_key_file"):
        yield Path(str(key_file))
    for source in config.sources.values():
        if isinstance(source, JiraSource) and source.refresh_token_file is not None:
            yield source.refresh_token_file
    if _holds(file, config.secrets()):
        yield file


def _holds(file: Path, secrets: Iterable[str]) -> bool:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return False
    return any(secret in text for secret in secrets)


def _is_open(path: Path) -> bool:
    try:
        return os.name != "nt" and bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _told(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{path} is open to others (mode {mode:04o}); unless that is meant: chmod 600 {path}"


def _unverified(config: Config, environment: Mapping[str, str]) -> Iterator[str]:
    address = make_url(config.warehouse_url)
    host = str(address.host or address.query.get("host") or "")
    if address.get_backend_name() != "postgresql" or not host or host.startswith("/") or is_loopback(host):
        return
    mode = address.query.get("sslmode") or environment.get("PGSSLMODE") or "prefer"
    if mode not in _VERIFIED:
        yield (
            f"the database server {host} is not verified (sslmode={mode}), so that who stands between may read all; "
            "add sslmode=verify-full to warehouse.url (docs/postgresql.md)"
        )
