"""Teams at work → boards with their areas and columns, sprints, capacity and days off; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.azure_devops.gateway.answers import (
    Capacities,
    Column,
    DaysOff,
    Iteration,
    Span,
    Team,
    TeamAreas,
    TeamSettings,
)
from connectors.azure_devops.mapping.identities import one_form, user, user_key
from connectors.azure_devops.mapping.items import status_id
from connectors.azure_devops.mapping.snapshots import AREA
from connectors.azure_devops.mapping.structure import ProjectModel
from warehouse import records
from warehouse.records import qualified_id

_STATES_OF_TIME_FRAMES = {"past": "closed", "current": "active", "future": "future"}


def board(source_id: str, project_id: str, team: Team, settings: TeamSettings) -> records.Board:
    """A team."""
    return records.Board(
        board_id=qualified_id(source_id, team.id),
        source_id=source_id,
        project_id=qualified_id(source_id, project_id),
        name=team.name,
        kind="team",
        bugs_behavior=settings.bugs_behavior,
        workdays=", ".join(settings.working_days or ()) or None,
    )


def board_areas(source_id: str, team: Team, areas: TeamAreas) -> list[records.BoardArea]:
    """The areas that a team owns; none when it is defined by another field."""
    if other_team_field(areas):
        return []
    board_id = qualified_id(source_id, team.id)
    return [
        records.BoardArea(
            board_area_id=f"{board_id}:{each.value}",
            board_id=board_id,
            area_path=each.value,
            includes_children=bool(each.include_children),
        )
        for each in areas.values or ()
    ]


def other_team_field(areas: TeamAreas) -> str | None:
    """The field that defines the team, if it is not the area path."""
    reference = areas.field.reference_name if areas.field else None
    return None if reference in {None, AREA} else reference


def sprint(source_id: str, team: Team, iteration: Iteration, zone: ZoneInfo, now: datetime) -> records.Sprint:
    """An iteration as one team's sprint: whole days in `zone`, the finish day included, its state by the day of `now`.

    The tracker gives days as midnights in UTC, which are no instants.
    """
    dates = iteration.attributes
    start_on = dates.start_date.date() if dates and dates.start_date else None
    finish_on = dates.finish_date.date() if dates and dates.finish_date else None
    frame = (dates.time_frame if dates else None) or ""
    return records.Sprint(
        sprint_id=f"{source_id}:{iteration.id}:{team.id}",
        iteration_id=qualified_id(source_id, iteration.id),
        source_id=source_id,
        board_id=qualified_id(source_id, team.id),
        name=iteration.name,
        state=_state(start_on, finish_on, frame, now.astimezone(zone).date()),
        start_at=_first_instant(start_on, zone) if start_on else None,
        end_at=_first_instant(finish_on + timedelta(days=1), zone) if finish_on else None,
        start_on=start_on,
        finish_on=finish_on,
    )


def board_sprint(row: records.Sprint) -> records.BoardSprint:
    """That a team shows its own sprint."""
    board_id = row.board_id or ""
    native = records.native_id(row.sprint_id)
    return records.BoardSprint(board_sprint_id=f"{board_id}:{native}", board_id=board_id, sprint_id=row.sprint_id)


def _state(start_on: date | None, finish_on: date | None, time_frame: str, today: date) -> str:
    if start_on is None or finish_on is None:
        return _STATES_OF_TIME_FRAMES.get(time_frame.lower(), "future")
    if today < start_on:
        return "future"
    return "active" if today <= finish_on else "closed"


def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def board_columns(source_id: str, team: Team, columns: Iterable[Column]) -> list[records.BoardColumn]:
    """The columns of a team's boards, one board after the other, known by their places."""
    return [
        records.BoardColumn(
            board_column_id=board_column_id(source_id, team, place),
            board_id=qualified_id(source_id, team.id),
            place=place,
            name=each.name,
            kind=each.column_type,
            item_limit=each.item_limit or None,
            is_split=bool(each.is_split),
        )
        for place, each in enumerate(columns)
    ]


def board_column_statuses(
    source_id: str, model: ProjectModel, team: Team, columns: Iterable[Column]
) -> list[records.BoardColumnStatus]:
    """The states of each column: one for each type that its board shows."""
    found: list[records.BoardColumnStatus] = []
    for place, each in enumerate(columns):
        column_id = board_column_id(source_id, team, place)
        for type_, state in (each.state_mappings or {}).items():
            status = status_id(source_id, model, type_, state)
            row_id = f"{column_id}:{records.native_id(status)}"
            found.append(
                records.BoardColumnStatus(board_column_status_id=row_id, board_column_id=column_id, status_id=status)
            )
    return found


def board_column_id(source_id: str, team: Team, place: int) -> str:
    """`<source>:<team id>:<place>`."""
    return f"{source_id}:{team.id}:{place}"


def capacities(sprint_id: str, source_id: str, found: Capacities) -> list[records.Capacity]:
    """Hours a day by person and activity; a person without a name is left out."""
    return [
        records.Capacity(
            capacity_id=f"{sprint_id}:{key}:{activity.name or ''}",
            sprint_id=sprint_id,
            user_id=qualified_id(source_id, key),
            activity=activity.name or None,
            hours_per_day=activity.capacity_per_day,
        )
        for member in found.members
        if (key := user_key(one_form(member.team_member or {})))
        for activity in member.activities
    ]


def days_off(sprint_id: str, source_id: str, found: Capacities, team: DaysOff) -> list[records.DayOff]:
    """The days off of each person, then those of the whole team."""
    rows = [*_stretches(sprint_id, "team", None, team.days_off or ())]
    for member in found.members:
        key = user_key(one_form(member.team_member or {}))
        if key:
            rows += _stretches(sprint_id, key, qualified_id(source_id, key), member.days_off)
    return rows


def members(source_id: str, found: Capacities) -> list[records.User]:
    """The people of the capacity; some may never have touched an item."""
    texts = (one_form(member.team_member or {}) for member in found.members)
    return [user(source_id, text) for text in texts if text]


def _stretches(sprint_id: str, key: str, user_id: str | None, spans: Sequence[Span]) -> Iterator[records.DayOff]:
    for each in spans:
        first, last = each.start.date(), each.end.date()
        yield records.DayOff(
            day_off_id=f"{sprint_id}:{key}:{first}", sprint_id=sprint_id, user_id=user_id, first_on=first, last_on=last
        )
