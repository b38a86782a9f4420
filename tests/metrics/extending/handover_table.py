"""The table of the worked example; one that is there to stay is described in `warehouse/tables/`."""

from __future__ import annotations

from sqlalchemy import MetaData

from warehouse.tables.base import count, day, key, make, text

handovers = make(
    "handovers",
    "One row per issue with a cycle time: how often it went from one person to another on its way.",
    key("issue_id", "issues.issue_id"),
    text("project_id", "projects.project_id as of now", required=True),
    text("board_id", "boards.board_id: home board"),
    text("issue_type", "Type as of now", required=True),
    day("finished_on", "Local day of issue_flow.finished_at", required=True),
    count("people_count", "People whom it was assigned to between start and finish", required=True),
    count("handover_count", "Times it went from one of them to the next", required=True),
    schema=MetaData(),  # of its own, since the example is no part of the warehouse; leave it out
)
