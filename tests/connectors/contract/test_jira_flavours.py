"""The same company, read from Jira Cloud and from Jira Data Center, leaves the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from connectors.http import HttpSettings
from connectors.jira.connector import JiraConnector
from connectors.jira.settings import JiraSettings
from simulator.server import Running, serve
from tests.connectors.contract.rows import Row, Tables, differing, in_words, rows_of

_FIELD_ID = re.compile(r" \(customfield_\d+\)$")
_ONLY_CLOUD = {"Team", "team"}
"""A field that Data Center has no like of, and its changes."""
_ONE_FIELD = {"Story point estimate": "Story Points"}
"""Cloud's team-managed projects keep a number in a field of their own."""
_LEFT_OUT = {
    "Source": ("kind", "url", "version"),
    "User": ("email",),  # Cloud hides it
    "Field": ("kind",),  # the two fields of story points differ
    "Issue": ("url",),
    "IssueChange": ("change_id", "ordinal", "field_id"),  # Data Center's entries have fewer items, told below
    "Sprint": ("activated_at",),  # Cloud does not tell it
    "Status": ("project_id",),  # Cloud's team-managed projects have statuses of their own
    "Board": ("kind",),  # Cloud's team-managed projects have simple boards
}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=400) as simulator:
        yield simulator


def read(running: Running, flavour: str) -> Tables:
    about = running.connect[flavour]
    now = datetime.fromisoformat(running.connect["now"])
    settings = JiraSettings(
        source_id="acme", url=about["url"], email=about.get("email"), token=about["token"], now=lambda: now
    )
    connector = JiraConnector(settings, HttpSettings(max_in_flight=4))
    try:
        assert connector.identify().kind == flavour
        return rows_of(connector)
    finally:
        connector.close()


def told(tables: Tables) -> dict[str, list[Row]]:
    """The rows in words: people and fields by their names, and without what only one flavour tells."""
    people = {row["user_id"]: row["display_name"] for row in tables["User"].values()}
    fields = {row["field_id"]: _name(row["name"]) for row in tables["Field"].values()}
    natives = {user_id.partition(":")[2]: name for user_id, name in people.items()}
    words = {**people, **natives, **fields}
    found = {name: in_words(rows.values(), words, _LEFT_OUT.get(name, ())) for name, rows in tables.items()}
    for row in found["Issue"]:
        row["custom_fields"] = sorted(_custom(row["custom_fields"]).items())
    found["Field"] = list(
        {row["field_id"]: _field(row) for row in found["Field"] if row["name"] not in _ONLY_CLOUD}.values()
    )
    found["IssueChange"] = _changes(found["IssueChange"])
    found["Board"] = [row for row in found["Board"] if row["name"] != "Payments, all teams"]  # of two projects
    return found


def _name(name: str) -> str:
    bare = _FIELD_ID.sub("", name)
    return _ONE_FIELD.get(bare, bare)


def _field(row: Row) -> Row:
    return {**row, "name": _name(row["name"])}


def _custom(text: str) -> dict[str, Any]:
    found = msgspec.json.decode(text, type=dict[str, Any])
    return {_name(name): str(value) for name, value in found.items() if name not in _ONLY_CLOUD}


def _changes(rows: list[Row]) -> list[Row]:
    """Without teams, and without the points of moved issues, which change their field between Cloud's projects."""
    moved = {row["issue_id"] for row in rows if row["field"] == "project"}
    points = {"story_points", *_ONE_FIELD, *_ONE_FIELD.values()}
    return [
        row
        for row in rows
        if row["field"] not in _ONLY_CLOUD and not (row["issue_id"] in moved and row["field"] in points)
    ]


def test_the_same_company_gives_the_same_rows_in_both_flavours(running: Running) -> None:
    cloud, data_center = told(read(running, "jira_cloud")), told(read(running, "jira_data_center"))
    assert differing(cloud, data_center) == {}
    assert len(cloud["Issue"]) > 100
    assert {"portfolio", "standard", "subtask"} == {row["level"] for row in data_center["Issue"]}
    assert {row["project_id"] for row in data_center["Board"]} == {"acme:10001", "acme:10002"}
    assert any(row["parent_id"] for row in data_center["Issue"] if row["level"] == "standard")


@pytest.mark.parametrize("version", ["8.22.1", "9.12.3", "10.3.24"])
def test_trap_51_sprints_of_closed_boards_are_the_same_rows_though_texts_tell_them(version: str) -> None:
    """Names and goals are hostile, and the order of a text's keys changes with the version."""
    with serve(issues=200) as running:
        running.tell(hostile_sprints=True)
        running.tell(denied_boards=[1, 2, 3, 4])
        running.tell(tracker="jira_data_center", version=version)
        cloud, data_center = told(read(running, "jira_cloud")), told(read(running, "jira_data_center"))
    differences = differing(cloud, data_center)
    assert set(differences) == {"Board"}, differences  # the projects of a closed board are not told
    assert len(data_center["Sprint"]) > 10
    assert all("] = [x" in row["name"] for row in data_center["Sprint"])
