"""Groups of people that rules of the config name: each asked for once a week, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from connectors.base import Page, Replacement, Seen
from connectors.people import Disguise, as_told
from connectors.remembered import LONGEST
from warehouse.records import Group, UserGroup, group_id, qualified_id

UNTIL_THEN = "until then the members last known count"
NAMED_IN = "reporter_groups of [[defects.rules]]"


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in a group, those of groups within it included."""

    people: Collection[tuple[str, ...]]
    """Each person by the tracker's ids under which issues may name them; mostly one."""
    notes: Sequence[str] = ()


Ask = Callable[[str], Members | str]
"""Name of a group → who is in it, or one line that says why that is not told and what to do."""


class _Kept(msgspec.Struct, frozen=True):
    site: str
    asked_at: dict[str, datetime]
    """Id of a group → when its members were last told."""


def group_pages(
    source_id: str,
    site: str,
    now: datetime,
    names: Sequence[str],
    bookmark: str | None,
    ask: Ask,
    people: Disguise = as_told,
) -> Iterator[Page]:
    """A page for each group that is new, or was asked for a week ago; one that no rule names any more is emptied.

    A group that the tracker does not tell about is a problem, asked for again in the next run; its rows stay.
    """
    wanted = {group_id(source_id, name): name for name in names}
    known = _read(bookmark, site)
    if gone := sorted(known.keys() - wanted.keys()):
        known = {one: at for one, at in known.items() if one in wanted}
        yield Page(replacements=_replaced(gone, [], []), bookmark=_text(site, known))
    for one, name in wanted.items():
        asked_at = known.get(one)
        if asked_at is not None and timedelta() <= now - asked_at < LONGEST:
            continue
        told = ask(name)
        if isinstance(told, str):
            yield Page(problems=[told])
            continue
        known = {**known, one: now}
        group = Group(group_id=one, source_id=source_id, name=name)
        # of who may not be stored under one id, no other one is stored either
        stored = [ids for ids in told.people if all(people(native, "").native is not None for native in ids)]
        members = [_member(group, native) for native in sorted({native for ids in stored for native in ids})]
        yield Page(
            replacements=_replaced([one], [group], members),
            bookmark=_text(site, known),
            notes=told.notes,
        )


def look_at_groups(names: Sequence[str], ask: Ask) -> tuple[list[Seen], list[str], list[str]]:
    """What `check` shows: the groups with how many are in them, notes, and problems."""
    seen: list[Seen] = []
    notes: list[str] = []
    problems: list[str] = []
    for name in names:
        told = ask(name)
        if isinstance(told, str):
            problems.append(told)
        else:
            seen.append(Seen(what="group", native_id=name, name=name, detail=f"members: {len(told.people):,}"))
            notes += told.notes
    return seen, notes, problems


def _member(group: Group, native: str) -> UserGroup:
    return UserGroup(
        user_group_id=f"{group.group_id}:{native}",
        source_id=group.source_id,
        group_id=group.group_id,
        user_id=qualified_id(group.source_id, native),
        group_name=group.name,
    )


def _replaced(ids: Sequence[str], groups: Sequence[Group], members: Sequence[UserGroup]) -> list[Replacement]:
    return [
        Replacement(record_type=Group, scope="group_id", values=ids, records=groups),
        Replacement(record_type=UserGroup, scope="group_id", values=ids, records=members),
    ]


def _read(bookmark: str | None, site: str) -> Mapping[str, datetime]:
    try:
        found = msgspec.json.decode(bookmark or "null", type=_Kept | None)
    except msgspec.DecodeError:
        return {}
    return found.asked_at if found is not None and found.site == site else {}


def _text(site: str, asked_at: Mapping[str, datetime]) -> str:
    return msgspec.json.encode(_Kept(site, dict(asked_at))).decode()
