"""The stream of capacities: who can work how much in a sprint, and who is off on which days.

Two requests a team and sprint: so it begins with the sprints that are not over when flowmart first looks, and keeps
what it has seen. Those that ended before are asked for when a run looks back to then (`sync --since`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial

import msgspec

from connectors.azure_devops.gateway.answers import Capacities, DaysOff, Iteration
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import teams as team_mapping
from connectors.azure_devops.pulling.teams import TeamData
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Page, Replacement
from connectors.errors import NotFound, PermissionMissing
from connectors.http.flight import in_order
from connectors.typed import ready
from warehouse.records import Capacity, DayOff, Record

_Fetched = list[tuple[Iteration, tuple[Capacities, DaysOff] | str]]
"""Each sprint with its capacity, or why that cannot be read."""

_SETTLED_AFTER = timedelta(days=3)
"""A sprint that has been over for so long is asked for once more, and then never again."""
_FUTURE_AGAIN_AFTER = timedelta(days=6)
_LIVE_AGAIN_AFTER = timedelta(days=2)
"""Half of the teams have their turn each day, so that every night costs the same."""
_AHEAD = timedelta(days=3)
"""A sprint that begins later is hardly planned yet."""


class Asked(msgspec.Struct, frozen=True):
    """When each sprint was asked for last: team → iteration → day."""

    scope: str = ""
    days: dict[str, dict[str, date]] = {}
    since: date | None = None
    """Day of the last run that could read everything: sprints that ended since are still to be asked for."""
    v: int = 2


def read(bookmark: str | None, scope: str) -> Asked:
    """What a bookmark says; nothing when there is none, or one for another scope."""
    try:
        found = msgspec.json.decode(bookmark or "{}", type=ready(Asked))
    except msgspec.DecodeError:
        found = Asked()
    return found if (found.scope, found.v) == (scope, 2) else Asked(scope=scope)


def has_turn(place: int, today: date) -> bool:
    """Whether it is the day of the team with this place among the teams."""
    return (today.toordinal() + place) % _LIVE_AGAIN_AFTER.days == 0


def is_due(iteration: Iteration, asked: date | None, today: date, since: date, *, is_turn: bool) -> bool:
    """Whether the sprint is to be asked for: live ones on their team's days, the next one now and then.

    One that ended since the day `since` is asked for if it never was; `asked` is the day on which it was last.
    """
    dates = iteration.attributes
    if dates is None or dates.start_date is None or dates.finish_date is None:
        return False
    start_on, finish_on = dates.start_date.date(), dates.finish_date.date()
    if today < start_on:
        return start_on - today <= _AHEAD and (asked is None or today - asked >= _FUTURE_AGAIN_AFTER)
    if asked is None:
        return finish_on >= min(since, today)
    if today <= finish_on:
        return is_turn or today - asked >= _LIVE_AGAIN_AFTER
    return asked < finish_on + _SETTLED_AFTER <= today


def pages(
    settings: AzureDevOpsSettings, gateway: Gateway, teams: Iterable[TeamData], bookmark: str | None, width: int
) -> Iterator[Page]:
    """A page per team that has sprints to ask for."""
    today = settings.now().astimezone(settings.time_zone).date()
    known = read(bookmark, settings.scope)
    since = settings.changed_since or known.since or today
    days, is_whole = dict(known.days), True
    for place, each in enumerate(sorted((each for each in teams if each.is_read), key=lambda each: each.team.id)):
        before, is_turn = days.get(each.team.id, {}), has_turn(place, today)
        due = [one for one in each.iterations if is_due(one, before.get(one.id), today, since, is_turn=is_turn)]
        if not due:
            continue
        fetched = list(in_order(gateway.pool, partial(_fetch, gateway, each), due, width))
        answered = {one.id: today for one, got in zip(due, fetched, strict=True) if not isinstance(got, str)}
        is_whole = is_whole and len(answered) == len(due)
        shown = {one.id for one in each.iterations}
        days[each.team.id] = {key: day for key, day in before.items() if key in shown} | answered
        content = Asked(scope=settings.scope, days=days, since=since)
        yield _page(settings.source_id, each, list(zip(due, fetched, strict=True)), content)
    yield Page(bookmark=_text(Asked(scope=settings.scope, days=days, since=today if is_whole else since)))


def _text(asked: Asked) -> str:
    return msgspec.json.encode(asked).decode()


def _fetch(gateway: Gateway, each: TeamData, one: Iteration) -> tuple[Capacities, DaysOff] | str:
    ids = (each.project.id, each.team.id, one.id)
    try:
        return gateway.capacities(*ids), gateway.team_days_off(*ids)
    except (NotFound, PermissionMissing) as error:
        return str(error)


def _page(source_id: str, each: TeamData, fetched: _Fetched, asked: Asked) -> Page:
    people: list[Record] = []
    sprints: list[str] = []
    capacities: list[Capacity] = []
    days_off: list[DayOff] = []
    for one, got in fetched:
        if isinstance(got, str):
            continue
        found, team = got
        sprint_id = f"{source_id}:{one.id}:{each.team.id}"
        sprints.append(sprint_id)
        people += team_mapping.members(source_id, found)
        capacities += team_mapping.capacities(sprint_id, source_id, found)
        days_off += team_mapping.days_off(sprint_id, source_id, found, team)
    return Page(
        records=people,
        replacements=[
            Replacement(record_type=Capacity, scope="sprint_id", values=sprints, records=capacities),
            Replacement(record_type=DayOff, scope="sprint_id", values=sprints, records=days_off),
        ],
        bookmark=_text(asked),
        problems=_problems(each, fetched),
    )


def _problems(each: TeamData, fetched: _Fetched) -> list[str]:
    """One sentence for all sprints of a team that cannot be read."""
    failed = [(one.name, got) for one, got in fetched if isinstance(got, str)]
    if not failed:
        return []
    name, error = failed[0]
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return [f"team '{each.team.name}': the capacity of '{name}'{more} cannot be read: {error}"]
