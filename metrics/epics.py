"""An issue's epic: its nearest ancestor of level portfolio."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

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


def read_epics(connection: Connection) -> Mapping[str, str]:
    """Issue → epic for all issues of the warehouse."""
    rows = connection.execute(select(issues.c.issue_id, issues.c.parent_id).where(issues.c.parent_id.is_not(None)))
    portfolio = frozenset(connection.scalars(select(issues.c.issue_id).where(issues.c.level == "portfolio")))
    return epics({row.issue_id: row.parent_id for row in rows}, portfolio)
