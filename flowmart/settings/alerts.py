"""`[[alerts]]`: rules of one's own, and changes to those that flowmart has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from sqlalchemy import Boolean, Integer

from flowmart.settings.base import Section, nearest
from metrics.alerts.grounds import GROUNDS, SERIES, Ground, measure_of
from metrics.alerts.rules import DEFAULTS, LEAST_HISTORY, STALE_SOURCE, UNKNOWN_DEFECTS, Rule, Wanted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")
_MOST = 104
_HOUR_SECONDS = 3_600
_FIXED = ("metric", "comparison")
"""What a rule of flowmart's own keeps."""


def _rule_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a rule's name is made of letters, digits, blanks, - and _")
    return value.strip()


def _watched(value: str) -> str:
    """`table.column`, both of which there are."""
    table, dot, column = value.strip().partition(".")
    if not dot:
        raise ValueError('write a table and a column, such as "sprint_metrics.say_do"')
    if table not in GROUNDS:
        raise ValueError(f"alerts watch no table {table!r}{nearest(table, list(GROUNDS))}")
    measures = list(GROUNDS[table].measures)
    if column not in measures:
        raise ValueError(f"{table} has no figure {column!r}{nearest(column, measures)}")
    return value.strip()


class AlertSection(Section):
    """A rule of one's own, or, by the name of a default rule, a change to that."""

    name: Annotated[str, AfterValidator(_rule_name)]
    enabled: bool = True
    severity: Literal["low", "medium", "high"] | None = None
    metric: Annotated[str, AfterValidator(_watched)] | None = None
    filter: Mapping[str, Any] = Field(default_factory=dict)
    comparison: Literal[">", ">=", "<", "<="] | None = None
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    deviations: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    history: Annotated[int, Field(ge=LEAST_HISTORY, le=_MOST)] | None = None
    times: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    minimum_n: Annotated[int, Field(ge=0)] | None = None

    @field_validator("metric", "comparison", mode="after")
    @classmethod
    def _is_of_its_own(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("name") in DEFAULTS:
            raise ValueError(f"{info.data['name']} is a rule of flowmart's own: leave this out, or take another name")
        return value

    @field_validator("filter", mode="after")
    @classmethod
    def _filters_by_columns(cls, value: Mapping[str, Any], info: ValidationInfo) -> Mapping[str, tuple[Wanted, ...]]:
        watched = _ground(info)
        if watched is None:  # told at its own key
            return {}
        listed = {name: tuple(given) if isinstance(given, list) else (given,) for name, given in value.items()}
        wrong = [problem for name, values in listed.items() for problem in _wrong(watched, name, values)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return listed

    @field_validator("deviations", "history", "times", mode="after")
    @classmethod
    def _has_neighbours(cls, value: float | None, info: ValidationInfo) -> float | None:
        watched = _ground(info)
        if value is not None and watched is not None and watched.shape not in SERIES:
            raise ValueError(f"the figures of {_metric(info)} do not follow one another: leave this out")
        return value

    @field_validator("minimum_n", mode="after")
    @classmethod
    def _has_a_number_behind_it(cls, value: int | None, info: ValidationInfo) -> int | None:
        watched = _ground(info)
        if value and watched is not None and watched.measures[_metric(info).partition(".")[2]].n is None:
            raise ValueError(f"nothing is counted behind {_metric(info)}: leave this out")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.threshold is not None and self.deviations is not None:
            raise ValueError("threshold and deviations exclude one another: keep one of them")
        if self.name in DEFAULTS:
            return self
        if self.metric is None and self.comparison is None:
            hint = nearest(self.name, list(DEFAULTS))
            raise ValueError(f"needs metric, comparison and threshold, since {self.name!r} is no default rule{hint}")
        needed = {"metric": self.metric, "comparison": self.comparison}
        lacking = [key for key, value in needed.items() if value is None]
        if self.threshold is None and self.deviations is None:
            lacking.append("threshold (or deviations)")
        if lacking:
            raise ValueError(f"a rule of your own needs {' and '.join(lacking)} too")
        return self

    def rule(self) -> Rule:
        """The rule meant."""
        known = DEFAULTS.get(self.name)
        if known is None:
            known = Rule(name=self.name, severity="medium", metric=self.metric or "", comparison=self.comparison or ">")
            known = replace(known, minimum_n=measure_of(known).least)
        own = {key: getattr(self, key) for key in ("severity", "history", "times", "minimum_n")}
        changes: dict[str, Any] = {key: value for key, value in own.items() if value is not None}
        if self.threshold is not None or self.deviations is not None:
            changes |= {"threshold": self.threshold, "deviations": self.deviations}
        return replace(known, filter={**known.filter, **self.filter}, **changes)


def _metric(info: ValidationInfo) -> str:
    """What the rule watches; empty where that is wrong or missing."""
    known = DEFAULTS.get(info.data.get("name", ""))
    return info.data.get("metric") or (known.metric if known else "")


def _ground(info: ValidationInfo) -> Ground | None:
    return GROUNDS.get(_metric(info).partition(".")[0])


def _wrong(ground: Ground, name: str, values: Sequence[object]) -> Iterator[str]:
    columns, words = ground.filters, ground.words
    if name not in columns and name not in words:
        yield f"no column {name!r}{nearest(name, [*words, *columns])}"
        return
    wanted, told = _kind(columns[name].type if name in columns else None)
    if not values:
        yield f"{name}: must not be empty"
    for value in values:
        if type(value) is not wanted:
            yield f"{name}: must be {told}, or a list of such"
        elif name in ground.choices and value not in ground.choices[name]:
            yield f"{name}: {value!r} is unknown{nearest(str(value), list(ground.choices[name]))}"


def _kind(column: object) -> tuple[type, str]:
    """The type that values for a column have, and how to write them."""
    if isinstance(column, Boolean):
        return bool, "true or false"
    return (int, "a whole number") if isinstance(column, Integer) else (str, "a text in quotes")


def _each_once(sections: tuple[AlertSection, ...]) -> tuple[AlertSection, ...]:
    names = [section.name for section in sections]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: stands there twice; a rule has one name, and a name one rule")
    return sections


AlertSections = Annotated[tuple[AlertSection, ...], AfterValidator(_each_once), Field(strict=False)]


def rules_of(
    sections: Collection[AlertSection], *, max_age_seconds: float, classifies_defects: bool
) -> tuple[Rule, ...]:
    """The rules in force: flowmart's own, changed or left out as the sections say, then the others.

    Without rules that classify defects all of them are unknown: nobody asked, and nobody is told, unless the
    configuration names that alert.
    """
    own = {section.name: section for section in sections}
    rules = []
    for name, rule in DEFAULTS.items():
        section = own.pop(name, None)
        if section is None and name == UNKNOWN_DEFECTS.name and not classifies_defects:
            continue
        known = section.rule() if section is not None else rule
        if name == STALE_SOURCE.name and (section is None or section.threshold is None):
            known = replace(known, threshold=max_age_seconds / _HOUR_SECONDS)
        if section is None or section.enabled:
            rules.append(known)
    return (*rules, *(section.rule() for section in own.values() if section.enabled))
