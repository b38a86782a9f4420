"""`[sync]`, `[schedule]`, `[exports.NAME]`: how the work is done, when, and what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from exports.cloud import shown
from flowmart.cron import check
from flowmart.settings.base import FolderOrUrl, Seconds, Section, Text, nearest
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


Option = Annotated[SecretStr | bool | int, Field(union_mode="left_to_right")]
"""A value for a store's library."""

_SECRET_NAME = re.compile("key|secret|token|password|credential|connection_string|sas")


class Export(Section):
    """Tables as files for BI tools and spreadsheets; no `tables` means all of them."""

    format: Literal["csv", "parquet", "xlsx"]
    to: FolderOrUrl
    tables: Annotated[tuple[TableName, ...], Field(strict=False)] = ()
    neutralise_formulas: bool = True
    partition: Literal["month"] | None = None
    since: Literal["last"] | None = None
    storage: dict[Text, Option] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_its_format(self) -> Export:
        if self.partition is not None and self.format != "parquet":
            raise ValueError('partition goes with format = "parquet"')
        if self.since is not None and not self.takes_increments:
            raise ValueError('since goes with format = "csv" or "parquet"; the others are always whole')
        if self.storage and isinstance(self.to, Path):
            raise ValueError("storage goes with a URL in `to`")
        return self

    @property
    def takes_increments(self) -> bool:
        """Whether the format can have what changed only."""
        return self.format in {"csv", "parquet"}

    def storage_options(self) -> dict[str, object]:
        """The options of the store's library, secrets told."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.storage.items()
        }

    def secrets(self) -> Iterator[str]:
        """Every text that must never be shown; a region or an account's name may."""
        for name, value in self.storage.items():
            if isinstance(value, SecretStr) and _SECRET_NAME.search(name):
                yield value.get_secret_value()

    @property
    def shown_to(self) -> str:
        """`to`, fit to be shown."""
        return shown(self.to) if isinstance(self.to, str) else str(self.to)
