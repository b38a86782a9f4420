"""Why a defect counts as escaped or not: the rules in order, the one that decided, and its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flowmart.explaining.reading import AnyRow, Source
from flowmart.explaining.shapes import DefectPart, RuleTried
from metrics.defects.members import never_loaded
from metrics.settings import DefectRule


def defect_of(source: Source, issue_id: str) -> DefectPart | None:
    """What decided on the defect; None for an issue that is none."""
    row = source.one("defects", issue_id=issue_id)
    if row is None:
        return None
    version = None
    if row.introduced_in_version_id is not None:
        version = source.one("versions", version_id=row.introduced_in_version_id)
    return DefectPart(
        escape_class=row.escape_class,
        rule=row.escape_rule,
        evidence=row.escape_evidence,
        class_at_creation=row.escape_class_at_creation,
        severity=row.severity,
        is_cancelled=row.is_cancelled,
        introduced_in=None if version is None else version.name,
        released_on=None if version is None else version.released_on,
        days_after_release=row.days_after_release,
        rules=tuple(_tried(source, row)),
    )


def _tried(source: Source, row: AnyRow) -> Iterable[RuleTried]:
    """The rules as far as they were asked: all up to the one that decided."""
    source_id = row.issue_id.partition(":")[0]
    unknown: dict[str, set[str]] = {}
    for name, _, group in never_loaded(source.connection, source.settings.defects.rules, [source_id]):
        unknown.setdefault(name, set()).add(group.name)
    for rule in source.settings.defects.rules:
        decided = rule.name == row.escape_rule
        yield RuleTried(
            name=rule.name,
            condition=condition(rule, source_id, unknown.get(rule.name, ())),
            gives="escaped" if rule.escaped else "internal",
            decided=decided,
        )
        if decided:
            return


def condition(rule: DefectRule, source_id: str, unknown: Collection[str] = ()) -> str:
    """The rule's one condition in words, for a defect of that source; nobody knows who is in the `unknown` groups."""
    if rule.field is not None:
        return f"{rule.field} is {_any(rule.values)}"
    if rule.labels:
        return f"a label is {_any(rule.labels)}"
    if rule.types:
        return f"its type is {_any(rule.types)}"
    if rule.affects_released:
        return "an affects-version was released by the day of creation"
    if rule.reporter_groups:
        return _grouped([group.name for group in rule.reporter_groups if group.is_of(source_id)], unknown)
    linked = f" to an issue of type {_any(rule.linked_types)}" if rule.linked_types else ""
    return f"it has a link {_any(rule.link_types)}{linked}"


def _grouped(names: Collection[str], unknown: Collection[str]) -> str:
    if not names:
        return "its reporter is in a group of another source"
    told = _any(f"{name} (members unknown)" if name in unknown else name for name in names)
    return f"its reporter is in the group {told}"


def _any(values: Iterable[str]) -> str:
    return " or ".join(sorted(values))
