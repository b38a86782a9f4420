"""Single values of Jira's JSON: instants, days, numbers, and what a person would read of a field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.jira.gateway.answers import Moment
from connectors.people import Disguise, as_told
from connectors.quantity import finite

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000
"""A bare number from here on counts milliseconds, below it seconds."""
_EXACT_BELOW = 4_000_000_000_000
"""Milliseconds (to the year 2096) that a float of seconds still tells exactly, in half the time."""
_READABLE_KEYS = ("displayName", "value", "name", "title", "key", "text")


_EMPTY_TEXTS = ("", "{}")
"""The second is how the development field says that there is nothing."""


def instant(value: Moment) -> datetime:
    """The UTC instant of ISO text with an offset, of epoch milliseconds or of epoch seconds; else ValueError."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(f"an instant without offset: {value!r}")
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(f"no instant: {value!r}") from error
    try:
        if _MILLISECONDS_FROM <= value < _EXACT_BELOW:
            return datetime.fromtimestamp(value / 1000, UTC)
        return _EPOCH + timedelta(milliseconds=value if value >= _MILLISECONDS_FROM else value * 1000)
    except OverflowError as error:
        raise ValueError(f"no instant: {value}") from error


def optional_instant(value: Moment | None) -> datetime | None:
    """The same for a value that may be absent or empty."""
    return instant(value) if value else None


def epoch_milliseconds(moment: datetime) -> int:
    """The whole milliseconds since 1970 of an aware datetime, rounded down: JQL's absolute time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def start_of(day: date) -> int:
    """The first instant of a day, UTC, in epoch milliseconds."""
    return epoch_milliseconds(datetime.combine(day, time(), UTC))


def optional_day(value: str | None) -> date | None:
    """A calendar day; of a text that goes on after the day, the day."""
    return date.fromisoformat(value[:10]) if value else None


def number_text(value: str | None) -> str | None:
    """The one text of a number: `5.0` and `5` are both `5`; text that is no number stays."""
    if not value:
        return None
    found = finite(value)
    if found is None:
        return value
    return str(int(found)) if found.is_integer() else repr(found)


def readable(value: Any, people: Disguise = as_told) -> Any:  # noqa: ANN401 - any JSON
    """What a person would read of a field's value: an option's value, a person's name, a list of such; None if empty.

    Numbers, booleans and texts stay; rich text becomes its plain text; what has no name stays as it is, but for the
    people within. Of people there is what `people` lets be stored.
    """
    if isinstance(value, dict):
        return _readable_object(value, people)
    if isinstance(value, list):
        found = [read for item in value if (read := readable(item, people)) is not None]
        return found or None
    return None if value in _EMPTY_TEXTS else value


def readable_text(value: Any, people: Disguise = as_told) -> str | None:  # noqa: ANN401 - any JSON
    """The same as one text, lists separated by comma and space."""
    found = readable(value, people)
    if found is None:
        return None
    if isinstance(found, list):
        return ", ".join(str(item) for item in found)
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    return str(found)


def _readable_object(value: dict[str, Any], people: Disguise) -> Any:  # noqa: ANN401 - any JSON
    if (native := _person(value)) is not None:
        return people(native, value["displayName"] or native).name
    if value.get("type") == "doc" and "content" in value:
        return " ".join(_plain_text(value).split()) or None
    for key in _READABLE_KEYS:
        found = value.get(key)
        if isinstance(found, str | int | float) and found != "":
            child = value.get("child")
            return f"{found} > {readable(child)}" if key == "value" and isinstance(child, dict) else found
    return _with_people(value, people) or None


def _person(value: dict[str, Any]) -> str | None:
    """The id of the person that an object is; None if it is none."""
    if not isinstance(value.get("displayName"), str):
        return None
    native = value.get("accountId") or value.get("key") or value.get("name")
    return native if isinstance(native, str) else None


def _with_people(value: Any, people: Disguise) -> Any:  # noqa: ANN401 - any JSON
    """The JSON, with what may be stored in the place of each person in it."""
    if isinstance(value, list):
        return [_with_people(item, people) for item in value]
    if not isinstance(value, dict):
        return value
    if (native := _person(value)) is not None:
        return people(native, value["displayName"] or native).name
    return {key: _with_people(item, people) for key, item in value.items()}


def _plain_text(node: dict[str, Any]) -> str:
    """The words of rich text."""
    own = node.get("text")
    parts = [own] if isinstance(own, str) else []
    parts += [_plain_text(child) for child in node.get("content") or [] if isinstance(child, dict)]
    return ("" if node.get("type") == "paragraph" else " ").join(parts)
