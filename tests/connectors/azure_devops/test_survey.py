"""A look round an organisation: which project fills which field, which scopes and areas the account lacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import FieldCandidate, Survey
from connectors.errors import AuthenticationError
from tests.connectors.azure_devops.fake_organisation import FIELDS, FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect

POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"
EFFORT = "Microsoft.VSTS.Scheduling.Effort"
NOT_AUTHORISED = {"message": "TF400813: The user is not authorized to access this resource.", "typeKey": "x"}

Answer = Callable[[httpx.Request], httpx.Response | None]
Items = list[tuple[str, dict[str, Any]]]
"""Project and filled fields of each item."""


def counting(items: Items, asked: list[str] | None = None) -> Answer:
    """Answers queries about projects and filled fields; every area may be viewed."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/permissionevaluationbatch"):
            rows = msgspec.json.decode(request.content)["evaluations"]
            return httpx.Response(200, json={"evaluations": [{**row, "value": True} for row in rows]})
        if not request.url.path.endswith("/wit/wiql"):
            return None
        query = msgspec.json.decode(request.content)["query"]
        if asked is not None:
            asked.append(query)
        projects = re.findall(r"\[System\.TeamProject\] = '((?:[^']|'')*)'", query)
        filled = re.findall(r"\[([^\]]+)\] <> ''", query)
        found = [n for n, (project, fields) in enumerate(items, 1) if project in projects and {*filled} <= {*fields}]
        top = int(request.url.params["$top"])
        return httpx.Response(200, json={"queryType": "flat", "workItems": [{"id": n} for n in found[:top]]})

    return answer


def of_role(survey: Survey, role: str) -> list[FieldCandidate]:
    return [each for each in survey.candidates if each.role == role]


def test_trap_71_each_process_estimates_in_its_own_field_and_says_where(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.projects = [FakeProject("p1", "Fab"), FakeProject("p2", "Old", effort=EFFORT)]
    items: Items = [("Fab", {POINTS: 3})] * 4 + [("Old", {EFFORT: 2})] * 3 + [("Old", {})] * 2
    organisation.override = counting(items)
    survey = connect().survey()
    points = of_role(survey, "story_points")
    assert [(each.native_id, each.filled, each.asked) for each in points][:2] == [(POINTS, 4, 9), (EFFORT, 3, 9)]
    assert points[0].by_project == {"Fab": 4, "Old": 0}
    assert points[1].evidence == "effort field of the backlog configuration (Old); filled in Old 3"
    assert [(each.name, each.issues) for each in survey.seen if each.what == "project"] == [("Fab", 4), ("Old", 5)]


def test_fields_of_ones_own_are_candidates_by_name_and_type(organisation: FakeOrganisation, connect: Connect) -> None:
    own = [
        {"name": "Story-Punkte", "referenceName": "Custom.Punkte", "type": "double"},
        {"name": "Point of contact", "referenceName": "Custom.Contact", "type": "string"},
        {"name": "Umgebung", "referenceName": "Custom.Umgebung", "type": "string"},
        {"name": "Fehlerschwere", "referenceName": "Custom.Schwere", "type": "string"},
        {"name": "Original Estimate", "referenceName": "Custom.Original", "type": "double"},
    ]
    listed = httpx.Response(200, json={"count": 1, "value": [*FIELDS, *own]})
    counts = counting([("Fab", {"Custom.Umgebung": "x"})])
    organisation.override = lambda r: listed if r.url.path.endswith("/wit/fields") else counts(r)
    survey = connect().survey()
    found = {each.native_id: each for each in survey.candidates}
    assert found["Custom.Punkte"].role == "story_points"
    assert found["Custom.Schwere"].role == "severity"
    assert found["Custom.Umgebung"].filled == 1
    assert not {"Custom.Contact", "Custom.Original"} & {*found}


def test_queries_ask_for_living_items_of_the_scope_and_quote_its_names(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.projects = [FakeProject("p1", "O'Hara"), FakeProject("p2", "Else")]
    asked: list[str] = []
    organisation.override = counting([], asked)
    connect(projects=("O'Hara",)).survey()
    assert asked
    assert all("[System.IsDeleted] = false" in query and "'O''Hara'" in query for query in asked)
    assert not any("Else" in query for query in asked)


def test_a_count_that_ends_where_no_query_finds_more_says_so(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.override = counting([("Fab", {POINTS: 1})] * 20_500)
    survey = connect().survey()
    assert of_role(survey, "story_points")[0].filled == 19_999
    assert "a count of 19,999 means that many at least: no query finds more" in survey.notes


def test_the_number_of_queries_is_bounded_however_large_the_organisation_is(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.projects = [FakeProject(f"p{n}", f"Project {n}") for n in range(45)]
    asked: list[str] = []
    organisation.override = counting([("Project 1", {POINTS: 1, EFFORT: 1})], asked)
    survey = connect().survey()
    assert len(asked) <= 100
    assert "the items of 25 more project(s) were not counted" in survey.notes


def test_queries_that_are_refused_are_noted_and_nothing_else_is_lost(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    refused = httpx.Response(400, json={"message": "VS402335: too slow", "typeKey": "x"})
    organisation.override = lambda r: refused if r.url.path.endswith("/wiql") else None
    survey = connect().survey()
    assert {each.filled for each in survey.candidates} == {None}
    assert any("VS402335" in note for note in survey.notes)
    assert survey.problems == ()
    assert survey.fields[0].native_ids == (POINTS,)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("part", "scope", "is_left"),
    [("/wit/fields", "Work Items (Read)", "team"), ("/teams", "Project and Team (Read)", "issue type")],
)
def test_a_scope_that_a_token_lacks_is_named_and_the_rest_is_shown(
    organisation: FakeOrganisation, connect: Connect, status: int, part: str, scope: str, is_left: str
) -> None:
    organisation.projects = [FakeProject("p1", "Fab", teams={"Fab Team": "t1"}), FakeProject("p2", "Old")]
    refused = httpx.Response(status, json=NOT_AUTHORISED)
    organisation.override = lambda r: refused if r.url.path.endswith(part) else None
    connector = connect(teams=("Fab Team",))
    connector.identify()
    survey = connector.survey()
    (missing,) = survey.missing_permissions
    assert missing.startswith(f"{scope}, a scope of the token: without it")
    assert len(survey.problems) == 1
    assert is_left in {each.what for each in survey.seen}


def test_trap_02_a_token_that_dies_during_the_look_is_a_refused_login(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    connector = connect()
    connector.identify()
    organisation.override = lambda _: httpx.Response(203, html="<html>Sign In</html>")
    with pytest.raises(AuthenticationError, match="sign-in page"):
        connector.survey()


def viewing(*hidden: str) -> Answer:
    """Which areas may be viewed, by the last node of their token."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/permissionevaluationbatch"):
            return None
        rows = msgspec.json.decode(request.content)["evaluations"]
        told = [{**row, "value": row["token"].rpartition("/")[2] not in hidden} for row in rows]
        return httpx.Response(200, json={"evaluations": told})

    return answer


def test_areas_whose_items_may_not_be_viewed_are_named(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.projects = [FakeProject("p1", "Fab", areas={"Web": (4, "a-web"), "Ops": (5, "a-ops")})]
    organisation.override = viewing("a-ops")
    survey = connect().survey()
    assert survey.missing_permissions == (
        "View work items in this node, for the area(s) fab\\ops: without it their items are missing unnoticed",
    )
    (asked,) = organisation.asked("permissionevaluationbatch")
    row = msgspec.json.decode(asked.content)["evaluations"][1]
    node = "vstfs:///Classification/Node/"
    assert row == {
        "securityNamespaceId": "83e28ad4-2d72-4ceb-97b0-c7726d5502c3",
        "token": f"{node}root-area:{node}a-ops",
        "permissions": 16,
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"evaluations":3}', b'{"evaluations":[{"value":"x"}]}'])
def test_hostile_answers_about_areas_are_a_note(organisation: FakeOrganisation, connect: Connect, body: bytes) -> None:
    answer = httpx.Response(200, content=body, headers={"Content-Type": "application/json"})
    organisation.override = lambda r: answer if "permissionevaluation" in r.url.path else None
    survey = connect().survey()
    assert survey.missing_permissions == ()
    assert any("whether areas are hidden from the account cannot be told" in note for note in survey.notes)


def test_that_the_end_of_a_token_is_not_told_is_said(connect: Connect) -> None:
    survey = connect().survey()
    assert survey.token_expires_at is None
    assert survey.token_note.startswith("Azure DevOps does not tell when a personal access token expires")


def test_a_field_that_is_not_there_is_named_with_the_nearest(connect: Connect) -> None:
    assert connect(fields={"severity": ["Severty"], "found_in": ["Xyz"]}).survey().problems == (
        "fields.severity: there is no field 'Severty'; did you mean 'Severity'?",
        "fields.found_in: there is no field 'Xyz'; use its name or its reference name",
    )
