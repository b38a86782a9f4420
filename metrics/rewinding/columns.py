"""The columns of one issue as they were: each gets back what the first later change of its field overwrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from metrics.rewinding.custom_fields import custom_then
from metrics.rewinding.history import Known, Later, source_of

_CLOSED, _RESOLVED = "Microsoft.VSTS.Common.ClosedDate", "Microsoft.VSTS.Common.ResolvedDate"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HOUR_SECONDS = 3_600

Columns = dict[str, Any]
"""Column of `issues` → value."""


class Was(NamedTuple):
    """What an issue's history up to the instant tells."""

    resolved_at: datetime | None
    """The last change of its resolution from nothing to something."""


def columns_then(known: Known, today: Columns, later: Sequence[Later], was: Was) -> Columns:
    """The issue's row as it was, from its row of today and its changes since, in order."""
    first: dict[str, Later] = {}
    for change in later:
        # what several fields tell (an epic link and a parent) was told by the one that had a value
        before = first.get(change.field)
        if before is None or (before.text is None and before.field_id != change.field_id):
            first[change.field] = change
    then = dict(today)
    for field, change in first.items():
        if field in _READERS:
            then.update(_READERS[field](known, then, change))
    if first.keys() & {"status", "project", "type"}:
        _place_status(known, then, first.get("status"))
    then["custom_fields"] = custom_then(known, today["custom_fields"], later)
    then["resolved_at"] = _resolved_at(known, then, first, was)
    return then


def _place_status(known: Known, then: Columns, change: Later | None) -> None:
    """In Azure DevOps a state is one of its project and type; elsewhere statuses have ids of their own."""
    if change is not None:
        then["status"] = change.text or ""
    if then["source_id"] in known.azure:
        then["status_id"] = f"{then['project_id']}:{then['issue_type']}:{then['status']}"
    elif change is not None:
        then["status_id"] = f"{then['source_id']}:{change.value or ''}"


def _project(_: Known, then: Columns, change: Later) -> Columns:
    return {"project_id": f"{then['source_id']}:{change.value}"} if change.value else {}


def _type(known: Known, then: Columns, change: Later) -> Columns:
    """The level is what the type means today."""
    name, source_id = change.text, then["source_id"]
    if name is None:
        return {}
    ids = (f"{then['project_id']}:{name}", f"{source_id}:{change.from_value}", f"{source_id}:{name}")
    return {"issue_type": name, "level": next((known.levels[i] for i in ids if i in known.levels), then["level"])}


def _key(_: Known, then: Columns, change: Later) -> Columns:
    key, now, url = change.text, then["key"], then["url"]
    if key is None:
        return {}
    return {"key": key, "url": url.removesuffix(now) + key if url.endswith(f"/{now}") else url}


def _parent(known: Known, then: Columns, change: Later) -> Columns:
    source_id = then["source_id"]
    if change.from_value and change.from_value.isdecimal():
        return {"parent_id": f"{source_id}:{change.from_value}"}
    return {"parent_id": known.issue_ids.get(f"{source_id}:{change.text}")}


def _sprint(known: Known, then: Columns, change: Later) -> Columns:
    return {"sprint_ids": change.value if then["source_id"] in known.azure else change.from_value or None}


def _due(known: Known, _: Columns, change: Later) -> Columns:
    return {"due_on": day_of(change.value, known)}


def day_of(text: str | None, known: Known) -> date | None:
    """A day told as such, or by an instant: midnight in UTC when set by a program, midnight of the zone by hand."""
    if text is None or _DAY.fullmatch(text[:10]) is None:
        return None
    moment = datetime.fromisoformat(text)
    is_day = moment.tzinfo is None or moment.time() == time()
    return moment.date() if is_day else moment.astimezone(known.zone).date()


def _original_estimate(known: Known, then: Columns, change: Later) -> Columns:
    told = number_of(change)
    unit = _HOUR_SECONDS if then["source_id"] in known.azure else 1
    return {"original_estimate_seconds": None if told is None else round(told * unit)}


def number_of(change: Later) -> float | None:
    """The number that a field held before."""
    for candidate in (change.from_value, change.from_text):
        try:
            return float(candidate or "")
        except ValueError:
            continue
    return None


def _text(column: str, empty: str | None = None) -> Callable[[Known, Columns, Later], Columns]:
    return lambda _, __, change: {column: change.text or empty}


def _id(column: str) -> Callable[[Known, Columns, Later], Columns]:
    return lambda _, then, change: {column: f"{then['source_id']}:{change.value}" if change.value else None}


_READERS: Mapping[str, Callable[[Known, Columns, Later], Columns]] = {
    "project": _project,
    "type": _type,
    "key": _key,
    "summary": _text("summary", empty=""),
    "priority": _text("priority"),
    "severity": _text("severity"),
    "resolution": _text("resolution"),
    "assignee": _id("assignee_id"),
    "reporter": _id("reporter_id"),
    "parent": _parent,
    "story_points": lambda _, __, change: {"story_points": number_of(change)},
    "original_estimate": _original_estimate,
    "found_in": _text("found_in"),
    "sprint": _sprint,
    "area": lambda _, __, change: {"area_path": change.value},
    "flagged": lambda _, __, change: {"is_flagged": change.text is not None},
    "due": _due,
}
"""Field → the columns that its change overwrote; `status` is placed when project and type are known."""


def _resolved_at(known: Known, then: Columns, first: Mapping[str, Later], was: Was) -> datetime | None:
    stored: datetime | None = then["resolved_at"]
    source_id = source_of(then["issue_id"])
    if source_id in known.azure:
        own = {change.field_id: change for change in first.values()}
        ids = [f"{source_id}:{reference}" for reference in (_CLOSED, _RESOLVED)]
        return _dated(known, then, ids) if own.keys() & set(ids) else stored
    if "resolution" in first:
        return None if then["resolution"] is None else was.resolved_at or then["created_at"]
    return stored if stored is None or stored <= known.instant else None


def _dated(known: Known, then: Columns, field_ids: Sequence[str]) -> datetime | None:
    """The first of these fields that held an instant."""
    held = then["custom_fields"]
    for name in (known.fields[one].name for one in field_ids if one in known.fields):
        if isinstance(held.get(name), str):
            return datetime.fromisoformat(held[name])
    return None
