"""Decides whether a defect escaped: the ordered rules on what is known of it, now or at its creation. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from metrics.history.stages import folded
from metrics.settings import DefectRule
from warehouse.records import group_id, native_id

ESCAPED = "escaped"
INTERNAL = "internal"
UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """The class, the rule that decided, and the value that matched."""

    escape_class: str
    rule: str | None
    evidence: str | None


class Membership(NamedTuple):
    """A group that somebody is in."""

    group_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a defect at one instant, as far as rules ask for it."""

    issue_type: str
    created_on: date
    labels: Sequence[str] = ()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Texts by folded name."""
    affects: Sequence[tuple[str, date]] = ()
    """(name, release day) of the affects-versions that are marked released."""
    links: Sequence[tuple[str, str | None]] = ()
    """(type, type of the other issue)."""
    groups: Sequence[Membership] = ()
    """Those that the reporter is in, of the groups that rules name."""


_Evidence = Callable[[Facts], str | None]
"""The value that fulfils a rule's condition; None when nothing does."""

_NOTHING = Verdict(UNKNOWN, None, None)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules made ready, and what they ask for: what none asks for need not be known."""

    steps: Sequence[tuple[str, str, _Evidence]]
    fields: Mapping[str, str]
    """Folded name → name as the rule spells it."""
    labels: bool
    types: bool
    affects: bool
    links: bool
    groups: bool

    def verdict(self, facts: Facts) -> Verdict:
        """The first rule that matches decides; `unknown` when none does."""
        for escape_class, name, evidence_in in self.steps:
            evidence = evidence_in(facts)
            if evidence is not None:
                return Verdict(escape_class, name, evidence)
        return _NOTHING


def make_ready(rules: Sequence[DefectRule]) -> Rules:
    """The rules in the form in which they are asked of many defects."""
    return Rules(
        steps=[(ESCAPED if rule.escaped else INTERNAL, rule.name, _condition(rule)) for rule in rules],
        fields={rule.field.casefold(): rule.field for rule in rules if rule.field},
        labels=any(rule.labels for rule in rules),
        types=any(rule.types for rule in rules),
        affects=any(rule.affects_released for rule in rules),
        links=any(rule.link_types for rule in rules),
        groups=any(rule.reporter_groups for rule in rules),
    )


def _condition(rule: DefectRule) -> _Evidence:
    if rule.field:
        name, values = rule.field.casefold(), folded(rule.values)
        return lambda facts: _named(facts.fields.get(name, ()), values)
    if rule.affects_released:
        return lambda facts: next((name for name, day in facts.affects if day <= facts.created_on), None)
    if rule.link_types:
        types, others = folded(rule.link_types), folded(rule.linked_types)
        return lambda facts: _linked(facts.links, types, others)
    if rule.reporter_groups:
        of_one = {group_id(each.source_id, each.name) for each in rule.reporter_groups if each.source_id}
        of_all = {native_id(group_id("", each.name)) for each in rule.reporter_groups if not each.source_id}
        return lambda facts: _grouped(facts.groups, of_one, of_all)
    if rule.labels:
        labels = folded(rule.labels)
        return lambda facts: _named(facts.labels, labels)
    kinds = folded(rule.types)
    return lambda facts: _named((facts.issue_type,), kinds)


def _named(values: Iterable[str], wanted: frozenset[str]) -> str | None:
    for value in values:
        if value.casefold() in wanted:
            return value
    return None


def _linked(links: Iterable[tuple[str, str | None]], types: frozenset[str], others: frozenset[str]) -> str | None:
    for link_type, other in links:
        if link_type.casefold() in types and (not others or (other or "").casefold() in others):
            return f"{link_type} {other}" if other else link_type
    return None


def _grouped(groups: Iterable[Membership], of_one: Collection[str], of_all: Collection[str]) -> str | None:
    for each in groups:
        if each.group_id in of_one or native_id(each.group_id) in of_all:
            return each.name
    return None
