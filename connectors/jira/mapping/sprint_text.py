"""Reads the texts that the Sprint field of Jira Data Center holds: what Java makes of a sprint, unescaped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.jira.gateway.answers import Sprint
from connectors.jira.gateway.values import optional_instant

_FREE_TEXTS = ("name", "goal")
_MOMENTS = ("startDate", "endDate", "completeDate", "activatedDate")
_NUMBERS = ("id", "rapidViewId", "sequence", "incompleteIssuesDestinationId")
_SWITCHES = ("synced", "autoStartStop")
_STATES = ("FUTURE", "ACTIVE", "CLOSED")
_KEYS = (*_NUMBERS, *_FREE_TEXTS, *_MOMENTS, *_SWITCHES, "state")
_KEY = re.compile(rf"(?:^|,)({'|'.join(_KEYS)})=")
_NULL = "<null>"


@dataclass(frozen=True, slots=True)
class ReadSprint:
    """A sprint as its text tells it."""

    sprint: Sprint
    is_certain: bool
    """False: the name or the goal looks like further keys, so that only the id can be relied on."""


def read_sprint(text: str) -> ReadSprint | None:
    """The sprint of a text such as `…Sprint@38f86e90[id=37,state=ACTIVE,name=A, b,…]`; None when it has no id.

    Names and goals may hold commas, `=`, `]` and line ends. The order of the keys depends on the version.
    """
    pairs = _pairs(text)
    native = _id_of(pairs)
    if native is None:
        return None
    values = dict(pairs)
    is_certain = len(values) == len(pairs) and all(_is_well_formed(key, value) for key, value in pairs)
    if not is_certain:
        values = {"name": f"Sprint {native}"}
    board = values.get("rapidViewId", "")
    sprint = Sprint(
        id=native,
        name=values.get("name", ""),
        state=values.get("state", "CLOSED").lower(),
        goal=_filled(values, "goal"),
        start_date=_filled(values, "startDate"),
        end_date=_filled(values, "endDate"),
        complete_date=_filled(values, "completeDate"),
        activated_date=_filled(values, "activatedDate"),
        board_id=int(board) if board.isdecimal() else None,
    )
    return ReadSprint(sprint, is_certain)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Keys and values in the order of the text, cut before known keys only."""
    start, end = text.find("["), text.rfind("]")
    inner = text[start + 1 : end] if 0 <= start < end else ""
    cut = _KEY.split(inner)[1:]  # key, value, key, value, …
    return list(zip(cut[::2], cut[1::2], strict=True))


def _id_of(pairs: list[tuple[str, str]]) -> int | None:
    """The first id, unless a free text stands before it: then the last one, with which the old order ends."""
    places = [place for place, (key, value) in enumerate(pairs) if key == "id" and value.isdecimal()]
    if not places:
        return None
    is_safe = not any(key in _FREE_TEXTS for key, _ in pairs[: places[0]])
    return int(pairs[places[0] if is_safe else places[-1]][1])


def _is_well_formed(key: str, value: str) -> bool:
    if key in _FREE_TEXTS:
        return True
    if key in _MOMENTS:
        return value in ("", _NULL) or _is_moment(value)
    if key in _NUMBERS:
        return value in ("", _NULL) or value.lstrip("-").isdecimal()
    return value in (_STATES if key == "state" else ("true", "false", _NULL, ""))


def _is_moment(value: str) -> bool:
    try:
        return optional_instant(value) is not None
    except ValueError:
        return False


def _filled(values: dict[str, str], key: str) -> str | None:
    value = values.get(key, "")
    return None if value in ("", _NULL) else value
