"""Everything that the page shows, read from one state of the warehouse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from reports.base import Order
from reports.columns import Issues, Places, by_column, epoch_day
from reports.daily import stage_changes
from reports.defects import found, severity_weights
from reports.findings import alerts, data_quality, freshness
from reports.issues import finished, in_progress, stays
from reports.sprints import current_days, sprints
from warehouse.tables import table


def page_data(connection: Connection, order: Order) -> dict[str, Any]:
    """Tables by column; what repeats is a place in `projects`, `boards`, `types` and so on. Days are since 1970-01-01.

    Rows are as fine as any filter of the page needs, so that all figures are made there from rows.
    """
    zone = ZoneInfo(order.timezone)
    places = {name: Places() for name in ("project", "board", "type", "address", "status", "severity")}
    issues = Issues(places)
    as_of = _as_of(connection)
    delivered, numbers = finished(connection, issues)
    told = sprints(connection, places)
    tables: dict[str, Any] = {
        "finished": delivered,
        "stays": stays(connection, numbers, places["status"]),
        "inProgress": in_progress(connection, issues, places["status"]),
        "daily": stage_changes(connection, places, _levels(connection)),
        **found(connection, issues, places["severity"], as_of, zone),
        **told,
        **current_days(connection, told["sprints"].pop("id"), places),
        **data_quality(connection, places),
        "sources": freshness(connection),
        "alerts": alerts(connection, places),
        "severityWeights": severity_weights(connection, places["severity"]),
    }
    present = (as_of or order.made_at).astimezone(zone)
    return {
        "title": order.title,
        "timezone": order.timezone,
        "madeAt": order.made_at.astimezone(UTC).isoformat(),
        "asOf": present.astimezone(UTC).isoformat(),
        "today": epoch_day(present.date()),
        "period": order.period,
        "isComputed": as_of is not None,
        "issues": issues.columns(),
        **tables,
        **_names(connection, places),
    }


def _as_of(connection: Connection) -> datetime | None:
    """The now of the last compute; None before the first."""
    of = table("definitions").c
    instants = connection.scalars(select(of.as_of)).all()
    return max(instants, default=None)


def _levels(connection: Connection) -> list[str]:
    """Of which levels issues count in flow, as the last compute was told."""
    of = table("definitions").c
    told = connection.scalar(select(of.settings).where(of.table_name == "issue_flow"))
    levels: list[str] = json.loads(told)["levels"] if told else ["standard"]
    return levels


def _names(connection: Connection, places: dict[str, Places]) -> dict[str, Any]:
    """What the places stand for."""
    of, project_of = table("projects").c, table("boards").c
    board_rows = connection.execute(select(project_of.board_id, project_of.name, project_of.project_id))
    boards = {board_id: (name, project_id) for board_id, name, project_id in board_rows}
    for board_id in places["board"].all():
        places["project"].of(boards.get(board_id, ("?", None))[1])
    projects = connection.execute(select(of.project_id, of.key, of.name, of.source_id))
    keys = {project_id: tuple(told) for project_id, *told in projects}
    return {
        "projects": by_column(
            ("key", "name", "source"), (keys.get(known, (known, known, "?")) for known in places["project"].all())
        ),
        "boards": by_column(
            ("name", "project"),
            (
                (name, places["project"].of(project))
                for name, project in (boards.get(known, (known, None)) for known in places["board"].all())
            ),
        ),
        "types": places["type"].all(),
        "statuses": places["status"].all(),
        "addresses": places["address"].all(),
        "severities": places["severity"].all(),
    }
