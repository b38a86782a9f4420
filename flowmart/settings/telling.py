"""`[notify]`, `[telemetry]`: who is told of failures and alerts, and what monitoring may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from flowmart.settings.base import FilePath, Secret, Section, Text

_PARTS = re.compile(r"[/@:?&=#]+")
_SHORTEST_PART = 6
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://.", re.IGNORECASE)
_LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s/]+):(?P<port>\d{1,5})")
_LARGEST_PORT = 65_535


def _with_scheme(value: SecretStr) -> SecretStr:
    if not _SCHEME.match(value.get_secret_value()):
        raise ValueError(
            'write an address of apprise, such as "mailtos://…", "slack://…" or "https://hooks.slack.com/…"'
        )
    return value


def _host_and_port(value: str) -> str:
    found = _LISTEN.fullmatch(value)
    if found is None or int(found["port"]) > _LARGEST_PORT:
        raise ValueError('write HOST:PORT, such as "127.0.0.1:9464"')
    return value


class Notify(Section):
    """Addresses that messages go to, and what they are about. Each address is a secret as a whole."""

    urls: Annotated[tuple[Annotated[Secret, AfterValidator(_with_scheme)], ...], Field(strict=False)] = ()
    on: Annotated[tuple[Literal["failure", "alerts"], ...], Field(strict=False)] = ("failure", "alerts")

    def addresses(self) -> tuple[str, ...]:
        """The addresses themselves."""
        return tuple(url.get_secret_value() for url in self.urls)

    def secrets(self) -> Iterator[str]:
        """Every text that must never be shown: the addresses."""
        yield from self.addresses()

    def hidden(self) -> Iterator[str]:
        """The same and their parts, for the words of others about them: a library may name a token alone."""
        for address in self.addresses():
            yield address
            parts = _PARTS.split(address)[1:]
            yield from {form for part in parts for form in (part, unquote(part)) if len(form) >= _SHORTEST_PART}


class Telemetry(Section):
    """What Prometheus may read: a text file after each run, and an endpoint of `flowmart schedule`."""

    prometheus_file: FilePath | None = None
    listen: Annotated[Text, AfterValidator(_host_and_port)] | None = None

    def address(self) -> tuple[str, int] | None:
        """Host and port of `listen`."""
        found = _LISTEN.fullmatch(self.listen or "")
        return None if found is None else (found["host"].strip("[]"), int(found["port"]))
