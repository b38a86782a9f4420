"""`[exports.NAME]`: what comes out, where to, and which keys belong to which format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from exports.base import Reach
from exports.catalog import EXPORTERS, MODELS
from exports.cloud import shown
from flowmart.settings.base import FolderOrUrl, Option, Section, Text, nearest, secret_options
from flowmart.settings.power_bi import Refresh, SourceName
from flowmart.settings.tableau import Publish
from warehouse.tables import METADATA


class Belonging(NamedTuple):
    """The formats that a key is for, and why not for the others."""

    formats: tuple[str, ...]
    why: str = ""

    def told(self, quote: str = "") -> str:
        """`csv or parquet`, and why."""
        *first, last = (f"{quote}{name}{quote}" for name in self.formats)
        words = f"{', '.join(first)} or {last}" if first else last
        return f"{words}; {self.why}" if self.why else words


BELONGINGS: Mapping[str, Belonging] = {
    "tables": Belonging(tuple(EXPORTERS), "a model for a BI tool always has all of its own"),
    "storage": Belonging(tuple(EXPORTERS)),
    "since": Belonging(("csv", "parquet"), "the others are always whole"),
    "neutralise_formulas": Belonging(("csv",)),
    "partition": Belonging(("parquet",)),
    **dict.fromkeys(("source", "folder", "refresh"), Belonging(("powerbi",))),
    **dict.fromkeys(("server", "database"), Belonging(("powerbi", "tableau"))),
    **dict.fromkeys(("connection", "publish"), Belonging(("tableau",))),
}
"""Key of an export → the formats it is for. A key that is not here is for all of them."""


def _known_table(value: str) -> str:
    if value not in METADATA.tables:
        raise ValueError(f"unknown table {value!r}{nearest(value, sorted(METADATA.tables))}")
    return value


TableName = Annotated[str, AfterValidator(_known_table)]

_QUOTE = '"'


class Export(Section):
    """Tables as files, or a model for a BI tool; no `tables` means all that people read."""

    format: Literal["csv", "parquet", "xlsx", "hyper", "powerbi", "tableau"]
    to: FolderOrUrl
    tables: Annotated[tuple[TableName, ...], Field(strict=False)] = ()
    storage: dict[Text, Option] = Field(default_factory=dict)
    since: Literal["last"] | None = None

    neutralise_formulas: bool = True

    partition: Literal["month"] | None = None

    source: SourceName = "parquet"
    folder: Text | None = None
    server: Text | None = None
    database: Text | None = None
    refresh: Refresh | None = None

    connection: Literal["extract", "live"] = "extract"
    publish: Publish | None = None

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        for key, belonging in BELONGINGS.items():
            if key in self.model_fields_set and self.format not in belonging.formats:
                raise ValueError(f"{key}: belongs to format = {belonging.told(_QUOTE)}")
        if self.format in MODELS and isinstance(self.to, str):
            raise ValueError(f"to: {self.format} is written on this machine only; name a folder")
        if self.storage and isinstance(self.to, Path):
            raise ValueError("storage: goes with a URL in `to`")
        return self

    @property
    def takes_increments(self) -> bool:
        """Whether the format can have what changed only."""
        return self.format in BELONGINGS["since"].formats

    @property
    def reach(self) -> Reach:
        """How a BI tool gets at the rows."""
        way = self.connection if self.format == "tableau" else self.source
        return Reach(way=way, folder=self.folder or "", server=self.server or "", database=self.database or "")

    def storage_options(self) -> dict[str, object]:
        """The options of the store's library, secrets told."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.storage.items()
        }

    def secrets(self) -> Iterator[str]:
        """Every text that must never be shown."""
        yield from secret_options(self.storage)
        if self.refresh is not None:
            yield self.refresh.client_secret.get_secret_value()
        if self.publish is not None:
            yield self.publish.token.get_secret_value()

    @property
    def shown_to(self) -> str:
        """`to`, fit to be shown."""
        return shown(self.to) if isinstance(self.to, str) else str(self.to)
