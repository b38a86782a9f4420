"""The whole configuration, and what other folders of ours need of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from flowmart.settings.alerts import AlertSections, rules_of
from flowmart.settings.base import Section, Text
from flowmart.settings.engine import Engine
from flowmart.settings.exports import Export
from flowmart.settings.jobs import Retention, Schedule, Sync
from flowmart.settings.lake import Lake
from flowmart.settings.network import Network
from flowmart.settings.privacy import Privacy
from flowmart.settings.report import Report
from flowmart.settings.rules import CalendarSection, DefectsSection, MetricsSection, SprintsSection
from flowmart.settings.sources import Source, SourceName
from flowmart.settings.telling import Notify, Telemetry
from flowmart.settings.warehouse import Warehouse
from flowmart.settings.workflow import WorkflowSection, merged
from metrics.alerts.rules import Rule
from metrics.settings import MetricSettings


class Config(Section):
    """Everything that `flowmart.toml` says, secrets resolved and masked."""

    warehouse: Warehouse = Field(default_factory=Warehouse)
    sources: Annotated[dict[SourceName, Source], Field(min_length=1)]
    workflow: WorkflowSection = Field(default_factory=WorkflowSection)
    sprints: SprintsSection = Field(default_factory=SprintsSection)
    calendar: CalendarSection = Field(default_factory=CalendarSection)
    metrics: MetricsSection = Field(default_factory=MetricsSection)
    defects: DefectsSection = Field(default_factory=DefectsSection)
    sync: Sync = Field(default_factory=Sync)
    network: Network = Field(default_factory=Network)
    retention: Retention = Field(default_factory=Retention)
    privacy: Privacy = Field(default_factory=Privacy)
    schedule: Schedule = Field(default_factory=Schedule)
    notify: Notify = Field(default_factory=Notify)
    telemetry: Telemetry = Field(default_factory=Telemetry)
    exports: dict[Text, Export] = Field(default_factory=dict)
    alerts: AlertSections = ()
    report: Report | None = None
    lake: Lake | None = None
    engine: Engine | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_warehouse(cls, data: object) -> object:
        """A table that is left out is validated too: the path in it counts from the file's folder."""
        return {"warehouse": {}, **data} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _rules_know_whom_they_ask_about(self) -> Self:
        if self.privacy.users == "none" and any(rule.reporter_groups for rule in self.defects.rules):
            raise ValueError(
                'privacy.users = "none" keeps nobody whom reporter_groups of [[defects.rules]] could ask about: '
                'use "pseudonyms", or take those rules out'
            )
        return self

    @property
    def warehouse_url(self) -> str:
        """The warehouse's address with its password."""
        return self.warehouse.url.get_secret_value()

    @property
    def zone(self) -> ZoneInfo:
        """`calendar.timezone`."""
        return ZoneInfo(self.calendar.timezone)

    def metric_settings(self) -> MetricSettings:
        """The rules that metrics are computed by; for each source the general workflow rules are merged in."""
        nothing = WorkflowSection()
        return MetricSettings(
            workflow=merged(self.workflow, nothing),
            source_workflows={name: merged(self.workflow, source.workflow) for name, source in self.sources.items()},
            grace_hours=self.sprints.grace_hours,
            calendar=self.calendar.rules(),
            defects=self.defects.settings(self.sources),
            levels=frozenset(self.metrics.levels),
        )

    def alert_rules(self) -> tuple[Rule, ...]:
        """The alert rules in force."""
        return rules_of(
            self.alerts,
            max_age_seconds=self.schedule.max_age_seconds,
            classifies_defects=bool(self.defects.rules),
        )

    def groups_of(self, source: str) -> tuple[str, ...]:
        """Names of the groups of people that rules ask about in a source, each once."""
        named = (group for rule in self.defects.settings(self.sources).rules for group in sorted(rule.reporter_groups))
        return tuple({group.name.casefold(): group.name for group in named if group.is_of(source)}.values())

    def secrets(self) -> Iterator[str]:
        """Every text that must never be shown."""
        for source in self.sources.values():
            yield from source.secrets()
        yield from self.warehouse.secrets()
        yield from self.privacy.secrets()
        yield from self.notify.secrets()
        for export in self.exports.values():
            yield from export.secrets()
        if self.lake is not None:
            yield from self.lake.secrets()
        if self.engine is not None:
            yield from self.engine.secrets()
