"""Advancing a running simulator: the same company whatever clients asked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from simulator.server import Running, serve

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
Walk = Callable[..., list[dict[str, Any]]]
Feed = Callable[..., tuple[list[dict[str, Any]], str]]


def _everything(running: Running, connect: Connect, walk_jql: Walk, walk_feed: Feed) -> str:
    jira, azure = connect(running)
    rows = [walk_jql(jira, "project in (PAY, WEB) ORDER BY id", fields=["*all"]), walk_feed(azure)]
    return repr(rows).replace(running.jira_url, "").replace(running.azure_devops_url, "")


def test_questions_do_not_change_what_the_next_night_brings(
    fresh: Running, connect: Connect, walk_jql: Walk, walk_feed: Feed
) -> None:
    _everything(fresh, connect, walk_jql, walk_feed)
    fresh.advance(1)
    _everything(fresh, connect, walk_jql, walk_feed)
    fresh.advance(1)
    with serve(issues=120) as other:
        other.advance(2)
        assert _everything(fresh, connect, walk_jql, walk_feed) == _everything(other, connect, walk_jql, walk_feed)


def test_what_a_night_changed_is_found_by_its_time_alone(fresh: Running, connect: Connect, walk_jql: Walk) -> None:
    """Except for deletions, and for sprints, versions and the other end of a link or parent."""
    jira = connect(fresh)[0]
    volatile = {"customfield_10020", "fixVersions", "versions", "parent", "issuelinks", "subtasks", "customfield_10014"}

    def rows() -> dict[str, Any]:
        found = walk_jql(jira, "project in (PAY, WEB)", fields=["*all"])
        return {r["id"]: {k: v for k, v in r["fields"].items() if k not in volatile} for r in found}

    before, since = rows(), fresh.company.now
    fresh.advance(1)
    after = rows()
    updated = {row["id"] for row in walk_jql(jira, f"updated > {since}")}
    assert {number for number, row in after.items() if before.get(number) != row} == updated != set()
    assert len(set(before) - set(after)) == 1
