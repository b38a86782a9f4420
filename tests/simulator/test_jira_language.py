"""A site in German: names change, ids do not, and histories keep the language of the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
ENGLISH = {"X-Force-Accept-Language": "true", "Accept-Language": "en"}
BULK = "/rest/api/3/changelog/bulkfetch"


@pytest.fixture
def german(fresh: Running, connect: Connect) -> httpx.Client:
    """A site that speaks German."""
    fresh.tell(language="de", tracker="jira_cloud")
    return connect(fresh)[0]


def named(client: httpx.Client, path: str, **headers: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in client.get(f"/rest/api/3/{path}", headers=headers).json()}


@pytest.mark.parametrize(
    ("path", "number", "german_name", "english_name"),
    [
        ("field", "customfield_10026", "Story-Punkte", "Story Points"),
        ("field", "status", "Status", "Status"),
        ("status", "3", "In Arbeit", "In Progress"),
        ("issuetype", "10003", "Fehler", "Bug"),
        ("priority", "3", "Mittel", "Medium"),
        ("resolution", "10001", "Wird nicht erledigt", "Won't Do"),
    ],
)
def test_trap_40_names_are_german_unless_english_is_forced(
    german: httpx.Client, path: str, number: str, german_name: str, english_name: str
) -> None:
    assert named(german, path)[number] == german_name
    assert named(german, path, **ENGLISH)[number] == english_name
    assert named(german, path, **{"Accept-Language": "en"})[number] == german_name
    assert set(named(german, path)) == set(named(german, path, **ENGLISH))


def test_trap_40_the_untranslated_name_of_a_field_stays(german: httpx.Client) -> None:
    fields = {row["id"]: row for row in german.get("/rest/api/3/field").json()}
    points = fields["customfield_10026"]
    assert (points["name"], points["untranslatedName"]) == ("Story-Punkte", "Story Points")
    assert points["schema"]["customId"] == 10026


def statuses(client: httpx.Client, **headers: str) -> list[str]:
    ids = [issue["id"] for issue in client.post(
        "/rest/api/3/search/jql", json={"jql": "project in (PAY, WEB)", "maxResults": 1000}
    ).json()["issues"]]  # fmt: skip
    logs = client.post(BULK, json={"issueIdsOrKeys": ids}, headers=headers).json()["issueChangeLogs"]
    items = [item for log in logs for entry in log["changeHistories"] for item in entry["items"]]
    return [item["toString"] for item in items if item["field"] == "status"]


def test_histories_are_in_the_language_of_the_site(german: httpx.Client) -> None:
    told = statuses(german)
    assert {"In Arbeit", "Fertig"} <= set(told)
    assert statuses(german, **ENGLISH) == told


def test_issues_follow_the_request_in_either_order(german: httpx.Client) -> None:
    def name(**headers: str) -> Any:
        fields = german.get("/rest/api/3/issue/10101?fields=issuetype,status", headers=headers).json()["fields"]
        return fields["issuetype"]["name"], fields["status"]["statusCategory"]["name"], fields["issuetype"]["id"]

    first, forced = name(), name(**ENGLISH)
    assert first == name()
    assert first[2] == forced[2]
    assert first[:2] != forced[:2]


def test_statuses_and_types_are_found_by_either_name(german: httpx.Client) -> None:
    def ids(jql: str) -> set[str]:
        page = german.post("/rest/api/3/search/jql", json={"jql": jql, "maxResults": 1000}).json()
        return {issue["id"] for issue in page["issues"]}

    assert ids('issuetype = "Fehler"') == ids("issuetype = Bug") != set()
    assert ids("status = Fertig") == ids("status = Done") != set()


def test_the_language_is_one_that_the_site_knows(fresh: Running) -> None:
    with pytest.raises(ValueError, match="language"):
        fresh.tell(language="tlh")
