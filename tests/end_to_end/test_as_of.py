"""Law 6: metrics as of a past night, from a warehouse that lived on since, are what they were that night."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from flowmart.as_of import COPIED
from tests.end_to_end.conftest import Site
from warehouse.tables import COMPUTED

Rows = Mapping[str, set[str]]

SERVERS = {"jira_cloud": "jira_data_center", "azure_devops": "azure_devops_server"}
"""Service → the same company on a server of its own."""

NOT_OF_THEN = {
    "sources",  # when the last sync was
    "board_sprints",
    "capacities",
    "days_off",
    "sprints",  # those planned since are there too, and plans of then are those of now
    "versions",
    "version_snapshots",
    "users",
    "statuses",
}
"""Loaded tables of which no history is kept, or not of all columns."""
UNTOLD = {
    "issues": {"updated_at", "deleted_at", "custom_fields"},
    "issue_links": {"link_id", "other_key"},  # one that came back has the id of its removal, and the key of then
    "issue_changes": {"from_value", "to_value"},  # numbers of fields that are estimates now, but were not then
    "worklogs": {"updated_at"},
}
"""Columns that no history tells."""


@pytest.fixture(params=["services", "servers"])
def living(request: pytest.FixtureRequest, site: Site) -> tuple[Site, Mapping[str, str]]:
    """A site with its secrets: Jira Cloud and Azure DevOps Services, or Jira Data Center and Azure DevOps Server."""
    about = site.trackers.about
    if request.param == "services":
        return site, {}
    jira = f'url = "{about["jira_cloud"]["url"]}"\nemail = "{about["jira_cloud"]["email"]}"\n'
    there = {name: f'url = "{about[server]["url"]}"' for name, server in SERVERS.items()}
    site.configure(
        (jira, f"{there['jira_cloud']}\n"),
        (f'url = "{about["azure_devops"]["url"]}"', there["azure_devops"]),
    )
    tokens = {name: about[server]["token"] for name, server in SERVERS.items()}
    return site, {"DEMO_JIRA_TOKEN": tokens["jira_cloud"], "DEMO_ADO_TOKEN": tokens["azure_devops"]}


def done(site: Site, *words: str, **environment: str) -> None:
    ended = site.flowmart(*words, **environment)
    assert ended.returncode == 0, ended.stderr


def rows(folder: Path, gone: set[str]) -> Rows:
    """The rows of all tables in a folder, without what no history tells; loaded rows that name none of the `gone`."""
    names = {table.name for table in (*COPIED, *COMPUTED)} - NOT_OF_THEN - {"definitions"}
    found: dict[str, set[str]] = {}
    for name in sorted(names):
        read = pq.read_table(folder / f"{name}.parquet").to_pylist()
        if name == "issues":
            found["custom_fields"] = {repr(list(custom_fields(row))) for row in read}
            read = [
                {k: None if k in {"parent_id", "epic_id"} and v in gone else v for k, v in row.items()} for row in read
            ]
        if name in {table.name for table in COPIED}:
            read = [row for row in read if gone.isdisjoint(map(str, row.values()))]
        found[name] = {repr({k: v for k, v in row.items() if k not in UNTOLD.get(name, ())}) for row in read}
    return found


def custom_fields(issue: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All but the columns of boards: several fields share their names, and which is called how depends on the item."""
    yield "id", issue["issue_id"]
    yield from ((k, v) for k, v in json.loads(issue["custom_fields"]).items() if not k.startswith("Board Column"))


def differing(mine: Rows, other: Rows) -> dict[str, tuple[list[str], list[str]]]:
    """Table → rows only here, rows only there; at most three each."""
    return {
        name: (sorted(mine[name] - other[name])[:3], sorted(other[name] - mine[name])[:3])
        for name in mine
        if mine[name] != other[name]
    }


def kept(site: Site) -> Site:
    """The site as it is this night, in a folder of its own."""
    folder = site.folder.with_name("then")
    folder.mkdir()
    for name in ("flowmart.toml", "flowmart.db"):
        shutil.copy(site.folder / name, folder / name)
    return Site(folder, site.trackers)


def let_absent_be_absent(then: Site, today: Site) -> set[str]:
    """Absent issues are in no metric, whenever they went: law 6 leaves them aside. Gives their ids."""
    absent = today.rows("SELECT absence, issue_id FROM issues WHERE absence IS NOT NULL")
    for row in absent:
        then.write("UPDATE issues SET absence = ? WHERE issue_id = ?", *row)
    return {issue_id for _, issue_id in absent}


def living_issues(site: Site, source_id: str) -> list[SimpleNamespace]:
    """The present standard issues, the ones that were touched last first."""
    names = ("issue_id", "issue_type", "key", "parent_id")
    found = site.rows(
        "SELECT issue_id, issue_type, key, parent_id FROM issues "
        "WHERE source_id = ? AND absence IS NULL AND level = 'standard' ORDER BY updated_at DESC, issue_id",
        source_id,
    )
    return [SimpleNamespace(native=row[0].partition(":")[2], **dict(zip(names, row, strict=True))) for row in found]


def do_everything(site: Site) -> None:
    """What the nights seldom do: each deed of which a history is kept, on issues that were there that night."""
    for tracker, source_id in (("jira", "acme"), ("azure_devops", "contoso")):
        act, issues = partial(site.trackers.act, tracker=tracker), living_issues(site, source_id)
        one, two, three, four, five = (issue.native for issue in issues[:5])
        act("edit", issue=one, summary="Another title", priority="High", labels=["x", "y"], points=13, assignee=2)
        act("edit", issue=two, add_label="customer", points=None, sprint=None, parent=None)
        act("edit", issue=three, labels=[])
        act("edit", issue=first(issues, is_bug), severity="Critical", found_in="Production")
        act("link", issue=one, to=int(two), type="blocks")
        act("link", issue=three, to=int(four), type="relates")
        for here, there in open_links(site, source_id)[:2]:
            act("unlink", issue=int(here), to=int(there))
        act("log_work", issue=four, seconds=3600)
        act("retype", issue=first(issues, lambda issue: not is_bug(issue) and issue.parent_id is None), type="bug")
        if tracker == "jira":
            act("edit", issue=three, flagged=True)
            act("move", issue=first(issues, lambda issue: issue.key.startswith("PAY-")), project="WEB")
        act("delete", issue=five)


def first(issues: Iterable[SimpleNamespace], wanted: Callable[[SimpleNamespace], bool]) -> str:
    return next(str(issue.native) for issue in issues if wanted(issue))


def is_bug(issue: SimpleNamespace) -> bool:
    return bool(issue.issue_type == "Bug")


def open_links(site: Site, source_id: str) -> list[tuple[str, str]]:
    """Native ids of the two ends of links between present issues, the oldest first."""
    found = site.rows(
        "SELECT l.issue_id, l.other_issue_id FROM issue_links l JOIN issues i ON i.issue_id = l.issue_id "
        "JOIN issues o ON o.issue_id = l.other_issue_id WHERE i.source_id = ? AND l.removed_at IS NULL "
        "AND l.link_type <> 'Parent' AND i.absence IS NULL AND o.absence IS NULL ORDER BY l.link_id",
        source_id,
    )
    return [(here.partition(":")[2], there.partition(":")[2]) for here, there in found]


@pytest.mark.thorough
def test_law_6_as_of_a_past_night_all_metrics_are_what_they_were(living: tuple[Site, Mapping[str, str]]) -> None:
    site, secrets = living
    done(site, "run", **secrets)
    night, then = site.trackers.now, kept(site)
    site.trackers.pass_time(1)
    do_everything(site)
    for nights in (1, 6, 10):
        site.trackers.advance(nights)
        done(site, "sync", **secrets)
    done(site, "compute", **secrets)
    gone = let_absent_be_absent(then, site)
    done(then, "compute", "--full", **{**secrets, "FLOWMART_NOW": night})
    done(then, "export", "--format", "parquet", "--to", str(then.folder / "files"), **secrets)
    before = site.tables()
    done(site, "export", "--format", "parquet", "--to", str(site.folder / "today"), **secrets)
    done(site, "compute", "--as-of", night, "--to", str(site.folder / "files"), **secrets)
    assert site.tables() == before
    was = rows(then.folder / "files", gone)
    assert differing(rows(site.folder / "files", gone), was) == {}
    assert len(differing(rows(site.folder / "today", gone), was)) > 15
