"""An issue's steps as rows of `issue_changes`, and what the steps say was true when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.metrics.laws.scripts import Life, Step
from warehouse.records import IssueChange

_NAMES = {"points": "story_points", "affects": "affects_versions"}
_NATIVE = {"To Do": "1", "Doing": "2", "Review": "3", "Done": "4", "Closed": "5", "Dropped": "6"}
_NOTHING: dict[str, Any] = {"labels": (), "affects": (), "flagged": False}


@dataclass(frozen=True)
class Told:
    """What is told of a life by some hour; `lost` is the place of a step of which nothing is told."""

    life: Life
    epoch: datetime
    steps: Sequence[Step]
    until: float
    lost: int | None = None

    def status_id(self, name: str, project: str, issue_type: str) -> str:
        """The tracker's id of a status, for an issue of that project and type."""
        if self.life.source_id == "ado":
            return f"{project}:{issue_type}:{name}"
        return _NATIVE.get(name, f"id of {name}")


def value_at(told: Told, name: str, hour: float = float("inf")) -> Any:
    """A field's value after the last step of the hour."""
    value = told.life.first.get(name, _NOTHING.get(name))
    for step in told.steps:
        if step.hour <= hour:
            value = dict([pair for pair in step.sets if pair[0] == name]).get(name, value)
    return value


def key_at(told: Told, hour: float) -> str:
    """The key at that hour: a Jira issue gets one of its project."""
    if told.life.source_id == "ado":
        return str(told.life.number)
    return f"{'PAY' if value_at(told, 'project', hour) == '10' else 'OPS'}-{told.life.number}"


def changes_of(told: Told) -> Iterator[IssueChange]:
    """The steps as changes; those that set what is already there are changes too, as trackers have them."""
    held = {**_NOTHING, **told.life.first}
    for entry, step in enumerate(told.steps, 1):
        ordinal = 0
        for name, value in step.sets:
            before, held[name] = held.get(name), value
            for field, old, new in _as_fields(told, name, before, value):
                if entry - 1 != told.lost:
                    yield _change(told, step, entry, ordinal, field, old, new)
                ordinal += 1


Raw = tuple[str | None, str | None]
"""Value and text."""


def _as_fields(told: Told, name: str, before: Any, value: Any) -> Iterator[tuple[str, Raw, Raw]]:
    if name == "affects":
        for version in before:
            if version not in value:
                yield "affects_versions", (version, version), (None, None)
        for version in value:
            if version not in before:
                yield "affects_versions", (None, None), (version, version)
        return
    yield _NAMES.get(name, name), _raw(told, name, before), _raw(told, name, value)
    if name == "project" and told.life.source_id == "acme" and before != value:
        old, new = (f"{'PAY' if one == '10' else 'OPS'}-{told.life.number}" for one in (before, value))
        yield "key", (None, old), (None, new)


def _raw(told: Told, name: str, value: Any) -> Raw:
    is_jira = told.life.source_id == "acme"
    if name == "labels":
        return None, (" " if is_jira else "; ").join(value) or None
    if name == "flagged":
        return (None, "Impediment") if value else (None, None)
    if value is None:
        return None, None
    if name == "status" and is_jira:
        return _NATIVE.get(value, f"id of {value}"), value
    return str(value), str(value)


def _change(told: Told, step: Step, entry: int, ordinal: int, field: str, old: Raw, new: Raw) -> IssueChange:
    issue_id = f"{told.life.source_id}:{told.life.number}"
    return IssueChange(
        change_id=f"{issue_id}:{entry}:{ordinal}",
        issue_id=issue_id,
        entry_number=entry,
        ordinal=ordinal,
        changed_at=told.epoch + timedelta(hours=step.hour),
        author_id=None,
        field=field,
        field_id=None,
        from_value=old[0],
        from_text=old[1],
        to_value=new[0],
        to_text=new[1],
    )
