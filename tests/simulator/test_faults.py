"""What goes wrong on command, for the requests that it is meant for, at every tracker."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running
from simulator.trackers import TRACKERS

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
TLS = ssl.create_default_context()  # made once: each request would read the certificates anew
MYSELF = "/rest/api/3/myself"
PROJECTS = {
    "jira_cloud": "/rest/api/3/project/search",
    "azure_devops": "/_apis/projects",
    "jira_data_center": "/rest/api/2/project",
    "azure_devops_server": "/_apis/projects",
}


def ask(running: Running, tracker: str, path: str = "", method: str = "GET") -> httpx.Response:
    """One request to a tracker, logged in."""
    told = running.connect[tracker]
    auth = None if tracker == "jira_data_center" else (told.get("email", ""), told["token"])
    headers = {"Authorization": f"Bearer {told['token']}"} if auth is None else {}
    url = told["url"] + (path or PROJECTS[tracker])
    return httpx.request(method, url, auth=auth, headers=headers, verify=TLS)


def statuses(running: Running, tracker: str, count: int, **asked: str) -> list[int]:
    return [ask(running, tracker, **asked).status_code for _ in range(count)]


def test_a_fault_strikes_after_some_and_so_many_times(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[0]
    fresh.fault(
        match="/myself$", after=1, times=2, status=429, headers={"Retry-After": "5"}, body={"errorMessages": []}
    )
    assert [client.get(MYSELF).status_code for _ in range(4)] == [200, 429, 429, 200]


def test_an_outage_is_html(fresh: Running, connect: Connect) -> None:
    fresh.fault(match="^/contoso/_apis/projects", status=503, body="html")
    jira, azure = connect(fresh)
    answer = azure.get("_apis/projects")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert jira.get(MYSELF).status_code == 200


def test_a_connection_can_break_in_the_middle_of_an_answer(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[0]
    fresh.fault(match="/myself$", kind="reset_mid_body")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(MYSELF)
    assert client.get(MYSELF).status_code == 200


def test_a_lie_is_an_empty_success(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[0]
    fresh.fault(match="/search/jql$", kind="lying_200")
    answer = client.post("/rest/api/3/search/jql", json={"jql": "project = PAY"})
    assert (answer.status_code, answer.json()) == (200, {"issues": [], "isLast": True})
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"


def test_a_token_can_die_in_mid_run(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[1]
    fresh.fault(match="_apis/", after=1, times=1, kind="sign_in_203")
    assert [client.get("_apis/projects").status_code for _ in range(2)] == [200, 203]


def test_a_fault_may_concern_one_tracker_and_one_method(fresh: Running) -> None:
    fresh.fault(tracker="azure_devops_server", method="GET", times=9)
    assert statuses(fresh, "azure_devops_server", 2) == [503, 503]
    assert ask(fresh, "azure_devops_server", "/_apis", "OPTIONS").status_code == 200
    assert statuses(fresh, "azure_devops", 1) + statuses(fresh, "jira_cloud", 1) == [200, 200]
    struck = fresh.state()["faults"]
    assert struck == [{"kind": "answer", "match": "", "tracker": "azure_devops_server", "struck": 2}]
    with pytest.raises(ValueError, match="tracker is one of"):
        fresh.fault(tracker="trello")


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_fault_may_come_with_each_third_request_for_ever(fresh: Running, tracker: str) -> None:
    fresh.fault(tracker=tracker, every=3, status=500)
    assert statuses(fresh, tracker, 9) == [200, 200, 500] * 3


def test_each_third_request_after_some_and_so_many_times(fresh: Running) -> None:
    fresh.fault(tracker="jira_cloud", every=2, after=1, times=2)
    assert statuses(fresh, "jira_cloud", 8) == [200, 200, 503, 200, 503, 200, 200, 200]


def test_a_share_of_the_requests_fails_by_seeded_chance(fresh: Running) -> None:
    runs = []
    for seed in (1, 1, 2):
        fresh.clear_faults()
        fresh.fault(tracker="jira_cloud", share=0.4, seed=seed)
        runs.append(statuses(fresh, "jira_cloud", 40))
    assert runs[0] == runs[1] != runs[2]
    assert 8 <= runs[0].count(503) <= 24


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_burst_is_refused_until_its_window_has_room(fresh: Running, tracker: str) -> None:
    now = [1_790_925_000.0]
    fresh.trackers.clock = lambda: now[0]
    fresh.fault(kind="burst", requests=3, seconds=10)
    assert statuses(fresh, tracker, 3) == [200, 200, 200]
    now[0] += 2.5
    refused = ask(fresh, tracker)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "8")
    assert (refused.headers["X-RateLimit-Limit"], refused.headers["X-RateLimit-Remaining"]) == ("3", "0")
    if tracker.startswith("jira"):
        assert refused.headers["RateLimit-Reason"] == "jira-burst-based"
        assert refused.headers["X-RateLimit-Reset"] == "2026-10-02T07:10:10Z"
        assert refused.json()["errorMessages"] == ["Rate limit exceeded."]
    else:
        assert refused.headers["X-RateLimit-Reset"] == "1790925010"
        assert refused.json()["message"].startswith("TF400733")
    others = [name for name in TRACKERS if name != tracker]
    assert [ask(fresh, name).status_code for name in others] == [200] * len(others)
    now[0] += 7.6
    assert statuses(fresh, tracker, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize("wait", ["5", "0", "1847", "Fri, 02 Oct 2026 09:16:00 GMT", None])
@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_429_waits_in_any_form(fresh: Running, tracker: str, wait: str | None) -> None:
    headers = {} if wait is None else {"Retry-After": wait}
    fresh.fault(tracker=tracker, status=429, headers=headers, body="own")
    refused = ask(fresh, tracker)
    assert (refused.status_code, refused.headers.get("Retry-After")) == (429, wait)
    assert ("TF400733" in refused.text) == tracker.startswith("azure")


def test_a_tracker_has_words_of_its_own_for_other_errors_too(fresh: Running) -> None:
    fresh.fault(status=500, body="own", times=2)
    assert ask(fresh, "azure_devops").json()["typeKey"] == "RequestCanceledException"
    assert ask(fresh, "jira_cloud").json()["errorMessages"] == ["The request could not be served."]


def test_a_410_can_say_what_it_likes(fresh: Running) -> None:
    fresh.fault(match="/project/search$", status=410, body={"errorMessages": ["The requested API has been removed."]})
    gone = ask(fresh, "jira_cloud")
    assert (gone.status_code, gone.json()["errorMessages"][0][-8:]) == (410, "removed.")


@pytest.mark.parametrize("tracker", TRACKERS)
def test_a_connection_can_break_before_any_answer(fresh: Running, tracker: str) -> None:
    fresh.fault(tracker=tracker, kind="reset")
    with pytest.raises(httpx.TransportError):
        ask(fresh, tracker)
    assert ask(fresh, tracker).status_code == 200


@pytest.mark.parametrize("tracker", TRACKERS)
def test_an_answer_can_be_cut_in_half_with_a_right_length(fresh: Running, tracker: str) -> None:
    whole = ask(fresh, tracker)
    fresh.fault(tracker=tracker, kind="truncated")
    half = ask(fresh, tracker)
    assert half.status_code == 200
    assert half.content == whole.content[: len(whole.content) // 2]
    assert half.headers["content-length"] == str(len(half.content))
    with pytest.raises(json.JSONDecodeError):
        half.json()


def test_trap_78_a_delay_is_told_beside_the_true_answer(fresh: Running) -> None:
    whole = ask(fresh, "azure_devops").json()
    fresh.fault(tracker="azure_devops", kind="headers", every=1, times=2, headers={"X-RateLimit-Delay": "7.5"})
    delayed = ask(fresh, "azure_devops")
    assert (delayed.status_code, delayed.json()) == (200, whole)
    assert {name: delayed.headers[name] for name in ("Retry-After", "X-RateLimit-Delay", "X-RateLimit-Limit")} == {
        "Retry-After": "4", "X-RateLimit-Delay": "7.5", "X-RateLimit-Limit": "200",
    }  # fmt: skip
    assert {"X-RateLimit-Resource", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= {
        name.title().replace("Ratelimit", "RateLimit") for name in delayed.headers
    }
    fresh.fault(tracker="jira_cloud", kind="headers")
    assert ask(fresh, "jira_cloud").headers["X-RateLimit-NearLimit"] == "true"


def test_an_answer_can_be_patched_to_end_early_or_to_repeat_its_token(fresh: Running) -> None:
    path = "/_apis/wit/reporting/workitemrevisions?api-version=7.0&$maxPageSize=5"
    fresh.fault(match="workitemrevisions", kind="patched", body={"isLastBatch": True, "continuationToken": None})
    cut, whole = (ask(fresh, "azure_devops", path).json() for _ in range(2))
    assert (cut["isLastBatch"], "continuationToken" in cut) == (True, False)
    assert cut["values"] == whole["values"] != []
    assert whole["isLastBatch"] is False


def test_somebody_may_act_between_two_pages(fresh: Running) -> None:
    number = next(fresh.company.products[1].alive()).id
    deed = {"do": "edit", "tracker": "azure_devops", "issue": number, "summary": "Changed meanwhile"}
    fresh.fault(match=f"workitems/{number}$", after=1, kind="act", body=deed)
    path = f"/_apis/wit/workitems/{number}?api-version=7.0"
    titles = [ask(fresh, "azure_devops", path).json()["fields"]["System.Title"] for _ in range(3)]
    assert [title == "Changed meanwhile" for title in titles] == [False, True, True]


@pytest.mark.parametrize("kind", ["sign_in_203", "sign_in_302"])
@pytest.mark.parametrize("tracker", ["azure_devops", "azure_devops_server"])
def test_trap_02_a_token_dies_in_either_form(fresh: Running, tracker: str, kind: str) -> None:
    fresh.fault(tracker=tracker, after=1, kind=kind)
    assert statuses(fresh, tracker, 3) == [200, int(kind[-3:]), 200]


def test_azure_devops_can_lie_too(fresh: Running) -> None:
    fresh.fault(tracker="azure_devops", kind="lying_200", times=2)
    assert ask(fresh, "azure_devops").json() == {"count": 0, "value": []}
    feed = ask(fresh, "azure_devops", "/_apis/wit/reporting/workItemRevisions?api-version=7.1").json()
    assert (feed["values"], feed["isLastBatch"]) == ([], True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "magic"}, "kind is one of"),
        ({"every": 0}, "every is 1 or more"),
        ({"share": 1.5}, "share is between 0 and 1"),
        ({"kind": "burst"}, "a burst needs requests"),
        ({"kind": "patched"}, "patched needs an object"),
        ({"colour": 1}, "unexpected keyword argument 'colour'"),
        ({"match": "(("}, "missing"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(running: Running, fault: dict[str, Any], said: str) -> None:
    answer = httpx.post(f"{running.jira_url}/_simulator/faults", json=fault)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
