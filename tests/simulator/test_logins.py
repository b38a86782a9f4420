"""Who is let in, and what may be told and asked."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
MYSELF = "/rest/api/3/myself"


def test_jira_refuses_a_wrong_token_but_describes_itself_to_everybody(running: Running) -> None:
    answer = httpx.get(running.jira_url + MYSELF, auth=(running.jira_auth[0], "wrong"))
    assert (answer.status_code, answer.headers["X-Seraph-LoginReason"]) == (401, "AUTHENTICATED_FAILED")
    assert httpx.get(running.jira_url + "/rest/api/3/serverInfo").json()["deploymentType"] == "Cloud"
    assert "cloudId" in httpx.get(running.jira_url + "/_edge/tenant_info").json()


def test_azure_devops_shows_a_sign_in_page_to_a_dead_token(running: Running) -> None:
    base = running.azure_devops_url + "/_apis"
    dead = ("", "dead")
    read = httpx.get(base + "/projects", auth=dead)
    assert (read.status_code, read.headers["content-type"]) == (203, "text/html; charset=utf-8")
    assert httpx.post(base + "/wit/wiql", auth=dead).status_code == 401
    suppressed = httpx.get(base + "/projects", auth=dead, headers={"X-TFS-FedAuthRedirect": "Suppress"})
    assert suppressed.json()["message"].startswith("TF400813")


def test_commands_over_http(fresh: Running) -> None:
    base = fresh.azure_devops_url.removesuffix("/contoso") + "/_simulator"
    assert httpx.post(f"{base}/faults", json={"match": "x", "kind": "magic"}).status_code == 400
    assert httpx.post(f"{base}/faults", json={"match": "(("}).status_code == 400
    assert httpx.post(f"{base}/faults", json={"match": "/myself"}).json() == {"faults": 1}
    assert httpx.delete(f"{base}/faults").json() == {"faults": 0}
    assert httpx.post(f"{base}/advance", json={"nights": 2}).json()["now"] == "2026-10-02T18:00:00Z"
    assert httpx.post(f"{base}/settings", json={"feed_batch": 500}).status_code == 200
    assert httpx.post(f"{base}/settings", json={"nothing": 1}).status_code == 400
    assert httpx.get(f"{base}/state").json()["nights"] == 2


def test_the_state_counts_requests_and_knows_the_truth(fresh: Running, connect: Connect) -> None:
    connect(fresh)[0].get("/rest/api/3/issue/10101")
    connect(fresh)[0].get("/rest/api/3/issue/10102")
    state = fresh.state()
    assert state["jira_cloud"]["requests_by_path"] == {"GET /rest/api/3/issue/{id}": 2}
    assert state["requests"] == state["jira_cloud"]["requests_by_path"]
    assert state["issues"] == sum(1 for p in fresh.company.products for _ in p.alive())


def test_a_page_cap_can_be_set(fresh: Running, connect: Connect) -> None:
    fresh.tell(page_cap=3)
    asked = {"jql": "project = PAY", "fields": ["summary"]}
    assert len(connect(fresh)[0].post("/rest/api/3/search/jql", json=asked).json()["issues"]) == 3
    with pytest.raises(ValueError, match="page_cap"):
        fresh.tell(page_cap="many")
