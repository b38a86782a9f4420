"""An issue's epic: its nearest ancestor of level portfolio."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from warehouse.fetching import AnyTuple, fetch_rows, portions
from warehouse.tables.loaded import issues


def epics(parents: Mapping[str, str], portfolio: Collection[str]) -> dict[str, str]:
    """Issue → epic, for issues that have one.

    `parents` is issue → parent, `portfolio` the issues of that level. A ring of parents without an epic has none.
    """
    found: dict[str, str | None] = {}
    for issue_id in parents:
        _follow(issue_id, parents, portfolio, found)
    return {issue_id: epic for issue_id, epic in found.items() if epic is not None}


def _follow(
    issue_id: str, parents: Mapping[str, str], portfolio: Collection[str], found: dict[str, str | None]
) -> None:
    path: list[str] = []
    passed = set()
    here = issue_id
    epic: str | None = None
    while here in parents and here not in passed:
        if here in found:
            epic = found[here]
            break
        path.append(here)
        passed.add(here)
        here = parents[here]
        if here in portfolio:
            epic = here
            break
    found.update(dict.fromkeys(path, epic))


def read_epics(connection: Connection, only: Sequence[str] | None = None) -> Mapping[str, str]:
    """Issue → epic for all issues of the warehouse, or for those named."""
    if only is None:
        rows = fetch_rows(
            connection, select(issues.c.issue_id, issues.c.parent_id).where(issues.c.parent_id.is_not(None))
        )
        portfolio = frozenset(connection.scalars(select(issues.c.issue_id).where(issues.c.level == "portfolio")))
        return epics(dict(rows), portfolio)
    parents, portfolio = _ancestry(connection, only)
    found = epics(parents, portfolio)
    return {issue_id: found[issue_id] for issue_id in only if issue_id in found}


def _ancestry(connection: Connection, issue_ids: Sequence[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Issue → parent for the issues and all above them, and those among all these that are of level portfolio."""
    parents: dict[str, str] = {}
    portfolio: set[str] = set()
    seen, asked = set(issue_ids), list(issue_ids)
    while asked:
        rows = _where(connection, issues.c.issue_id, asked, issues.c.issue_id, issues.c.parent_id, issues.c.level)
        portfolio.update(issue_id for issue_id, _, level in rows if level == "portfolio")
        parents.update((issue_id, parent_id) for issue_id, parent_id, _ in rows if parent_id is not None)
        asked = sorted({parent_id for _, parent_id, _ in rows if parent_id is not None} - seen)
        seen.update(asked)
    return parents, frozenset(portfolio)


def descendants(connection: Connection, issue_ids: Sequence[str]) -> set[str]:
    """All issues below the given ones."""
    below: set[str] = set()
    asked = list(issue_ids)
    while asked:
        rows = _where(connection, issues.c.parent_id, asked, issues.c.issue_id)
        asked = sorted({row[0] for row in rows} - below)
        below.update(asked)
    return below


def _where(
    connection: Connection, column: ColumnElement[Any], values: Sequence[str], *wanted: ColumnElement[Any]
) -> list[AnyTuple]:
    return [row for some in portions(values) for row in fetch_rows(connection, select(*wanted).where(column.in_(some)))]
