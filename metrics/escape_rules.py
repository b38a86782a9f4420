"""Decides whether a defect escaped: the ordered rules on what is known of it, now or at its creation. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from metrics.settings import DefectRule
from metrics.stages import folded

ESCAPED = "escaped"
INTERNAL = "internal"
UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """The class, the rule that decided, and the value that matched."""

    escape_class: str
    rule: str | None
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a defect at one instant. `fields` holds texts by folded name; links are (type, other's type)."""

    issue_type: str
    created_on: date
    labels: Sequence[str] = ()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    affects: Sequence[tuple[str, date | None]] = ()
    """(name, release day) of the affects-versions that are marked released."""
    links: Sequence[tuple[str, str | None]] = ()


def verdict(rules: Sequence[DefectRule], facts: Facts) -> Verdict:
    """The first rule that matches decides; `unknown` when none does."""
    for rule in rules:
        evidence = _evidence(rule, facts)
        if evidence is not None:
            return Verdict(ESCAPED if rule.escaped else INTERNAL, rule.name, evidence)
    return Verdict(UNKNOWN, None, None)


def _evidence(rule: DefectRule, facts: Facts) -> str | None:
    """The value that fulfils the rule's condition; None when nothing does."""
    if rule.field is not None:
        return _named(facts.fields.get(rule.field.casefold(), ()), rule.values)
    if rule.affects_released:
        released = (name for name, day in facts.affects if day is not None and day <= facts.created_on)
        return next(released, None)
    if rule.link_types:
        return _linked(rule, facts.links)
    conditions: tuple[tuple[frozenset[str], Callable[[], Iterable[str]]], ...] = (
        (rule.labels, lambda: facts.labels),
        (rule.types, lambda: (facts.issue_type,)),
    )
    return next((_named(values(), wanted) for wanted, values in conditions if wanted), None)


def _named(values: Iterable[str], wanted: Iterable[str]) -> str | None:
    names = folded(wanted)
    return next((value for value in values if value.casefold() in names), None)


def _linked(rule: DefectRule, links: Iterable[tuple[str, str | None]]) -> str | None:
    types, others = folded(rule.link_types), folded(rule.linked_types)
    for link_type, other in links:
        if link_type.casefold() in types and (not others or (other or "").casefold() in others):
            return f"{link_type} {other}" if other else link_type
    return None
