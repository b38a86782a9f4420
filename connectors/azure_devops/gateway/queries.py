"""Work item queries (WIQL): their conditions, and their ids in windows, since no answer holds more than 20,000."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from connectors.azure_devops.gateway.organisation import Gateway
from connectors.errors import UnexpectedResponse

WINDOW = 19_999
"""One less than what the tracker refuses."""
ALIVE = "[System.IsDeleted] = false"
"""Items of the recycle bin have turned up in queries without it."""
IN_PROJECT = "[System.TeamProject] = @project"


def under(field: str, path: str) -> str:
    """The condition for items at a node or below it."""
    return f"[{field}] UNDER {_text(path)}"


def at(field: str, value: str) -> str:
    """The condition for items with just this value."""
    return f"[{field}] = {_text(value)}"


def changed_since(day: date) -> str:
    """The condition for items that have changed since the beginning of a day in UTC."""
    return f"[System.ChangedDate] >= '{day.isoformat()}T00:00:00Z'"  # without the Z it is in the zone of who asks


def text(conditions: Sequence[str]) -> str:
    """The query for ids of living items in their order."""
    where = " AND ".join([ALIVE, *conditions])
    return f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id]"  # noqa: S608 - texts are quoted


def newest_id(gateway: Gateway) -> int:
    """The highest id of the organisation's living items; 0 when there is none."""
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.IsDeleted] = false ORDER BY [System.Id] DESC"
    return next(iter(gateway.query(query, 1)), 0)


def windows(gateway: Gateway, conditions: Sequence[str], project_id: str | None = None) -> Iterator[list[int]]:
    """All ids that the conditions find, window by window, ascending.

    It ends with an empty window only: a short one may have been cut off.
    """
    last = 0
    while True:
        ids = gateway.query(text([*conditions, f"[System.Id] > {last}"]), WINDOW, project_id)
        if not ids:
            return
        if ids[0] <= last or any(later <= earlier for earlier, later in pairwise(ids)):
            raise UnexpectedResponse(
                f"Azure DevOps listed ids out of order after {last}: the listing cannot be trusted"
            )
        yield ids
        last = ids[-1]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
