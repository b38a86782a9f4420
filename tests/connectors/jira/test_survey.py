"""A look round a site: which project fills which field, what the account lacks, when its token ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from connectors.base import FieldCandidate, Survey
from connectors.errors import AuthenticationError, PermissionMissing, TrackerUnavailable
from connectors.jira.gateway.answers import PersonalToken
from connectors.jira.survey.permissions import in_use
from tests.connectors.jira.fake_jira import FIELDS, TOKEN, Connect, FakeJira, Json, issue, pull, refusal

COUNT = "POST /rest/api/3/search/approximate-count"
PERMISSIONS = "GET /rest/api/2/mypermissions"
NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"
ESTIMATE = "com.pyxis.greenhopper.jira:jsw-story-points"
SCOPES = {"code": 401, "message": "Unauthorized; scope does not match"}
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def a_field(number: int, name: str, custom: str = NUMBER, project: str | None = None) -> Json:
    kind = {NUMBER: "number", ESTIMATE: "number", SELECT: "option"}.get(custom, "string")
    schema = {"type": kind, "custom": custom}
    scope = {"scope": {"type": "PROJECT", "project": {"id": project}}} if project else {}
    return {"id": f"customfield_{number}", "name": name, "custom": True, "schema": schema, **scope}


def a_project(number: int, key: str) -> Json:
    return {"id": str(number), "key": key, "name": key.title()}


def counting(jira: FakeJira) -> Callable[[httpx.Request], httpx.Response]:
    """`approximate-count` that also understands whether a field is filled."""

    def answer(request: httpx.Request) -> httpx.Response:
        jql = jira.requests[-1][1]["jql"]
        found = jira.matching(jql)
        for name in re.findall(r"cf\[(\d+)\] is not EMPTY", jql):
            found = [each for each in found if each["fields"].get(f"customfield_{name}") is not None]
        if "environment is not EMPTY" in jql:
            found = [each for each in found if each["fields"].get("environment")]
        return httpx.Response(200, json={"count": len(found)}, request=request)

    return answer


def held(**permissions: bool) -> Callable[[httpx.Request], httpx.Response]:
    """`mypermissions` for those that are asked about; what is not named is there."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["permissions"].split(",")
        told = {key: {"key": key, "havePermission": permissions.get(key, True)} for key in asked}
        return httpx.Response(200, json={"permissions": told})

    return answer


@pytest.fixture(autouse=True)
def _answers(jira: FakeJira) -> None:
    """The site counts and tells permissions, sprints, worklogs and people."""
    fine = httpx.Response(200, json={"values": [], "lastPage": True})
    jira.overrides |= {COUNT: counting(jira), PERMISSIONS: held(), "GET /rest/api/2/worklog/updated": lambda _: fine}


def of_role(survey: Survey, role: str) -> list[FieldCandidate]:
    return [each for each in survey.candidates if each.role == role]


def test_trap_39_three_fields_of_one_name_say_which_project_fills_which(jira: FakeJira, connect: Connect) -> None:
    jira.projects = [a_project(1, "PAY"), a_project(2, "MOB"), a_project(3, "OPS")]
    jira.fields = [a_field(26, "Story Points"), a_field(41, "Story Points", ESTIMATE, "2"), a_field(42, "Story Points")]
    jira.issues = [
        *(issue(n, project="1", customfield_26=3.0) for n in range(1, 5)),
        *(issue(n, project="2", customfield_41=5.0) for n in range(11, 14)),
        *(issue(n, project="3", customfield_42=1.0) for n in range(21, 23)),
        issue(31, project="3"),
    ]
    survey = connect().survey()
    points = of_role(survey, "story_points")
    assert [(each.native_id, each.filled, each.asked) for each in points] == [
        ("customfield_26", 4, 10),
        ("customfield_41", 3, 10),
        ("customfield_42", 2, 10),
    ]
    assert [{key: number for key, number in each.by_project.items() if number} for each in points] == [
        {"PAY": 4},
        {"MOB": 3},
        {"OPS": 2},
    ]
    assert points[0].evidence == "a number, by its name; filled in PAY 4"
    assert points[1].evidence == "type of the field; project MOB only"
    assert len({each.name for each in points}) == 3
    assert [each.issues for each in survey.seen if each.what == "project"] == [4, 3, 3]


def test_trap_40_fields_with_names_in_other_languages_are_candidates(jira: FakeJira, connect: Connect) -> None:
    jira.fields = [
        a_field(1, "Story-Punkte"),
        a_field(2, "Fehlerschwere", SELECT),
        a_field(3, "Umgebung", SELECT),
        a_field(4, "Оценка в баллах"),
        a_field(5, "Kundennummer"),
        a_field(6, "Ursprüngliche Zeit"),
    ]
    jira.issues = [issue(1, customfield_1=3.0, customfield_2={"value": "hoch"}, customfield_3={"value": "Produktion"})]
    survey = connect().survey()
    found = {role: [each.name for each in of_role(survey, role)] for role in ("story_points", "severity", "found_in")}
    assert found == {
        "story_points": ["Story-Punkte", "Оценка в баллах"],
        "severity": ["Fehlerschwere"],
        "found_in": ["Umgebung"],
    }
    assert [each.filled for each in of_role(survey, "story_points")] == [1, 0]


def test_the_fullest_field_goes_first_and_one_that_nobody_fills_last(jira: FakeJira, connect: Connect) -> None:
    jira.fields = [a_field(1, "Severity", SELECT), a_field(2, "Bug impact", SELECT), a_field(3, "Impact", SELECT)]
    jira.issues = [issue(n, customfield_3={"value": "x"}) for n in range(3)]
    jira.issues[0]["fields"]["customfield_2"] = {"value": "x"}
    found = of_role(connect().survey(), "severity")
    assert [(each.name, each.filled) for each in found] == [("Impact", 3), ("Bug impact", 1), ("Severity", 0)]


def test_a_list_to_choose_from_goes_before_free_text_of_that_name(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1)]
    found = of_role(connect().survey(), "found_in")
    assert [(each.native_id, each.evidence) for each in found] == [
        ("customfield_31", "a list to choose from, by its name"),
        ("environment", "free text, by its name"),
    ]


def test_boards_that_estimate_with_a_field_are_its_evidence(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [{"id": n, "name": f"Board {n}", "type": "scrum"} for n in (1, 2)]
    estimation = {"type": "field", "field": {"fieldId": "customfield_26"}}
    for number in (1, 2):
        answer = httpx.Response(200, json={"filter": {"id": "9"}, "estimation": estimation})
        jira.overrides[f"GET /rest/agile/1.0/board/{number}/configuration"] = lambda _, answer=answer: answer
    jira.issues = [issue(1, customfield_26=1.0)]
    first = of_role(connect().survey(), "story_points")[0]
    assert (first.native_id, first.evidence) == ("customfield_26", "2 boards estimate with it")


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        ({"projects": ("ABC",)}, r"^project in \(10001\) AND cf\["),
        ({"jql": "labels = app ORDER BY rank"}, r"^\(\(labels = app\)\) AND cf\["),
        ({}, r"^project in \(10001\) AND cf\["),
    ],
)
def test_fields_are_counted_within_the_scope(
    jira: FakeJira, connect: Connect, settings: dict[str, object], scope: str
) -> None:
    connect(**settings).survey()
    asked = [body["jql"] for body in jira.asked("/approximate-count") if "cf[" in body["jql"]]
    assert asked
    assert all(re.search(scope, jql) for jql in asked)


def test_the_number_of_requests_is_bounded_however_large_the_site_is(jira: FakeJira, connect: Connect) -> None:
    jira.projects = [a_project(n, f"P{n}") for n in range(1, 400)]
    jira.fields = [a_field(n, f"Points {n}") for n in range(1, 90)]
    jira.issues = [issue(n, project="1", **{f"customfield_{n}": 1.0}) for n in range(1, 90)]
    connector = connect()
    survey = connector.survey()
    assert len(jira.asked("/approximate-count")) <= 60
    assert connector.counters.requests <= 120
    assert len(of_role(survey, "story_points")) == 6
    assert "the issues of 379 more project(s) were not counted" in survey.notes
    assert [each.asked for each in survey.candidates] == [None] * 6


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_counts_that_are_refused_are_noted_and_nothing_else_is_lost(
    jira: FakeJira, connect: Connect, status: int
) -> None:
    jira.overrides[COUNT] = lambda _: refusal(status, "not for you")
    survey = connect().survey()
    assert {each.filled for each in survey.candidates} == {None}
    assert any("count(s) were refused" in note and "not for you" in note for note in survey.notes)
    assert survey.problems == ()


def test_trap_01_a_login_that_lapses_while_counting_is_raised(jira: FakeJira, connect: Connect) -> None:
    lie = httpx.Response(200, json={"count": 0}, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})
    jira.overrides[COUNT] = lambda _: lie
    with pytest.raises(AuthenticationError):
        connect().survey()


def test_permissions_that_are_missing_are_named_with_what_is_lost(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[PERMISSIONS] = held(USER_PICKER=False, BROWSE_PROJECTS=False)
    jira.overrides["GET /rest/api/3/users/search"] = lambda _: refusal(403, "You are not permitted")
    survey = connect(projects=("ABC",)).survey()
    assert survey.missing_permissions == (
        "USER_PICKER (Browse users and groups, global): without it only people whom issues name are known",
        "BROWSE_PROJECTS (Browse Projects) in ABC: without it no issue of them is seen",
    )
    assert survey.problems == ("project ABC: the account may not browse its issues",)
    assert survey.notes == ()


def test_a_project_that_nobody_configured_and_may_not_be_browsed_is_no_problem(
    jira: FakeJira, connect: Connect
) -> None:
    jira.overrides[PERMISSIONS] = held(BROWSE_PROJECTS=False)
    survey = connect().survey()
    assert survey.problems == ()
    assert len(survey.missing_permissions) == 1


def test_without_a_licence_for_boards_that_is_said(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/agile/1.0/board"] = lambda _: refusal(403, "no licence")
    survey = connect().survey()
    assert survey.missing_permissions[0].startswith("access to Jira Software (a licence for the account): without it")
    assert survey.candidates


@pytest.mark.parametrize(
    ("name", "scope", "is_essential"),
    [
        ("GET /rest/api/3/project/search", "read:project:jira", True),
        ("GET /rest/api/2/field", "read:field:jira", True),
        ("GET /rest/api/2/status", "read:status:jira", True),
        ("GET /rest/api/2/issuetype", "read:issue-type:jira", True),
        ("GET /rest/agile/1.0/board", "read:board-scope:jira-software", False),
        ("POST /rest/api/3/search/jql", "read:issue-details:jira", False),
        ("POST /rest/api/3/changelog/bulkfetch", "read:issue.changelog:jira", False),
        ("GET /rest/api/3/users/search", "read:jira-user", False),
        ("GET /rest/api/2/worklog/updated", "read:issue-worklog:jira", False),
        ("GET /rest/agile/1.0/board/5/sprint", "read:sprint:jira-software", False),
    ],
)
def test_a_scope_that_a_token_lacks_is_named(
    jira: FakeJira, connect: Connect, name: str, scope: str, *, is_essential: bool
) -> None:
    jira.boards = [{"id": 5, "name": "Board", "type": "scrum"}]
    jira.overrides[name] = lambda _: httpx.Response(401, json=SCOPES)
    survey = connect().survey()
    assert [each for each in survey.missing_permissions if scope in each and "without it" in each]
    assert bool(survey.problems) == is_essential
    assert TOKEN not in repr(survey)


def test_levels_that_hide_issues_without_a_sign_are_noted(jira: FakeJira, connect: Connect) -> None:
    levels = httpx.Response(200, json={"levels": [{"id": "1", "name": "Board only"}]})
    jira.overrides["GET /rest/api/2/project/ABC/securitylevel"] = lambda _: levels
    (note,) = connect().survey().notes
    assert note.startswith("security levels are in use in ABC: issues of a level that the account is not in")


def test_a_scope_for_permissions_is_named_too(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[PERMISSIONS] = lambda _: httpx.Response(401, json=SCOPES)
    assert any("read:permission:jira" in each for each in connect().survey().missing_permissions)


def test_a_token_that_may_not_even_tell_whose_it_is_is_told_the_scope(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/3/myself"] = lambda _: httpx.Response(401, json=SCOPES)
    with pytest.raises(PermissionMissing, match=r"lacks a scope .* it needs read:jira-user, or read:application-role"):
        connect().identify()


def test_a_sync_goes_on_without_what_a_token_has_no_scope_for(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/agile/1.0/board"] = lambda _: httpx.Response(401, json=SCOPES)
    pulled = pull(connect(), "boards")
    assert pulled.problems == []
    assert any("it needs read:board-scope:jira-software" in note for note in pulled.notes)


def test_worklogs_that_are_switched_off_are_a_note(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/2/worklog/updated"] = lambda _: refusal(404, "time tracking is off")
    survey = connect().survey()
    assert survey.notes == ("worklogs are not shown (is time tracking off?): time tracking is off",)
    assert survey.missing_permissions == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"permissions":[]}', b'{"permissions":{"USER_PICKER":3}}'])
def test_hostile_answers_about_permissions_are_notes(jira: FakeJira, connect: Connect, body: bytes) -> None:
    jira.overrides[PERMISSIONS] = lambda _: httpx.Response(200, content=body)
    survey = connect().survey()
    assert survey.problems == ()
    assert any("permissions are not told" in note for note in survey.notes)


def test_an_outage_of_what_a_sync_needs_is_raised(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/2/status"] = lambda _: httpx.Response(503, text="<html>")
    with pytest.raises(TrackerUnavailable):
        connect().survey()


def test_cloud_says_that_it_does_not_tell_when_a_token_ends(connect: Connect) -> None:
    survey = connect().survey()
    assert survey.token_expires_at is None
    assert survey.token_note.startswith("Jira Cloud does not tell when an API token expires")


def a_token(name: str, used: str | None, ends: str | None) -> PersonalToken:
    return PersonalToken(name=name, last_accessed_at=used, expiring_at=ends)


@pytest.mark.parametrize(
    ("tokens", "day", "note"),
    [
        ([a_token("a", None, "2026-10-09T00:00:00.000+0000")], 9, "personal access token 'a'"),
        ([a_token("a", None, None)], None, "personal access token 'a' does not expire"),
        (
            [
                a_token("old", "2026-09-01T00:00:00.000+0000", "2026-10-05T00:00:00.000+0000"),
                a_token("ours", "2026-10-01T11:59:00.000+0000", "2026-10-20T00:00:00.000+0000"),
            ],
            20,
            "personal access token 'ours'",
        ),
        (
            [
                a_token("a", "2026-10-01T11:00:00.000+0000", "2026-10-05T00:00:00.000+0000"),
                a_token("b", "2026-10-01T11:59:00.000+0000", "2026-10-20T00:00:00.000+0000"),
            ],
            5,
            "'a', the soonest of the account's 2 personal access tokens",
        ),
        (
            [
                a_token("dead", "2026-10-01T11:00:00.000+0000", "2026-09-30T00:00:00.000+0000"),
                a_token("b", None, "2026-10-21T00:00:00.000+0000"),
            ],
            21,
            "personal access token 'b'",
        ),
        ([a_token("a", "soon", "never")], None, "personal access token 'a' does not expire"),
        ([a_token("a", None, None), a_token("b", None, None)], None, "none of the account's 2 personal access tokens"),
        ([], None, "the site lists no token of the account that is valid"),
    ],
)
def test_the_end_of_the_token_in_use_is_told_as_far_as_that_can_be_known(
    tokens: list[PersonalToken], day: int | None, note: str
) -> None:
    expiry = in_use(tokens, NOW)
    assert (None if expiry.at is None else expiry.at.day) == day
    assert expiry.note.startswith(note)


def test_a_survey_of_the_usual_fields_writes_nothing(jira: FakeJira, connect: Connect) -> None:
    jira.fields = list(FIELDS)
    connect().survey()
    assert {request.method for request in jira.sent} == {"GET", "POST"}
    reading = ("/approximate-count", "/search/jql", "/changelog/bulkfetch")
    assert all(request.url.path.endswith(reading) for request in jira.sent if request.method == "POST")
