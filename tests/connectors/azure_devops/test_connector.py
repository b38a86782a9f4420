"""Who is logged in, what the organisation is made of, and what of the config is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.errors import AuthenticationError, NotFound, SourceError, TrackerUnavailable, UnexpectedResponse
from tests.connectors.azure_devops.fake_organisation import FIELDS, NOW, FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store
from warehouse.records import Board, BoardArea, BoardSprint, Field, IssueType, Project, Source, Sprint, Status

SIGN_IN = "<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>"
ASKED = [
    "_apis/projects",
    "/fab/_apis",
    "teams",
    "wit/fields",
    "workItemTypes",
    "states",
    "workItemTypeCategories",
    "backlogConfiguration",
    "classificationNodes",
    "teamfieldvalues",
    "iterations",
    "workitemrevisions",
    "workitemlinks",
]


def team_project() -> FakeProject:
    sprint = {"id": 5, "identifier": "g1", "start": "2026-09-28T00:00:00Z", "finish": "2026-10-01T00:00:00Z"}
    return FakeProject("p1", "Fab", teams={"Web Team": "t1", "App Team": "t2"}, iterations={"S1": sprint})


def test_the_login_is_proven_with_the_token_and_named(organisation: FakeOrganisation, connect: Connect) -> None:
    identity = connect().identify()
    assert (identity.kind, identity.account, identity.display_name) == ("azure_devops", "u1", "Bot")
    first = organisation.requests[0]
    assert first.headers["Authorization"] == "Basic OnBhdA=="  # nobody, then the token
    assert first.url.params["api-version"] == "7.1"


@pytest.mark.parametrize("part", ASKED)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(203, html=SIGN_IN),
        httpx.Response(200, html=SIGN_IN),
        httpx.Response(302, headers={"Location": "https://spsprodcus1.vssps.visualstudio.com/_signin"}),
        httpx.Response(401, json={"message": "TF400813: The user is not authorized", "typeKey": "x"}),
    ],
    ids=["203", "200", "302", "401"],
)
def test_trap_02_a_dead_token_is_told_apart_at_every_place_and_not_tried_again(
    organisation: FakeOrganisation, store: Store, connect: Connect, part: str, answer: httpx.Response
) -> None:
    organisation.projects = [team_project()]
    refused: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.lower().endswith(part.lower()):
            return None
        refused.append(request)
        return answer

    organisation.override = refuse
    connector = connect()
    with pytest.raises(AuthenticationError):
        store.sync(connector)
    assert connector.counters.retries == 0
    assert len({str(each.url) for each in refused}) == len(refused)


def test_an_unknown_organisation_is_named(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.override = lambda _request: httpx.Response(404, html="<html>not found</html>")
    with pytest.raises(NotFound, match="no organisation or collection that this token may see"):
        connect().identify()


def test_an_outage_at_the_library_s_calls_is_an_outage(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.override = lambda r: httpx.Response(503, html="x") if r.method == "OPTIONS" else None
    with pytest.raises(TrackerUnavailable):
        connect().survey()


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"value":[{"name":1}]}', b'{"value":"x"}'])
def test_an_answer_of_another_shape_at_the_library_s_calls_is_a_source_error_that_a_survey_tells(
    organisation: FakeOrganisation, connect: Connect, body: bytes
) -> None:
    answer = httpx.Response(200, content=body, headers={"Content-Type": "application/json"})
    organisation.override = lambda r: answer if r.url.path.endswith("/wit/fields") else None
    with pytest.raises(SourceError):
        next(connect().streams()[1].pages(None))
    (problem,) = connect().survey().problems
    assert problem.startswith("work items, fields and types cannot be read: ")


def test_a_broken_connection_at_the_library_s_calls_is_an_outage(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    def fail(request: httpx.Request) -> httpx.Response | None:
        if request.method == "OPTIONS":
            raise httpx.ConnectError("refused")
        return None

    organisation.override = fail
    with pytest.raises(TrackerUnavailable, match="cannot be reached"):
        connect().survey()


def test_the_library_writes_nothing_into_the_home_folder(tmp_path: Path) -> None:
    code = (
        "import httpx\nfrom connectors.azure_devops.gateway.sdk import connect\n"
        "with httpx.Client() as client: connect('https://dev.azure.com/fab', client)"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    environment.pop("AZURE_DEVOPS_CACHE_DIR", None)
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


def test_trap_77_all_of_150_projects_are_found(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects = [FakeProject(f"p{n}", f"Project {n}") for n in range(150)]
    store.sync(connect(), only="projects")
    assert len(store.of(Project)) == 150
    assert store.of(Source)["fab"].kind == "azure_devops"


def test_a_project_that_cannot_be_seen_is_named_and_the_others_are_synced(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects.append(FakeProject("p2", "Old"))
    store.sync(connect(projects=("FAB", "Nope")))
    assert store.problems == ["project 'Nope' is not there or cannot be seen with this token"]
    assert set(store.of(Project)) == {"fab:p1"}


def test_a_project_may_be_named_by_its_id(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects.append(FakeProject("p2", "Old"))
    store.sync(connect(projects=("p2",)))
    assert (set(store.of(Project)), store.problems) == ({"fab:p2"}, [])


def test_types_have_the_level_of_their_project_and_states_the_category_of_their_type(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    types = {"Epic": ("New",), "Bug": ("Resolved",), "Story": ("Resolved",), "Task": (), "Test Case": ("Design",)}
    groups = {"Microsoft.TaskCategory": ["Task"], "Microsoft.TestCaseCategory": ["Test Case"]}
    meanings = {("Story", "Resolved"): "InProgress"}
    organisation.projects = [FakeProject("p1", "Fab", types=types, groups=groups, categories=meanings)]
    store.sync(connect())
    levels = {row.name: row.level for row in store.of(IssueType).values()}
    assert levels == {
        "Epic": "portfolio",
        "Bug": "standard",
        "Story": "standard",
        "Task": "subtask",
        "Test Case": "subtask",
    }
    categories = {key: row.category for key, row in store.of(Status).items()}
    assert categories == {
        "fab:p1:Epic:New": "proposed",
        "fab:p1:Bug:Resolved": "resolved",
        "fab:p1:Story:Resolved": "inprogress",
        "fab:p1:Test Case:Design": None,
    }


def test_teams_are_boards_with_areas_and_a_sprint_for_each_iteration(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [team_project()]
    organisation.areas_of_team = [{"value": "Fab\\Web", "includeChildren": True}]
    store.sync(connect())
    assert {row.kind for row in store.of(Board).values()} == {"team"}
    assert set(store.of(Sprint)) == {"fab:g1:t1", "fab:g1:t2"}
    assert {row.iteration_id for row in store.of(Sprint).values()} == {"fab:g1"}
    assert {row.state for row in store.of(Sprint).values()} == {"active"}  # its last day, in the calendar's zone
    assert set(store.of(BoardSprint)) == {"fab:t1:g1:t1", "fab:t2:g1:t2"}
    organisation.areas_of_team = [{"value": "Fab\\App", "includeChildren": False}]
    store.sync(connect(now=lambda: NOW + timedelta(days=6)))
    assert {row.area_path for row in store.of(BoardArea).values()} == {"Fab\\App"}


def test_configured_teams_limit_the_boards_and_a_missing_one_is_named(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [team_project()]
    store.sync(connect(teams=("web team", "Nobody")))
    assert set(store.of(Board)) == {"fab:t1"}
    assert store.problems == ["team 'Nobody' is not in the configured projects, or cannot be seen with this token"]


def test_a_team_whose_settings_are_hidden_is_named_and_keeps_what_it_had(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [team_project()]
    store.sync(connect())
    before = set(store.of(BoardSprint))
    organisation.override = lambda r: httpx.Response(403, json={}) if "/t1/" in r.url.path else None
    store.sync(connect())
    assert set(store.of(BoardSprint)) == before
    assert "team 'Web Team': its settings cannot be read" in store.problems[0]


def test_a_project_whose_types_are_hidden_is_named_and_the_run_goes_on(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.override = lambda r: httpx.Response(403, json={}) if r.url.path.endswith("workItemTypes") else None
    store.sync(connect())
    assert "project 'Fab': its types and states cannot be read" in store.problems[0]


def test_more_than_a_hundred_teams_are_asked_for_page_by_page(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [FakeProject("p1", "Fab", teams={f"T{n}": f"t{n}" for n in range(101)})]
    store.sync(connect(teams=("T100",)), only="boards")
    assert set(store.of(Board)) == {"fab:t100"}


def test_fields_say_which_role_they_play(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects.append(FakeProject("p2", "Old", effort="Microsoft.VSTS.Scheduling.Effort"))
    store.sync(connect(), only="fields")
    roles = {row.name: row.role for row in store.of(Field).values() if row.role}
    assert roles == {
        "Assigned To": "assignee",
        "Effort": "story_points",
        "Environment": "found_in",
        "Parent": "parent",
        "Severity": "severity",
        "State": "status",
        "Story Points": "story_points",
        "Tags": "labels",
        "Title": "summary",
    }
    assert len(store.of(Field)) == len(FIELDS)


def test_a_configured_field_goes_first_and_an_unknown_one_is_named(connect: Connect) -> None:
    survey = connect(fields={"story_points": ["Size"], "severity": ["Nope"]}).survey()
    chosen = {choice.role: choice for choice in survey.fields}
    assert chosen["story_points"].native_ids == ("Microsoft.VSTS.Scheduling.Size",)
    assert chosen["severity"].native_ids == ("Microsoft.VSTS.Common.Severity",)
    assert survey.problems == ("fields.severity: there is no field 'Nope'; use its name or its reference name",)


def test_a_survey_shows_what_there_is_and_why_a_field_was_chosen(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.projects = [team_project()]
    survey = connect(teams=("Nobody",)).survey()
    seen = {(each.what, each.name) for each in survey.seen}
    assert {("project", "Fab"), ("team", "Web Team"), ("field", "Effort"), ("status", "New")} <= seen
    points = next(choice for choice in survey.fields if choice.role == "story_points")
    assert points.evidence == "Story Points (Fab: effort field of the backlog configuration)"
    assert survey.problems == ("team 'Nobody' is not in the configured projects, or cannot be seen with this token",)


def test_the_library_s_requests_are_signed_and_counted_by_our_client(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    connector = connect()
    connector.survey()
    assert connector.counters.requests == len(organisation.requests)
    assert {each.headers["Authorization"] for each in organisation.requests} == {"Basic OnBhdA=="}
    assert {each.headers["User-Agent"] for each in organisation.requests} == {"flowmart"}


def test_an_error_that_says_why_is_passed_on(organisation: FakeOrganisation, connect: Connect) -> None:
    answer = httpx.Response(400, json={"message": "VS403: no such thing", "typeKey": "x"})
    organisation.override = lambda r: answer if r.url.path.endswith("classificationNodes") else None
    with pytest.raises(UnexpectedResponse, match="VS403: no such thing"):
        next(connect().streams()[1].pages(None))
    assert "VS403: no such thing" in connect().survey().problems[0]
