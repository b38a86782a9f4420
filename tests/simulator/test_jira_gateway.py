"""The gateway beside the Jira Cloud site: scoped tokens, and OAuth 2.0 with refresh tokens that rotate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

MYSELF = "/rest/api/3/myself"
RESOURCES = "/oauth/token/accessible-resources"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def about(fresh: Running) -> dict[str, Any]:
    """What the introduction says about the Cloud."""
    found: dict[str, Any] = fresh.connect["jira_cloud"]
    return found


@pytest.fixture
def door(about: dict[str, Any]) -> str:
    """The address of the site behind the gateway."""
    return f"{about['gateway']['url']}/ex/jira/{about['cloud_id']}"


def exchanged(about: dict[str, Any], **changed: str) -> httpx.Response:
    known = {name: about["gateway"][name] for name in ("client_id", "client_secret", "refresh_token")}
    return httpx.post(f"{about['url']}/oauth/token", json={"grant_type": "refresh_token", **known, **changed})


def test_a_service_account_comes_in_by_the_gateway_and_sees_its_addresses(about: dict[str, Any], door: str) -> None:
    answer = httpx.get(door + MYSELF, headers=bearer(about["gateway"]["service_token"]))
    assert answer.status_code == 200
    assert answer.json()["self"].startswith(f"{door}/rest/api/3/user?")
    direct = httpx.get(about["url"] + MYSELF, auth=(about["email"], about["token"])).json()
    assert direct["self"].startswith(f"{about['url']}/rest/api/3/user?")
    assert direct["accountId"] == answer.json()["accountId"]


def test_trap_45_a_scoped_token_is_refused_by_the_site_itself(about: dict[str, Any], door: str) -> None:
    token = about["gateway"]["service_token"]
    for login in ({"headers": bearer(token)}, {"auth": (about["email"], token)}):
        refused = httpx.get(about["url"] + MYSELF, **login)
        assert (refused.status_code, refused.json()) == (401, {"code": 401, "message": "Unauthorized"})
        assert httpx.get(door + MYSELF, **login).status_code == 200


def test_an_unscoped_or_wrong_token_is_refused_by_the_gateway(about: dict[str, Any], door: str) -> None:
    for login in ({"auth": (about["email"], about["token"])}, {"headers": bearer("wrong")}, {}):
        refused = httpx.get(door + MYSELF, **login)
        assert (refused.status_code, refused.json()) == (401, {"code": 401, "message": "Unauthorized"})


def test_scopes_reach_only_so_far(fresh: Running, about: dict[str, Any], door: str) -> None:
    fresh.tell(scopes=["read:jira-work"])
    with httpx.Client(headers=bearer(about["gateway"]["service_token"])) as client:
        refused = client.get(f"{door}/rest/agile/1.0/board")
        assert refused.json() == {"code": 401, "message": "Unauthorized; scope does not match"}
        assert client.get(door + MYSELF).status_code == 401
        assert client.get(f"{door}/rest/api/3/project").status_code == 200
        fresh.tell(scopes=["read:jira-work", "read:board-scope:jira-software"])
        assert client.get(f"{door}/rest/agile/1.0/board").status_code == 200


def test_an_access_token_opens_its_sites_for_an_hour(fresh: Running, about: dict[str, Any], door: str) -> None:
    made = exchanged(about).json()
    assert (made["expires_in"], made["token_type"]) == (3600, "Bearer")
    assert "offline_access" in made["scope"].split()
    headers = bearer(made["access_token"])
    (site,) = httpx.get(about["url"] + RESOURCES, headers=headers).json()
    assert (site["id"], site["url"]) == (about["cloud_id"], about["url"])
    assert httpx.get(door + MYSELF, headers=headers).status_code == 200
    fresh.clock(3_599)
    assert httpx.get(door + MYSELF, headers=headers).status_code == 200
    fresh.clock(1)
    assert httpx.get(door + MYSELF, headers=headers).status_code == 401
    assert httpx.get(about["url"] + RESOURCES, headers=headers).status_code == 401


def test_a_refresh_token_is_good_for_one_use(about: dict[str, Any]) -> None:
    first = exchanged(about).json()
    refused = exchanged(about)
    assert (refused.status_code, refused.json()["error"]) == (403, "invalid_grant")
    second = exchanged(about, refresh_token=first["refresh_token"])
    assert second.status_code == 200
    tokens = {about["gateway"]["refresh_token"], first["refresh_token"], second.json()["refresh_token"]}
    assert len(tokens) == 3
    assert first["access_token"] != second.json()["access_token"]


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "access_denied"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"refresh_token": "wrong"}, 403, "invalid_grant"),
    ],
)
def test_a_bad_exchange_is_refused_and_changes_nothing(
    about: dict[str, Any], changed: dict[str, str], status: int, error: str
) -> None:
    refused = exchanged(about, **changed)
    assert (refused.status_code, refused.json()["error"]) == (status, error)
    assert exchanged(about).status_code == 200


def test_a_form_is_read_like_json(about: dict[str, Any]) -> None:
    known = {name: about["gateway"][name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = httpx.post(f"{about['url']}/oauth/token", data={"grant_type": "refresh_token", **known})
    assert answer.status_code == 200


def test_pages_behind_the_gateway_lead_on_behind_it(about: dict[str, Any], door: str) -> None:
    headers = bearer(about["gateway"]["service_token"])
    page = httpx.get(f"{door}/rest/api/3/project/search?maxResults=1", headers=headers).json()
    assert page["nextPage"].startswith(f"{door}/rest/api/3/project/search?")
    assert httpx.get(page["nextPage"], headers=headers).json()["isLast"] is True


def test_the_token_endpoint_does_not_count_as_a_site(
    fresh: Running, open_data_center: Callable[[Running], httpx.Client]
) -> None:
    assert open_data_center(fresh).post("/oauth/token", json={}).status_code == 404
