"""The stream of capacities: who can work how much in a sprint, and who is off on which days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial

import msgspec

from connectors.azure_devops import team_mapping
from connectors.azure_devops.answers import Capacities, DaysOff, Iteration
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.azure_devops.teams import TeamData
from connectors.base import Page, Replacement
from connectors.errors import NotFound, PermissionMissing
from connectors.flight import in_order
from connectors.typed import ready
from warehouse.records import Capacity, DayOff, Record

_Fetched = list[tuple[Iteration, tuple[Capacities, DaysOff] | str]]
"""Each sprint with its capacity, or why that cannot be read."""

_SETTLED_AFTER = timedelta(days=3)
"""A sprint that has been over for so long is asked for once more, and then never again."""
_FUTURE_AGAIN_AFTER = timedelta(days=6)


class Asked(msgspec.Struct, frozen=True):
    """When each sprint was asked for last: team → iteration → day."""

    scope: str = ""
    days: dict[str, dict[str, date]] = {}
    v: int = 1


def read(bookmark: str | None, scope: str) -> Asked:
    """What a bookmark says; nothing when there is none, or one for another scope."""
    try:
        found = msgspec.json.decode(bookmark or "{}", type=ready(Asked))
    except msgspec.DecodeError:
        found = Asked()
    return found if (found.scope, found.v) == (scope, 1) else Asked(scope=scope)


def is_due(iteration: Iteration, asked: date | None, today: date) -> bool:
    """Whether the sprint is to be asked for: all once, the live ones in each run, future ones now and then."""
    dates = iteration.attributes
    if asked is None:
        return True
    if dates is None or dates.start_date is None or dates.finish_date is None or today < dates.start_date.date():
        return today - asked >= _FUTURE_AGAIN_AFTER
    settled = dates.finish_date.date() + _SETTLED_AFTER
    return today <= dates.finish_date.date() or asked < settled <= today


def pages(
    settings: AzureDevOpsSettings, gateway: Gateway, teams: Iterable[TeamData], bookmark: str | None, width: int
) -> Iterator[Page]:
    """A page per team that has sprints to ask for."""
    today = settings.now().astimezone(settings.time_zone).date()
    known = read(bookmark, settings.scope)
    read_teams = [each for each in teams if each.is_read]
    days = dict(known.days)
    for each in read_teams:
        before = days.get(each.team.id, {})
        due = [one for one in each.iterations if is_due(one, before.get(one.id), today)]
        if not due:
            continue
        fetched = list(in_order(gateway.pool, partial(_fetch, gateway, each), due, width))
        answered = {one.id: today for one, got in zip(due, fetched, strict=True) if not isinstance(got, str)}
        shown = {one.id for one in each.iterations}
        days[each.team.id] = {key: day for key, day in before.items() if key in shown} | answered
        content = msgspec.json.encode(Asked(scope=settings.scope, days=days)).decode()
        yield _page(settings.source_id, each, list(zip(due, fetched, strict=True)), content)


def _fetch(gateway: Gateway, each: TeamData, one: Iteration) -> tuple[Capacities, DaysOff] | str:
    ids = (each.project.id, each.team.id, one.id)
    try:
        return gateway.capacities(*ids), gateway.team_days_off(*ids)
    except (NotFound, PermissionMissing) as error:
        return str(error)


def _page(source_id: str, each: TeamData, fetched: _Fetched, bookmark: str) -> Page:
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
        bookmark=bookmark,
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
