"""What the warehouse itself says is amiss: findings on the data, alerts, and how fresh the data is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from reports.columns import Places, by_column
from warehouse.tables import table
from warehouse.tables.computed import issue_flow

_SHOWN = 100
"""Findings of one check that are in the page; all are counted."""
_RANK = {"error": 0, "warning": 1, "info": 2, "high": 0, "medium": 1, "low": 2}


def data_quality(connection: Connection, places: Mapping[str, Places]) -> dict[str, Any]:
    """`checks`, the worst first; their `findings` counted by project, board and type; and some `examples` of each."""
    of, flow, issues = table("data_quality").c, issue_flow.c, table("issues").c
    rows = connection.execute(
        select(of.check_name, of.severity, of.entity, of.entity_id, of.source_id, of.evidence, of.advice)
        .add_columns(flow.project_id, flow.board_id, flow.issue_type, issues.key, issues.url)
        .join(issue_flow, flow.issue_id == of.entity_id, isouter=True)
        .join(table("issues"), issues.issue_id == of.entity_id, isouter=True)
        .order_by(of.check_name, of.data_quality_id)
    ).all()
    owners = _owners(connection)
    checks, counts, examples = Places(), Counter[tuple[Any, ...]](), defaultdict[int, list[Any]](list)
    advice: dict[int, tuple[str, str | None]] = {}
    for row in sorted(rows, key=lambda row: (_RANK.get(row.severity, 3), row.check_name)):
        check = checks.of(row.check_name)
        if check is None:
            raise AssertionError("data_quality.check_name is never NULL")
        advice.setdefault(check, (row.severity, row.advice))
        project, board = owners.get(row.entity_id, (row.project_id, row.board_id))
        group = (places["project"].of(project), places["board"].of(board), places["type"].of(row.issue_type))
        counts[check, *group] += 1
        if len(examples[check]) < _SHOWN:
            link = row.url if row.url and row.url.startswith(("https://", "http://")) else None
            name = row.key or f"{row.entity} {row.entity_id}"
            examples[check].append((check, *group, name, link, row.evidence, row.advice))
    return {
        "checks": by_column(("name", "severity", "advice"), ((n, *advice[i]) for i, n in enumerate(checks.all()))),
        "findings": by_column(("check", "project", "board", "type", "count"), ((*key, n) for key, n in counts.items())),
        "examples": by_column(
            ("check", "project", "board", "type", "name", "url", "evidence", "advice"),
            (row for some in examples.values() for row in some),
        ),
    }


def _owners(connection: Connection) -> dict[str, tuple[str | None, str | None]]:
    """Project and board of what is no issue."""
    boards, sprints, projects = table("boards").c, table("sprints").c, table("projects").c
    of_sprints = select(sprints.sprint_id, boards.project_id, boards.board_id).join(
        table("boards"), boards.board_id == sprints.board_id
    )
    found = {sprint: (project, board) for sprint, project, board in connection.execute(of_sprints)}
    found |= {
        board: (project, board) for board, project in connection.execute(select(boards.board_id, boards.project_id))
    }
    return found | {project: (project, None) for project in connection.scalars(select(projects.project_id))}


def freshness(connection: Connection) -> dict[str, list[Any]]:
    """Each source with its last sync that ended without an error, and why the last of a stream failed, if it did."""
    of, runs = table("sources").c, table("sync_runs").c
    tries = select(runs.source_id, runs.stream, runs.outcome, runs.error).order_by(runs.started_at, runs.sync_run_id)
    latest = {(source, stream): (outcome, error) for source, stream, outcome, error in connection.execute(tries)}
    failed: dict[str, str] = {}
    for (source, stream), (outcome, error) in latest.items():
        if outcome == "failed":
            failed.setdefault(source, f"{stream}: {error or outcome}")
    rows = connection.execute(select(of.source_id, of.kind, of.last_synced_at).order_by(of.source_id))
    return by_column(
        ("source", "kind", "synced", "error"),
        (
            (source, kind, None if synced is None else synced.isoformat(), failed.get(source))
            for source, kind, synced in rows
        ),
    )


def alerts(connection: Connection, places: Mapping[str, Places]) -> dict[str, list[Any]]:
    """Open alerts, the worst first, of one severity the newest."""
    of, issues = table("alerts").c, table("issues").c
    open_ones = (
        select(of.rule, of.severity, of.message, of.opened_at, of.url, of.project_id, of.board_id, issues.issue_type)
        .join(table("issues"), issues.issue_id == of.issue_id, isouter=True)
        .where(of.closed_at.is_(None))
        .order_by(of.opened_at.desc(), of.cause)
    )
    rows = sorted(connection.execute(open_ones), key=lambda row: _RANK[row.severity])
    return by_column(
        ("rule", "severity", "message", "opened", "url", "project", "board", "type"),
        (
            (
                *(row.rule, row.severity, row.message, row.opened_at.isoformat(), row.url),
                places["project"].of(row.project_id),
                places["board"].of(row.board_id),
                places["type"].of(row.issue_type),
            )
            for row in rows
        ),
    )
