"""`[lake]`: where `sync` writes Delta tables instead of a warehouse, and where it works meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo

from flowmart.settings.base import FilePath, FolderOrUrl, Option, Seconds, Section, Text, nearest, secret_options

SCHEMES = ("s3", "s3a", "abfss", "abfs", "az", "gs")
_URL = re.compile(r"\s*([a-z][a-z0-9+.-]*)://")


def _of_a_lake(value: object, _: ValidationInfo) -> object:
    found = _URL.match(value) if isinstance(value, str) else None
    if found is not None and found[1] not in SCHEMES:
        raise ValueError(f"no lake is at {found[1]}://{nearest(found[1], list(SCHEMES))}")
    return value


class Lake(Section):
    """A folder or an object store. Relative paths count from the folder of the configuration file."""

    url: Annotated[FolderOrUrl, BeforeValidator(_of_a_lake)]
    options: dict[Text, Option] = Field(default_factory=dict)
    work: FilePath = Field(default="lake-work", validate_default=True)
    page_rows: Annotated[int, Field(ge=1)] = 50_000
    page_seconds: Annotated[Seconds, Field(alias="page_every")] = 120.0

    @property
    def address(self) -> str:
        """`url` as text."""
        return str(self.url)

    def store_options(self) -> dict[str, str]:
        """The options of the store, secrets told, all as text."""
        return {name: _as_text(value) for name, value in self.options.items()}

    def secrets(self) -> Iterator[str]:
        """Every text that must never be shown."""
        yield from secret_options(self.options)

    def working_file(self, source: str) -> Path:
        """Where the source's sync works."""
        return self.work / f"{source}.db"


def _as_text(value: SecretStr | bool | int) -> str:  # noqa: FBT001 - a value of the file
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower()
