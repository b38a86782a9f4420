"""`[calendar]`, `[sprints]`, `[metrics]`, `[defects]`: what the metrics are computed by, beside the workflow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from flowmart.settings.base import Section, Text, Texts, TimeOfDay, nearest
from metrics.settings import Calendar, DefectRule, Defects, GroupName

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _known_zone(value: str) -> str:
    zones = available_timezones()
    if value not in zones:
        raise ValueError(f"unknown time zone {value!r}{nearest(value, sorted(zones))}")
    return value


def _known_holidays(value: str) -> str:
    code = value.strip().upper()
    if not code:
        return ""
    import holidays  # here, since it costs 50 ms and most calendars name none

    countries = holidays.list_supported_countries(include_aliases=True)
    country, _, subdivision = code.partition("-")
    if country not in countries:
        raise ValueError(f"no holidays known for {value!r}; write a country such as DE, or DE-BY")
    if subdivision and subdivision not in {known.upper() for known in countries[country]}:
        raise ValueError(f"no part {subdivision!r} of {country}{nearest(subdivision, list(countries[country]))}")
    return code


class CalendarSection(Section):
    """Days, hours and holidays; `timezone` decides what a day, a week and a month are."""

    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    working_days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(strict=False, min_length=1)
    ] = ("mon", "tue", "wed", "thu", "fri")
    working_hours: Annotated[tuple[TimeOfDay, TimeOfDay], Field(strict=False)] = (time(9), time(17))
    holidays: Annotated[str, AfterValidator(_known_holidays)] = ""

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        opens, closes = self.working_hours
        if opens is None or (closes is not None and opens >= closes):
            raise ValueError("working_hours: the day must begin before it ends")
        return self

    def rules(self) -> Calendar:
        """The same for the metrics."""
        opens, closes = self.working_hours
        if opens is None:
            raise AssertionError("refused by the validation above")
        return Calendar(
            timezone=ZoneInfo(self.timezone),
            working_days=frozenset(WEEKDAYS.index(day) for day in self.working_days),
            working_hours=(opens, closes),
            holidays=self.holidays or None,
        )


class SprintsSection(Section):
    """How sprints are read."""

    grace_hours: Annotated[float, Field(ge=0, le=240)] = 0.0


class MetricsSection(Section):
    """What the metrics count."""

    levels: Annotated[tuple[Literal["portfolio", "standard", "subtask"], ...], Field(strict=False, min_length=1)] = (
        "standard",
    )


class DefectRuleSection(Section):
    """One rule of escape, with exactly one condition: field with values, or one of the others."""

    name: Text | None = None
    escaped: bool
    field: Text | None = None
    values: Texts = ()
    labels: Texts = ()
    types: Texts = ()
    affects_released: bool = False
    link_types: Texts = ()
    linked_types: Texts = ()
    reporter_groups: Texts = ()

    @model_validator(mode="after")
    def _exactly_one_condition(self) -> Self:
        conditions = ("field", "labels", "types", "affects_released", "link_types", "reporter_groups")
        given = [name for name in conditions if getattr(self, name)]
        if self.values and not self.field:
            raise ValueError("values needs field beside it")
        if self.field and not self.values:
            raise ValueError("field needs values beside it")
        if self.linked_types and not self.link_types:
            raise ValueError("linked_types needs link_types beside it")
        if len(given) != 1:
            said = f"here are {' and '.join(given)}" if given else "here is none"
            raise ValueError(f"needs exactly one condition of {', '.join(conditions)}; {said}")
        return self

    def rule(self, number: int, sources: Collection[str]) -> DefectRule:
        """The same for the metrics; a group after a source's name and a colon is one of that source alone."""
        return DefectRule(
            name=self.name or f"rule {number}",
            escaped=self.escaped,
            field=self.field,
            values=frozenset(self.values),
            labels=frozenset(self.labels),
            types=frozenset(self.types),
            affects_released=self.affects_released,
            link_types=frozenset(self.link_types),
            linked_types=frozenset(self.linked_types),
            reporter_groups=frozenset(_group(name, sources) for name in self.reporter_groups),
        )


def _group(text: str, sources: Collection[str]) -> GroupName:
    before, _, name = (part.strip() for part in text.partition(":"))
    return GroupName(before, name) if before in sources and name else GroupName("", text.strip())


class DefectsSection(Section):
    """What a defect is, and when it escaped."""

    types: Texts = ("Bug", "Defect", "Incident")
    rules: Annotated[tuple[DefectRuleSection, ...], Field(strict=False)] = ()
    severity_weights: Mapping[Text, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    def settings(self, sources: Collection[str]) -> Defects:
        """The same for the metrics; `sources` are the names of those that are configured."""
        return Defects(
            types=frozenset(self.types),
            rules=tuple(rule.rule(number, sources) for number, rule in enumerate(self.rules, start=1)),
            severity_weights=dict(self.severity_weights),
        )
