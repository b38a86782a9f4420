"""The main answers fit the vendors' own descriptions of their APIs, where those lie beside the repository."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from simulator.server import Running

SPECS = Path(os.environ.get("FLOWMART_SPECS", Path(__file__).parents[2].parent / "shared" / "specs"))
JIRA = "jira-cloud-platform-v3.2025-12.swagger-v3.v3.json"
AGILE = "jira-cloud-software-agile.2022-07.swagger.v3.json"
CENTER = "jira-dc-10.3.24-software-openapi.json"
CORE, WORK, WIT = "ado-core-7.1.core.json", "ado-work-7.1.work.json", "ado-wit-7.1.workItemTracking.json"

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the vendors' specifications are not here")


def loosened(node: Any) -> Any:
    """OpenAPI as JSON schema: `nullable` counts, and what the vendors are known to describe wrongly is left open."""
    if isinstance(node, list):
        return [loosened(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {name: loosened(part) for name, part in node.items() if name not in {"example", "xml", "discriminator"}}
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if found.get("additionalProperties") == {"type": "object"}:
        del found["additionalProperties"]  # the values of `fields` are of any type
    return found


@cache
def spec(file: str) -> dict[str, Any]:
    found: dict[str, Any] = loosened(json.loads((SPECS / file).read_text()))
    if file == JIRA:
        schemas = found["components"]["schemas"]
        for half in ("from", "fromString", "to", "toString"):  # null, though described as text
            schemas["ChangeDetails"]["properties"][half] = {"type": ["string", "null"]}
        schemas["FieldDetails"]["properties"]["untranslatedName"] = {"type": "string"}  # newer than the description
    if file == CENTER:
        for half in ("from", "fromString", "to", "toString"):  # null, though described as text
            found["components"]["schemas"]["ChangeItemBean"]["properties"][half] = {"type": ["string", "null"]}
    if "workItemTracking" in file:  # described as text and as objects, but of any type
        found["definitions"]["StreamedBatch"]["properties"]["values"] = {"type": "array", "items": {"type": "object"}}
        found["definitions"]["WorkItemFieldUpdate"]["properties"] = {}
    return found


def check(file: str, path: str, answer: httpx.Response, *, method: str = "get", body: Any = None) -> None:
    """The answer fits what the specification says about this path."""
    assert answer.status_code == 200, answer.text[:300]
    told = spec(file)
    described = told["paths"][path][method]["responses"]["200"]
    schema = described["schema"] if "schema" in described else described["content"]["application/json"]["schema"]
    definitions = {name: told[name] for name in ("components", "definitions") if name in told}
    validator = Draft202012Validator({**definitions, **schema})
    errors = [
        f"{error.json_path}: {error.message[:200]}"
        for error in validator.iter_errors(answer.json() if body is None else body)
    ]
    assert errors == []


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/rest/api/3/myself", ""),
        ("/rest/api/3/mypermissions", "?permissions=BROWSE_PROJECTS&projectKey=PAY"),
        ("/rest/api/3/project/{projectKeyOrId}/securitylevel", ""),
        ("/rest/api/3/serverInfo", ""),
        ("/rest/api/3/project/search", "?expand=insight"),
        ("/rest/api/3/field", ""),
        ("/rest/api/3/status", ""),
        ("/rest/api/3/issuetype", ""),
        ("/rest/api/3/issueLinkType", ""),
        ("/rest/api/3/priority/search", ""),
        ("/rest/api/3/resolution/search", ""),
        ("/rest/api/3/users/search", ""),
        ("/rest/api/3/user/bulk", "?accountId=none"),
        ("/rest/api/3/group/member", "?groupname=customers&includeInactiveUsers=true&maxResults=2"),
        ("/rest/api/3/worklog/updated", "?since=0"),
        ("/rest/api/3/worklog/deleted", "?since=0"),
        ("/rest/api/3/issue/{issueIdOrKey}", "?expand=changelog"),
        ("/rest/api/3/issue/{issueIdOrKey}/changelog", ""),
        ("/rest/api/3/issue/{issueIdOrKey}/worklog", ""),
        ("/rest/api/3/issue/{issueIdOrKey}/comment", ""),
        ("/rest/api/3/project/{projectIdOrKey}/version", ""),
        ("/rest/api/3/project/{projectIdOrKey}/versions", ""),
    ],
)
def test_jira_platform(jira: httpx.Client, path: str, asked: str) -> None:
    real = re.sub(r"\{project\w+\}", "PAY", path.replace("{issueIdOrKey}", "PAY-3"))
    check(JIRA, path, jira.get(real + asked))


def test_jira_search(jira: httpx.Client) -> None:
    answer = jira.post("/rest/api/3/search/jql", json={"jql": "project in (PAY, WEB)", "fields": ["*all"]})
    check(JIRA, "/rest/api/3/search/jql", answer, method="post")
    answer = jira.post("/rest/api/3/search/approximate-count", json={"jql": "project = PAY"})
    check(JIRA, "/rest/api/3/search/approximate-count", answer, method="post")
    answer = jira.post("/rest/api/3/issue/bulkfetch", json={"issueIdsOrKeys": ["PAY-1", "WEB-1"]})
    check(JIRA, "/rest/api/3/issue/bulkfetch", answer, method="post")
    ids = [row["worklogId"] for row in jira.get("/rest/api/3/worklog/updated?since=0").json()["values"]]
    check(JIRA, "/rest/api/3/worklog/list", jira.post("/rest/api/3/worklog/list", json={"ids": ids}), method="post")


def test_jira_bulk_histories_but_for_their_dates(jira: httpx.Client, running: Running) -> None:
    """The specification promises texts as dates; the site sends numbers."""
    ids = [str(issue.id) for issue in running.company.products[0].alive()]
    answer = jira.post("/rest/api/3/changelog/bulkfetch", json={"issueIdsOrKeys": ids})
    body = answer.json()
    for log in body["issueChangeLogs"]:
        for entry in log["changeHistories"]:
            entry["created"] = str(entry["created"])
    check(JIRA, "/rest/api/3/changelog/bulkfetch", answer, method="post", body=body)


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/rest/agile/1.0/board", "/rest/agile/1.0/board"),
        ("/rest/agile/1.0/board/{boardId}", "/rest/agile/1.0/board/1"),
        ("/rest/agile/1.0/board/{boardId}/configuration", "/rest/agile/1.0/board/1/configuration"),
        ("/rest/agile/1.0/board/{boardId}/features", "/rest/agile/1.0/board/2/features"),
        ("/rest/agile/1.0/board/{boardId}/issue", "/rest/agile/1.0/board/1/issue"),
        ("/rest/agile/1.0/board/{boardId}/backlog", "/rest/agile/1.0/board/1/backlog"),
    ],
)
def test_jira_agile(jira: httpx.Client, path: str, real: str) -> None:
    check(AGILE, path, jira.get(real))


def beans(answer: httpx.Response, part: str) -> list[Any]:
    """The objects in an answer that a bean of the specification describes: the whole, or the rows of a list."""
    assert answer.status_code == 200, answer.text[:300]
    body = answer.json()
    rows = body.get(part, body) if isinstance(body, dict) else body
    return rows if isinstance(rows, list) else [rows]


@pytest.mark.parametrize(
    ("path", "bean", "part"),
    [
        ("api/2/search?jql=project=PAY&expand=changelog&fields=*all", "SearchResultsBean", ""),
        ("api/2/issue/PAY-3?expand=changelog", "IssueBean", ""),
        ("api/2/issue/PAY-3?expand=changelog", "ChangelogBean", "changelog"),
        ("api/2/issue/PAY-3/comment", "CommentsWithPaginationJsonBean", ""),
        ("api/2/issue/PAY-3/worklog", "WorklogWithPaginationBean", ""),
        ("api/2/myself", "UserBean", ""),
        ("api/2/user/search?username=.", "UserBean", ""),
        ("api/2/mypermissions", "PermissionsJsonBean", ""),
        ("api/2/project", "ProjectBean", ""),
        ("api/2/project/PAY/securitylevel", "SecurityListLevelJsonBean", ""),
        ("api/2/field", "FieldBean", ""),
        ("api/2/status", "StatusJsonBean", ""),
        ("api/2/issuetype", "IssueTypeJsonBean", ""),
        ("api/2/priority", "PriorityJsonBean", ""),
        ("api/2/resolution", "ResolutionJsonBean", ""),
        ("api/2/worklog/updated?since=0", "WorklogChangedSinceBean", ""),
        ("api/2/worklog/deleted?since=0", "WorklogChangedSinceBean", ""),
        ("agile/1.0/board", "BoardBean", "values"),
        ("agile/1.0/board/1", "BoardBean", ""),
        ("agile/1.0/board/1/configuration", "BoardConfigBean", ""),
        ("agile/1.0/board/1/sprint", "SprintBean", "values"),
        ("agile/1.0/board/4/project", "ProjectJsonBean", "values"),
        ("agile/1.0/sprint/36", "SprintBean", ""),
    ],
)
def test_jira_data_center(data_center: httpx.Client, path: str, bean: str, part: str) -> None:
    """Each answer fits its bean, and names nothing that the bean lacks but for what servers are known to add."""
    schema = {"components": spec(CENTER)["components"], "$ref": f"#/components/schemas/{bean}"}
    described = set(spec(CENTER)["components"]["schemas"][bean]["properties"])
    validator, rows = Draft202012Validator(schema), beans(data_center.get(f"/rest/{path}"), part)
    assert rows
    for row in rows:
        assert [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(row)] == []
        assert set(row) - described <= {"projectTypeKey", "expand"}


def test_jira_data_center_has_the_paths_of_its_specification(data_center: httpx.Client) -> None:
    paths = spec(CENTER)["paths"]
    for path in ("/api/2/search", "/api/2/worklog/list", "/api/2/project/{projectIdOrKey}/versions"):
        assert path in paths
    for path in ("/api/2/search/jql", "/api/2/issue/{issueIdOrKey}/changelog", "/api/2/project/search"):
        assert path not in paths
        assert data_center.get(f"/rest{path.replace('{issueIdOrKey}', 'PAY-3')}").status_code == 404


TEAM = "Shop/Shop Basket/_apis/work"
_ORG, _PROJECT = "/{organization}", "/{organization}/{project}"
_TEAM = "/{organization}/{project}/{team}/_apis/work"


@pytest.mark.parametrize(
    ("file", "path", "real"),
    [
        (CORE, f"{_ORG}/_apis/projects", "_apis/projects"),
        (CORE, f"{_ORG}/_apis/projects/{{projectId}}", "_apis/projects/Shop"),
        (CORE, f"{_ORG}/_apis/projects/{{projectId}}/teams", "_apis/projects/Shop/teams"),
        (WIT, f"{_PROJECT}/_apis/wit/workitemtypes", "Shop/_apis/wit/workitemtypes"),
        (WIT, f"{_PROJECT}/_apis/wit/workitemtypes/{{type}}/states", "Shop/_apis/wit/workitemtypes/Bug/states"),
        (WIT, f"{_PROJECT}/_apis/wit/workitemtypecategories", "Shop/_apis/wit/workitemtypecategories"),
        (WIT, f"{_PROJECT}/_apis/wit/classificationnodes", "Shop/_apis/wit/classificationnodes?$depth=9"),
        (WIT, f"{_PROJECT}/_apis/wit/fields", "_apis/wit/fields"),
        (WIT, f"{_PROJECT}/_apis/wit/recyclebin", "Shop/_apis/wit/recyclebin"),
        (WIT, f"{_PROJECT}/_apis/wit/workItems/{{id}}/updates", "_apis/wit/workItems/210/updates"),
        (WIT, f"{_PROJECT}/_apis/wit/workItems/{{id}}/revisions", "_apis/wit/workItems/210/revisions"),
        (WORK, f"{_TEAM}/teamsettings/iterations", f"{TEAM}/teamsettings/iterations"),
        (WORK, f"{_TEAM}/teamsettings", f"{TEAM}/teamsettings"),
        (WORK, f"{_TEAM}/teamsettings/teamfieldvalues", f"{TEAM}/teamsettings/teamfieldvalues"),
        (WORK, f"{_TEAM}/backlogconfiguration", f"{TEAM}/backlogconfiguration"),
        (WORK, f"{_TEAM}/boards", f"{TEAM}/boards"),
        (WORK, f"{_TEAM}/boards/{{id}}", f"{TEAM}/boards/Stories"),
        (WORK, f"{_TEAM}/boards/{{board}}/columns", f"{TEAM}/boards/Stories/columns"),
        (WIT, f"{_PROJECT}/_apis/wit/reporting/workitemrevisions", "_apis/wit/reporting/workitemrevisions"),
        (WIT, f"{_PROJECT}/_apis/wit/reporting/workitemlinks", "_apis/wit/reporting/workitemlinks"),
    ],
)
def test_azure_devops(azure: httpx.Client, file: str, path: str, real: str) -> None:
    """The specification describes lists without their `count` and `value`."""
    answer = azure.get(real)
    body = answer.json()
    check(file, path, answer, body=body.get("value", body))


_COLLECTION = "/{collection}/{project}/_apis/wit"


@pytest.mark.parametrize("version", ["5.0", "6.0", "7.0", "7.1"])
def test_azure_devops_server(fresh: Running, open_server: Callable[[Running], httpx.Client], version: str) -> None:
    """Each ceiling fits the description of its Server; the links feed shows no token, as in Microsoft's recording."""
    fresh.tell(newest_api_version=version)
    client, file = open_server(fresh), f"ado-server-{version}-wit.workItemTracking-onprem.json"
    number = next(i.id for i in fresh.company.products[1].alive() if i.links and i.state["project"] == 1)
    fresh.act("comment", "azure_devops", number, text="Why?")
    paths = {
        "/classificationnodes": "/classificationnodes?$depth=3",
        "/fields": "/fields",
        "/recyclebin": "/recyclebin",
        "/reporting/workitemlinks": "/reporting/workitemlinks",
        "/reporting/workitemrevisions": "/reporting/workitemrevisions",
        "/workitemtypes": "/workitemtypes",
        "/workitemtypes/{type}/states": "/workitemtypes/Bug/states",
        "/workitems/{id}": f"/workitems/{number}?$expand=all",
        "/workItems/{id}/updates": f"/workItems/{number}/updates",
        "/workItems/{id}/revisions": f"/workItems/{number}/revisions",
        "/workItems/{id}/comments": f"/workItems/{number}/comments",
    }
    for path, real in paths.items():
        described = spec(file)["paths"]
        if _COLLECTION + path not in described:
            continue  # comments moved to an area of their own
        answer = client.get(f"Shop/_apis/wit{real}")
        body = answer.json()
        check(file, _COLLECTION + path, answer, body=body.get("value", body))


@pytest.mark.parametrize("what", ["capacities", "teamdaysoff", "workitems"])
def test_azure_devops_iterations(azure: httpx.Client, what: str) -> None:
    number = azure.get(f"{TEAM}/teamsettings/iterations").json()["value"][2]["id"]
    path = f"{_TEAM}/teamsettings/iterations/{{iterationId}}/{what}"
    answer = azure.get(f"{TEAM}/teamsettings/iterations/{number}/{what}")
    body = answer.json()
    if what == "workitems":  # a row without a parent has nulls, in Microsoft's own recording too
        body["workItemRelations"] = [
            {name: value for name, value in row.items() if value is not None} for row in body["workItemRelations"]
        ]
    check(WORK, path, answer, body=body)


def test_azure_devops_wiql_and_batch(azure: httpx.Client) -> None:
    version = {"api-version": "7.1"}
    query = {"query": "SELECT [System.Id] FROM WorkItems"}
    found = azure.post("_apis/wit/wiql", params=version, json=query)
    check(WIT, "/{organization}/{project}/{team}/_apis/wit/wiql", found, method="post")
    ids = [row["id"] for row in found.json()["workItems"]][:200]
    answer = azure.post("_apis/wit/workitemsbatch", params=version, json={"ids": ids, "$expand": "relations"})
    check(WIT, f"{_PROJECT}/_apis/wit/workitemsbatch", answer, method="post", body=answer.json()["value"])
