"""`[sync]`, `[schedule]`, `[exports.NAME]`: how the work is done, when, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from flowmart.cron import check
from flowmart.settings.base import FilePath, Seconds, Section, Text, nearest
from flowmart.settings.power_bi import Refresh, SourceName
from flowmart.settings.tableau import Publish
from warehouse.tables import METADATA

STEPS = ("run", "sync", "compute", "export")


def _known_table(value: str) -> str:
    if value not in METADATA.tables:
        raise ValueError(f"unknown table {value!r}{nearest(value, sorted(METADATA.tables))}")
    return value


TableName = Annotated[str, AfterValidator(_known_table)]


class Sync(Section):
    """How patient, how parallel and how careful a sync is."""

    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    max_wait_seconds: Annotated[Seconds, Field(alias="max_wait")] = 900.0
    max_loss: Annotated[float, Field(ge=0, le=1)] = 0.05
    census_every_seconds: Annotated[Seconds, Field(alias="census_every")] = 72_000.0
    overlap_seconds: Annotated[Seconds, Field(alias="overlap")] = 600.0


Cron = Annotated[str, AfterValidator(check)]
"""Five fields in cron's own numbering (0 and 7 are Sunday)."""


class Schedule(Section):
    """When `flowmart schedule` works, in `calendar.timezone`; and from when `flowmart status` calls a source late."""

    run: Cron | None = None
    sync: Cron | None = None
    compute: Cron | None = None
    export: Cron | None = None
    max_age_seconds: Annotated[Seconds, Field(alias="max_age")] = 93_600.0

    def crons(self) -> Mapping[str, str]:
        """Step → its cron expression, for the steps that have one."""
        return {step: cron for step in STEPS if (cron := getattr(self, step)) is not None}


class Export(Section):
    """Tables as files for BI tools and spreadsheets; no `tables` means all of them."""

    format: Literal["csv", "parquet", "powerbi", "hyper", "tableau"]
    to: FilePath
    tables: Annotated[tuple[TableName, ...], Field(strict=False)] = ()
    neutralise_formulas: bool = True
    source: SourceName = "parquet"
    folder: Text | None = None
    server: Text | None = None
    database: Text | None = None
    refresh: Refresh | None = None
    connection: Literal["extract", "live"] = "extract"
    publish: Publish | None = None

    @model_validator(mode="after")
    def _of_one_format(self) -> Self:
        """Keys of some formats are refused with others; the models for BI tools always have all tables."""
        whole = {"powerbi": "a Power BI project", "tableau": "a data source for Tableau"}
        if self.format in whole and self.tables:
            raise ValueError(f"tables: {whole[self.format]} always has all of them; take the key out")
        for key, formats in _KEYS_OF_FORMATS.items():
            if key in self.model_fields_set and f'"{self.format}"' not in formats:
                raise ValueError(f"{key}: belongs to format = {formats}")
        return self


_KEYS_OF_FORMATS: Mapping[str, str] = {
    **dict.fromkeys(("source", "folder", "refresh"), '"powerbi"'),
    **dict.fromkeys(("server", "database"), '"powerbi" or "tableau"'),
    **dict.fromkeys(("connection", "publish"), '"tableau"'),
}
