"""Members of a group: by name, on a Cloud by id too; and a refusal says what is missing."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import AuthenticationError
from tests.connectors.jira.fake_data_center import FakeDataCenter
from tests.connectors.jira.fake_jira import Connect, FakeJira, pull
from warehouse.records import User, UserGroup

MEMBERS = "GET /rest/api/2/group/member"
GROUP_ID = "276f955c-63d7-42c8-9520-92d01dca0625"


def page(*people: str, is_last: bool = True) -> httpx.Response:
    values = [{"accountId": each, "displayName": each.title(), "active": True} for each in people]
    return httpx.Response(200, json={"values": values, "isLast": is_last, "total": 9})


def asked(jira: FakeJira) -> list[dict[str, str]]:
    return [dict(each.url.params) for each in jira.sent if each.url.path.endswith("/group/member")]


def test_a_group_is_asked_for_by_its_name_or_by_its_id(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[MEMBERS] = lambda _: page("mia")
    pull(connect(groups=("Customers & friends", GROUP_ID)), "groups")
    rest = {"includeInactiveUsers": "true", "startAt": "0", "maxResults": "50"}
    assert asked(jira) == [{"groupname": "Customers & friends", **rest}, {"groupId": GROUP_ID, **rest}]


def test_a_page_that_is_short_or_repeats_somebody_ends_nothing(jira: FakeJira, connect: Connect) -> None:
    pages = {"0": page("mia", is_last=False), "1": page("jo", "mia", is_last=False), "3": page("eve")}
    jira.overrides[MEMBERS] = lambda request: pages[request.url.params["startAt"]]
    pulled = pull(connect(groups=("customers",)), "groups")
    assert [row.user_id for row in pulled.rows(UserGroup)] == ["acme:eve", "acme:jo", "acme:mia"]
    assert pulled.rows(User) == []  # whom no issue names is not told of


def test_a_token_without_the_scope_is_told_which_one(jira: FakeJira, connect: Connect) -> None:
    refused = httpx.Response(401, json={"code": 401, "message": "Unauthorized; scope does not match"})
    jira.overrides[MEMBERS] = lambda _: refused
    (problem,) = pull(connect(groups=("customers",)), "groups").problems
    assert "give the account the scopes manage:jira-configuration, or read:group:jira, read:user:jira" in problem


def test_a_refused_login_is_one(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[MEMBERS] = lambda _: httpx.Response(401, json={"errorMessages": ["Client must be authenticated"]})
    with pytest.raises(AuthenticationError):
        pull(connect(groups=("customers",)), "groups")


@pytest.mark.parametrize("status", [400, 410])
def test_an_odd_answer_about_a_group_leaves_the_others(jira: FakeJira, connect: Connect, status: int) -> None:
    odd = httpx.Response(status, json={"errorMessages": ["odd"], "errors": {}})
    jira.overrides[MEMBERS] = lambda request: odd if request.url.params["groupname"] == "a" else page("mia")
    pulled = pull(connect(groups=("a", "b")), "groups")
    assert [row.group_name for row in pulled.rows(UserGroup)] == ["b"]
    assert "'a' cannot be read" in pulled.problems[0]


def test_a_data_center_knows_no_ids_of_groups_and_wants_an_administrator(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    no = httpx.Response(403, json={"errorMessages": ["no"]})
    data_center.overrides["GET /jira/rest/api/2/group/member"] = lambda _: no
    (problem,) = pull(connect_dc(groups=(GROUP_ID,)), "groups").problems
    (request,) = [each for each in data_center.sent if each.url.path.endswith("/group/member")]
    assert request.url.params["groupname"] == GROUP_ID
    assert "Jira Administrators" in problem


def test_an_unreadable_bookmark_asks_anew(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[MEMBERS] = lambda _: page("mia")
    first = pull(connect(groups=("customers",)), "groups")
    pull(connect(groups=("customers",)), "groups", bookmarks={"groups": "{"})
    pull(connect(groups=("customers",), url="https://acme.example"), "groups", bookmarks=first.bookmarks)
    assert len(asked(jira)) == 2
