"""The rows of trends that tell of all sources together: of everything, and of what has no home board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from metrics.calendar import local_day
from metrics.crossing import pool
from metrics.crossing.chunks import Chunk
from metrics.crossing.outlines import GROUPS, Outline
from metrics.crossing.pool import Pool
from metrics.defects.defect_quality import Gathered, Place, add_delivered, add_lives, rows_of
from metrics.defects.escape import Found, Group, escape_rows
from metrics.defects.quality_figures import Life
from metrics.defects.stage_moves import from_text
from metrics.periods import STARTS
from metrics.settings import MetricSettings
from metrics.trends.cycle_time import trend_rows
from metrics.trends.delivered import by_period
from warehouse.tables.computed import cycle_time_trend
from warehouse.tables.computed_defects import defect_escape, defect_quality

Rows = Iterator[tuple[Any, ...]]

_SOMEWHERE = ""
"""Stands for every project and for every home board: no row that names one is kept."""


def rows_of_all(
    chunk: Chunk, ask: Pool, outline: Outline, settings: MetricSettings, now: datetime
) -> Mapping[str, Rows]:
    """Table → its rows of these periods, in the order of its columns."""
    return {
        cycle_time_trend.name: _cycle_times(chunk, ask),
        defect_escape.name: _escapes(chunk, ask, settings),
        defect_quality.name: _quality(chunk, ask, outline, settings, now),
    }


def _board(board_id: str | None) -> str | None:
    return None if board_id is None else _SOMEWHERE


def _cycle_times(chunk: Chunk, ask: Pool) -> Rows:
    rows = (
        (day, _SOMEWHERE, _board(board_id), issue_type, days)
        for day, board_id, issue_type, days in ask(pool.finished(chunk))
    )
    return _without_place(cycle_time_trend.columns.keys(), trend_rows(by_period(rows, chunk.periods())))


def _escapes(chunk: Chunk, ask: Pool, settings: MetricSettings) -> Rows:
    found = (
        Found(day, _SOMEWHERE, _board(board_id), severity, escape_class)
        for day, board_id, severity, escape_class in ask(pool.found(chunk))
    )
    wanted = {(period, start, "discovery", None) for period, start in chunk.periods()}
    rows = escape_rows(found, settings.defects.severity_weights, wanted)
    return _without_place(defect_escape.columns.keys(), rows)


def _without_place(columns: list[str], rows: Rows) -> Rows:
    project, board = columns.index("project_id"), columns.index("board_id")
    return (row for row in rows if row[project] is None and row[board] is None)


def _quality(chunk: Chunk, ask: Pool, outline: Outline, settings: MetricSettings, now: datetime) -> Rows:
    zone = settings.calendar.timezone
    groups: defaultdict[Group, Gathered] = defaultdict(Gathered)
    for name, firsts in outline.firsts.items():
        groups[GROUPS[name]].firsts.update(firsts)
    lives: defaultdict[Place, list[Life]] = defaultdict(list)
    for board_id, *told, moves in ask(pool.alive(chunk)):
        life = Life._make((*told, None if moves is None else from_text(moves)))
        lives[_SOMEWHERE, _board(board_id)].append(life)
    for place, own in lives.items():
        add_lives(groups, place, own, zone, now)
    out = ((_SOMEWHERE, _board(board_id), *rest) for board_id, *rest in ask(pool.delivered(chunk)))
    add_delivered(groups, out, settings.defects.types)
    today = local_day(now, zone)
    starts = {period: [start for start in chunk.starts(period) if start <= today] for period in STARTS}
    return rows_of({group: groups[group] for group in GROUPS.values()}, starts, zone, now)
