"""How many issues each stage held at the end of each day: only where that changed, since most days change little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select

from reports.columns import Places, by_column, epoch_day
from warehouse.tables.computed import daily_flow

_STAGES = ("todo", "in_progress", "done")
Group = tuple[str, str | None, str, str]
"""Project, board, type and stage."""


def stage_changes(connection: Connection, places: dict[str, Places], levels: Sequence[str]) -> dict[str, list[Any]]:
    """By group and day the change of `issues` (true state) and `monotone` (no line falls) against the day before.

    Summed up to a day they give `daily_flow` of that day at these levels, without `removed`.
    """
    of = daily_flow.c
    statement = (
        select(
            *(of.day, of.project_id, of.board_id, of.issue_type, of.stage),
            func.sum(of.issues).label("issues"),
            func.sum(of.issues_monotone).label("monotone"),
        )
        .where(of.level.in_(levels), of.stage.in_(_STAGES))
        .group_by(of.day, of.project_id, of.board_id, of.issue_type, of.stage)
        .order_by(of.day)
    )
    found = _changes(connection.execute(statement, execution_options={"yield_per": 5_000}))
    rows = sorted(found, key=lambda row: row[1])
    names = ("day", "project", "board", "type", "stage", "issues", "monotone")
    return by_column(
        names,
        (
            (
                day,
                places["project"].of(project),
                places["board"].of(board),
                places["type"].of(issue_type),
                _STAGES.index(stage),
                *change,
            )
            for (project, board, issue_type, stage), day, change in rows
        ),
    )


def _changes(rows: Iterable[Row[Any]]) -> Iterator[tuple[Group, int, tuple[int, int]]]:
    held: dict[Group, tuple[int, int]] = {}
    for day, some in groupby(rows, key=lambda row: _day(row.day)):
        today = {
            (row.project_id, row.board_id, row.issue_type, row.stage): (int(row.issues), int(row.monotone))
            for row in some
        }
        for group in held.keys() | today.keys():
            before, now = held.get(group, (0, 0)), today.get(group, (0, 0))
            if before != now:
                yield group, day, (now[0] - before[0], now[1] - before[1])
        held = today


def _day(day: date) -> int:
    number = epoch_day(day)
    if number is None:
        raise AssertionError("daily_flow.day is never NULL")
    return number
