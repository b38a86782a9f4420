"""Story points of a Jira issue that were in another field than today: a move between projects may change the field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, update

from metrics.rewinding.columns import Columns, number_of
from metrics.rewinding.history import Known, Later
from warehouse.tables.loaded import issue_changes

_POINTS = "story_points"


def field_of_points(known: Known, then: Columns, later: Sequence[Later]) -> str | None:
    """The field that held the estimate instead of today's, which was empty; `then` gets the estimate.

    Changes of today's field are called `story_points`, those of all others by the field's own name.
    """
    if then[_POINTS] is not None:
        return None
    seen = set()
    for change in later:
        field = known.fields.get(change.field_id or "")
        if field is None or field.role != _POINTS or change.field == _POINTS or change.field_id in seen:
            continue
        seen.add(change.field_id)
        then[_POINTS] = number_of(change)
        if then[_POINTS] is not None:
            return change.field_id
    return None


def rename_changes(connection: Connection, known: Known, moved: Iterable[tuple[str, str]]) -> None:
    """Let the changes of each issue's (id, field id) then estimate be called `story_points`, and no others of it."""
    of = issue_changes.c
    others = {field_id: field.name for field_id, field in known.fields.items() if field.role == _POINTS}
    for issue_id, field_id in moved:
        own = update(issue_changes).where(of.issue_id == issue_id)
        for other, name in others.items():
            if other != field_id:
                connection.execute(own.where(of.field_id == other, of.field == _POINTS).values(field=name))
        connection.execute(own.where(of.field_id == field_id).values(field=_POINTS))
