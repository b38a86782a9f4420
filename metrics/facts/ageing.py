"""Renews what changes as time goes by, of issues that are in progress and that nothing else happened to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, func, select

from metrics.facts.flow_rows import AGEING, FlowRules, Stay, ages
from warehouse.bulk import update_rows
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.computed import blocked_intervals, issue_flow, status_intervals
from warehouse.tables.operational import stale_issues


def renew_ages(connection: Connection, rules: FlowRules) -> None:
    """Bring the columns of `AGEING` up to now for issues in progress that are not stale; those are renewed anyway."""
    of = issue_flow.c
    stale = select(stale_issues.c.issue_id)
    statement = select(of.issue_id, of.started_at).where(of.status_age_seconds.is_not(None), of.issue_id.not_in(stale))
    started: dict[str, datetime | None] = dict(fetch_rows(connection, statement))
    for ids in portions(sorted(started)):
        rows = list(_rows(connection, rules, ids, started))  # PostgreSQL cannot be asked in the middle of a COPY
        update_rows(connection, issue_flow, "issue_id", AGEING, rows)


def _rows(
    connection: Connection, rules: FlowRules, ids: Sequence[str], started: Mapping[str, datetime | None]
) -> Iterator[tuple[Any, ...]]:
    blocked = _blocked(connection, ids)
    for issue_id, stays in _stays(connection, ids):
        source_id, spans = issue_id.partition(":")[0], blocked.get(issue_id, ())
        yield issue_id, *ages(rules, source_id, stays, spans, started[issue_id], None, in_progress=True)


def _stays(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, list[Stay]]]:
    """Issue and its stays as they are stored, in order."""
    of = status_intervals.c
    columns = (of.issue_id, of.entered_at, of.left_at, of.status_id, of.status, of.stage, of.is_waiting)
    # several stays may begin at one instant, and the ordinal in their ids is a text: 10 comes after 9 by its length
    order = (of.issue_id, of.entered_at, func.length(of.status_interval_id), of.status_interval_id)
    rows = fetch_rows(connection, select(*columns).where(of.issue_id.in_(ids)).order_by(*order))
    for issue_id, own in groupby(rows, itemgetter(0)):
        yield issue_id, [row[1:] for row in own]


def _blocked(connection: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[tuple[Any, Any]]]:
    of = blocked_intervals.c
    found: defaultdict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for issue_id, *span in fetch_rows(
        connection, select(of.issue_id, of.entered_at, of.left_at).where(of.issue_id.in_(ids))
    ):
        found[issue_id].append((span[0], span[1]))
    return found
