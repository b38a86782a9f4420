"""`[sync]`, `[retention]`, `[schedule]`: how the work is done, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from flowmart.cron import check
from flowmart.settings.base import Seconds, Section

STEPS = ("run", "sync", "compute", "export", "report")


class Sync(Section):
    """How patient, how parallel and how careful a sync is."""

    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    max_wait_seconds: Annotated[Seconds, Field(alias="max_wait")] = 900.0
    max_loss: Annotated[float, Field(ge=0, le=1)] = 0.05
    census_every_seconds: Annotated[Seconds, Field(alias="census_every")] = 72_000.0
    overlap_seconds: Annotated[Seconds, Field(alias="overlap")] = 600.0


def _within_a_century(value: float) -> float:
    if value > _CENTURY_SECONDS:
        raise ValueError('must be at most "36500d"')
    return value


_CENTURY_SECONDS = 36_500 * 86_400


class Retention(Section):
    """How long notes of past runs are kept. What was loaded from trackers, and its history, is never pruned."""

    sync_runs_seconds: Annotated[Seconds, AfterValidator(_within_a_century), Field(alias="sync_runs")] = 34_560_000.0


Cron = Annotated[str, AfterValidator(check)]
"""Five fields in cron's own numbering (0 and 7 are Sunday)."""


class Schedule(Section):
    """When `flowmart schedule` works, in `calendar.timezone`; and from when `flowmart status` calls a source late."""

    run: Cron | None = None
    sync: Cron | None = None
    compute: Cron | None = None
    export: Cron | None = None
    report: Cron | None = None
    max_age_seconds: Annotated[Seconds, Field(alias="max_age")] = 93_600.0

    def crons(self) -> Mapping[str, str]:
        """Step → its cron expression, for the steps that have one."""
        return {step: cron for step in STEPS if (cron := getattr(self, step)) is not None}
