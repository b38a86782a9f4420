"""What of a person may be stored: the one question that mappings ask wherever a value names somebody.

Columns that hold ids of people are left to the application's filter, which sees every page. Here are the values whose
meaning only a connector knows: custom fields, changes of them, and what is kept to be compared with later answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Shown(NamedTuple):
    """A person as stored; None: nothing of them."""

    native: str | None
    name: str | None


NOBODY = Shown(None, None)

Disguise = Callable[[str, str], Shown]
"""The tracker's id of a person, and the name (empty where only the id is told) → what may be stored of both.

Asked about what it once gave, it gives the same again.
"""


def as_told(native: str, name: str) -> Shown:
    """Everybody under their own name."""
    return Shown(native, name)


def listed_people(ids: str | None, names: str | None, people: Disguise) -> tuple[str | None, str | None]:
    """The halves of a change of a field that holds people: ids and names as history writes them, one or a list.

    Lists may stand in brackets. Names that do not pair with the ids are left away where anybody is disguised.
    """
    if not ids and not names:
        return None, None
    natives, called = _parts(ids), _parts(names)
    if natives and len(called) != len(natives):
        called = [""] * len(natives)
    pairs = list(zip(natives or called, called, strict=True))
    shown = [people(native, name) for native, name in pairs]
    if all(one == Shown(*pair) for one, pair in zip(shown, pairs, strict=True)):
        return ids or None, names or None
    kept_ids = [one.native for one in shown if one.native is not None]
    kept_names = [one.name or one.native or "" for one in shown if one.native is not None]
    return (_written(kept_ids, ids) if ids else None), _written(kept_names, names or ids)


def _parts(text: str | None) -> list[str]:
    bare = (text or "").strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    return [part for each in bare.split(",") if (part := each.strip())]


def _written(parts: list[str], like: str | None) -> str | None:
    joined = ", ".join(parts)
    return (f"[{joined}]" if (like or "").strip().startswith("[") else joined) if parts else None
