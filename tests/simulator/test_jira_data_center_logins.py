"""Who is let in at the Jira Data Center, and what each of its answers carries."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from simulator.server import Running

Open = Callable[[Running], httpx.Client]
MYSELF, PROJECTS, TOKENS = "/rest/api/2/myself", "/rest/api/2/project", "/rest/pat/latest/tokens"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_each_answer_says_for_whom_it_is_and_how_many_more_may_be_asked(data_center: httpx.Client) -> None:
    for path, status in ((MYSELF, 200), ("/rest/api/2/nothing", 404)):
        answer = data_center.get(path)
        assert answer.status_code == status
        assert (answer.headers["X-AUSERNAME"], answer.headers["Retry-After"]) == ("bot", "0")
        assert {"x-arequestid", "x-anodeid", "x-ratelimit-limit", "x-ratelimit-remaining"} <= set(answer.headers)
        assert {"x-ratelimit-interval-seconds", "x-ratelimit-fillrate"} <= set(answer.headers)


@pytest.mark.parametrize("headers", [{}, bearer("wrong")])
def test_without_a_good_login_there_is_a_page_of_html(running: Running, headers: dict[str, str]) -> None:
    answer = httpx.get(running.jira_data_center_url + MYSELF, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert answer.headers["X-AUSERNAME"] == "anonymous"


def test_the_server_describes_itself_to_everybody(running: Running) -> None:
    told = httpx.get(running.jira_data_center_url + "/rest/api/2/serverInfo").json()
    assert (told["deploymentType"], told["version"], told["versionNumbers"]) == ("Server", "10.3.24", [10, 3, 24])
    assert told["baseUrl"] == running.jira_data_center_url


def test_the_version_and_the_deployment_can_be_others(fresh: Running, open_data_center: Open) -> None:
    fresh.tell(tracker="jira_data_center", version="8.14.0", deployment_type="DataCenter")
    told = open_data_center(fresh).get("/rest/api/2/serverInfo").json()
    assert (told["deploymentType"], told["versionNumbers"]) == ("DataCenter", [8, 14, 0])
    for wrong in ({"version": "ten"}, {"deployment_type": "Cloud"}):
        with pytest.raises(ValueError, match="cannot be set so"):
            fresh.tell(tracker="jira_data_center", **wrong)


def test_trap_55_where_nobody_is_welcome_a_wrong_token_sees_nothing_and_no_error(fresh: Running) -> None:
    fresh.tell(anonymous_allowed=True)
    with httpx.Client(base_url=fresh.jira_data_center_url, headers=bearer("wrong")) as nobody:
        page = nobody.get("/rest/api/2/search", params={"jql": "project = PAY"})
        assert (page.status_code, page.json()["total"], page.headers["X-AUSERNAME"]) == (200, 0, "anonymous")
        assert nobody.get(PROJECTS).json() == []
        assert nobody.get("/rest/agile/1.0/board").json()["values"] == []
        assert nobody.get("/rest/api/2/issue/10101").status_code == 404
        for feed in ("updated", "deleted"):
            assert nobody.get(f"/rest/api/2/worklog/{feed}?since=0").json()["values"] == []
        assert nobody.get("/rest/api/2/filter/10101").status_code == 404
        assert [nobody.get(path).status_code for path in (MYSELF, TOKENS)] == [401, 401]


def test_trap_55_a_token_can_die_in_mid_run(fresh: Running, open_data_center: Open) -> None:
    fresh.tell(anonymous_allowed=True, token_requests=2)
    client = open_data_center(fresh)
    told = [client.get("/rest/api/2/search", params={"jql": "project in (PAY, WEB)"}) for _ in range(4)]
    assert [answer.headers["X-AUSERNAME"] for answer in told] == ["bot", "bot", "anonymous", "anonymous"]
    assert [answer.json()["total"] > 0 for answer in told] == [True, True, False, False]
    fresh.tell(token_requests=-1)
    assert client.get(MYSELF).status_code == 200


def test_trap_55_a_wrong_password_leads_to_a_captcha(running: Running) -> None:
    about = running.connect["jira_data_center"]
    answer = httpx.get(about["url"] + MYSELF, auth=("bot", "wrong"))
    assert answer.status_code == 403
    reason = f"CAPTCHA_CHALLENGE; login-url={about['url']}/login.jsp"
    assert answer.headers["X-Authentication-Denied-Reason"] == reason
    assert httpx.get(about["url"] + MYSELF, auth=(about["user"], about["password"])).json()["name"] == "bot"


def test_trap_56_nothing_lies_outside_the_context_path(running: Running) -> None:
    base = running.jira_data_center_url
    assert base.endswith("/jira")
    answer = httpx.get(base.removesuffix("/jira") + MYSELF, headers=bearer(running.jira_data_center_token))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    versions = httpx.get(f"{base}/rest/api/2/project/PAY/version?maxResults=1", headers=bearer(
        running.jira_data_center_token
    )).json()  # fmt: skip
    assert versions["nextPage"] == f"{base}/rest/api/2/project/PAY/version?maxResults=1&startAt=1"


def test_a_token_says_when_it_ends_and_then_ends(fresh: Running, open_data_center: Open) -> None:
    client = open_data_center(fresh)
    assert client.get(TOKENS).json()[0]["expiringAt"] == "2027-09-30T20:00:00.000+02:00"
    fresh.tell(token_days=2)
    assert client.get(TOKENS).json()[0]["expiringAt"] == "2026-10-02T20:00:00.000+02:00"
    fresh.advance(2)
    assert client.get(MYSELF).status_code == 401
    fresh.tell(token_days=0)
    assert "expiringAt" not in client.get(TOKENS).json()[0]


def test_the_state_counts_the_requests_and_knows_the_facts(fresh: Running, open_data_center: Open) -> None:
    open_data_center(fresh).get("/rest/api/2/issue/10101")
    state = fresh.state()
    told, cloud = state["jira_data_center"], state["jira_cloud"]
    assert told["requests_by_path"] == {"GET /jira/rest/api/2/issue/{id}": 1}
    assert cloud["requests"] == 0
    assert {name: told[name] for name in ("issues", "by_status", "sprints", "links", "worklogs")} == {
        name: cloud[name] for name in ("issues", "by_status", "sprints", "links", "worklogs")
    }
    assert (
        httpx.get(f"{fresh.jira_data_center_url.removesuffix('/jira')}/_simulator/state").json()["jira_data_center"]
        == told
    )


def test_a_switch_can_be_turned_at_one_jira_or_at_both(fresh: Running, open_data_center: Open) -> None:
    client = open_data_center(fresh)
    control = f"{fresh.jira_data_center_url.removesuffix('/jira')}/_simulator/settings"
    asked = {"jql": "project = PAY", "fields": "summary"}
    assert httpx.post(control, json={"tracker": "jira_data_center", "page_cap": 2}).status_code == 200
    assert len(client.get("/rest/api/2/search", params=asked).json()["issues"]) == 2
    cloud = httpx.get(f"{fresh.jira_url}/rest/api/3/search/jql", params=asked, auth=fresh.jira_auth).json()
    assert len(cloud["issues"]) > 2
    assert httpx.post(control, json={"tracker": "azure_devops", "page_cap": 2}).status_code == 400
