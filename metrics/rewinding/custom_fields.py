"""The custom fields of one issue as they were, by name and as people read them, which is how they are kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metrics.rewinding.history import Known, KnownField, Later, source_of
from warehouse.records import native_id

_IN_COLUMNS = frozenset(
    {
        "status",
        "assignee",
        "reporter",
        "priority",
        "resolution",
        "type",
        "project",
        "summary",
        "labels",
        "fix_versions",
        "affects_versions",
        "components",
        "link",
        "due",
        "original_estimate",
        "parent",
        "key",
        "sprint",
        "area",
    }
)
"""Changes of what has a column or a table of its own and no custom field."""

_ROLES_ELSEWHERE = frozenset({"sprint", "flagged", "parent", "epic_link", "rank"})
_NOT_KEPT = frozenset({"attachment", "comment", "description", "timetracking", "worklog"})
_NUMBERS = ("float", "number", "double", "integer", "jsw-story-points")
_LISTS = ("multiselect", "multicheckboxes", "multiuserpicker", "multigrouppicker", "multiversion")
_LABELS = ("labels",)


def custom_then(known: Known, today: Mapping[str, Any], later: Sequence[Later]) -> Mapping[str, Any]:
    """The custom fields before the later changes, given in order; a value that no change tells of is today's."""
    first: dict[str, tuple[KnownField, Later]] = {}
    for change in later:
        field = _field(known, change)
        if field is not None:
            own = f"{field.name} ({native_id(change.field_id or '')})"  # what shares its name with another field
            first.setdefault(own if own in today else field.name, (field, change))
    then = dict(today)
    for name, (field, change) in first.items():
        before = _value(field, today.get(name), change)
        if before is None:
            then.pop(name, None)
        else:
            then[name] = before
    return then


def _field(known: Known, change: Later) -> KnownField | None:
    """The custom field that changed; None for what is kept elsewhere or not at all."""
    if change.field in _IN_COLUMNS:
        return None
    source_id = source_of(change.issue_id)
    field_id = change.field_id or f"{source_id}:{change.field}"
    field = known.fields.get(field_id)
    if field is None or native_id(field_id).lower() in _NOT_KEPT:
        return None
    return field if field.role not in _ROLES_ELSEWHERE or source_id in known.azure else None


def _value(field: KnownField, today: object, change: Later) -> Any:  # noqa: ANN401 - any JSON
    text = change.text
    if text is None:
        return None
    kind = field.kind.rpartition(":")[2].lower()
    if kind in _NUMBERS or (isinstance(today, int | float) and not isinstance(today, bool)):
        return _number(text, today)
    if kind == "boolean":
        return text == "true"
    if kind in _LISTS or (isinstance(today, list) and kind not in _LABELS):
        return [part.strip() for part in text.strip("[]").split(",") if part.strip()]
    return text.split() if kind in _LABELS else text


def _number(text: str, today: object) -> float | int | str:
    try:
        found = float(text)
    except ValueError:
        return text
    return int(found) if isinstance(today, int) and found.is_integer() else found
