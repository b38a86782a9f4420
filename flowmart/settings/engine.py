"""`[engine]`: where the metrics of a lake are computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr

from flowmart.settings.base import Section, Text

_URL = re.compile(r"sc://[^/;\s]+(/;\S*)?/?|spark://[^/;\s]+|local")
_TOKEN = re.compile(r";(?:token|x-[\w-]*)=([^;\s]+)")


def _usable_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _URL.fullmatch(value.strip()):
        raise ValueError('use "sc://HOST:15002" (Spark Connect), "spark://HOST:7077" (a standalone cluster) or "local"')
    return SecretStr(value.strip())


class Engine(Section):
    """Spark, for what `[lake]` holds."""

    url: Annotated[SecretStr, BeforeValidator(_usable_address)] = Field(default="local", validate_default=True)
    python: Text | None = None
    options: dict[Text, str] = Field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address with its token."""
        return self.url.get_secret_value()

    @property
    def shown(self) -> str:
        """The address without what may be secret, for people."""
        return self.address.partition(";")[0].rstrip("/")

    def secrets(self) -> Iterator[str]:
        """The tokens within the address."""
        yield from _TOKEN.findall(self.address)
