"""Azure DevOps Server: its versions, its people, and parents that are told by links alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.azure_devops.gateway.versions import Versions
from connectors.azure_devops.mapping.identities import one_form, user, user_key
from connectors.errors import AuthenticationError, UnexpectedResponse
from tests.connectors.azure_devops.fake_organisation import FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store, sent
from warehouse.records import IssueChange, Source

OUT_OF_RANGE = "VssVersionOutOfRangeException"


def refusal(message: str, key: str = OUT_OF_RANGE) -> httpx.Response:
    return httpx.Response(400, json={"message": message, "typeKey": key})


def too_new(highest: str) -> httpx.Response:
    return refusal(
        "The requested REST API version of 7.1 is out of range for this server. "
        f"The latest REST API version this server supports is {highest}."
    )


def test_trap_79_the_version_steps_down_once_to_the_one_that_the_server_names() -> None:
    asked: list[str] = []

    def send(version: dict[str, str]) -> httpx.Response:
        asked.append(version["api-version"])
        return too_new("6.0") if asked[-1] != "6.0" else httpx.Response(200)

    versions = Versions()
    assert [versions.ask(each, send).status_code for each in ("projects", "fields")] == [200, 200]
    assert asked == ["7.1", "6.0", "6.0"]


@pytest.mark.parametrize("message", ["no number", "the latest is 7.1", "the latest is 9.0"])
def test_trap_79_a_refusal_that_names_no_lower_version_is_an_answer(message: str) -> None:
    assert Versions().ask("projects", lambda _: refusal(message)).status_code == 400


def test_trap_79_a_resource_without_a_release_is_asked_for_as_a_preview() -> None:
    asked: list[str] = []

    def send(version: dict[str, str]) -> httpx.Response:
        asked.append(version["api-version"])
        if asked[-1] == "7.1":
            return too_new("5.0")
        return (
            refusal("under preview", "VssInvalidPreviewVersionException") if asked[-1] == "5.0" else httpx.Response(200)
        )

    versions = Versions()
    assert [versions.ask("capacities", send).status_code for _ in range(2)] == [200, 200]
    assert asked == ["7.1", "5.0", "5.0-preview", "5.0-preview"]


def test_trap_79_a_preview_that_is_refused_as_well_is_an_answer() -> None:
    answer = refusal("under preview", "VssInvalidPreviewVersionException")
    assert Versions().ask("capacities", lambda _: answer) is answer


def test_trap_79_a_whole_run_speaks_the_version_of_the_server(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.newest_version = 7.0
    organisation.batches = [[sent(1, 1)]]
    connector = connect()
    assert connector.identify().version == "7.0"
    store.sync(connector)
    assert store.of(Source)["fab"].version == "7.0"
    ours = [each.url.params["api-version"] for each in organisation.requests if "api-version" in each.url.params]
    assert (ours.count("7.1"), set(ours)) == (1, {"7.1", "7.0"})
    library = {each.headers["accept"] for each in organisation.requests if "api-version" in each.headers["accept"]}
    assert library == {"application/json;api-version=7.0"}


def test_an_answer_that_refuses_no_version_is_told(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.override = lambda _request: refusal("VS403: no such thing", "Other")
    with pytest.raises(UnexpectedResponse, match="VS403: no such thing"):
        connect().identify()


@pytest.mark.parametrize(
    ("offered", "hint"), [("Basic, NTLM, Negotiate", True), ("Bearer authorization_uri=x, Basic", False), ("", False)]
)
def test_trap_02_a_server_that_refuses_a_token_says_why(
    organisation: FakeOrganisation, connect: Connect, *, offered: str, hint: bool
) -> None:
    body = {"message": "TF400813: The user '' is not authorized to access this resource.", "typeKey": "x"}
    organisation.override = lambda _request: httpx.Response(401, json=body, headers={"WWW-Authenticate": offered})
    said = r"the login is refused: dev\.azure\.com answered 401: TF400813"
    with pytest.raises(AuthenticationError, match=said) as caught:
        connect().identify()
    assert ("IIS basic authentication" in str(caught.value)) is hint
    assert "pat" not in str(caught.value).replace("personal access", "")


def test_trap_81_people_of_a_domain_have_one_key_in_both_forms() -> None:
    as_object = one_form({"displayName": "Jo Miller", "uniqueName": "FAB\\jo", "id": "d291"})
    assert user_key(as_object) == user_key("Jo Miller <FAB\\jo>") == "fab\\jo"
    assert (user("fab", as_object).display_name, user("fab", as_object).email) == ("Jo Miller", None)


def link(parent: int, child: int, day: int, *, made: bool = True) -> dict[str, Any]:
    moment = f"2026-09-{day:02}T10:00:00Z"
    rel = "System.LinkTypes.Hierarchy"
    return {"rel": rel, "sourceId": parent, "targetId": child, "changedDate": moment, "isActive": made}


@pytest.fixture
def old(organisation: FakeOrganisation) -> FakeOrganisation:
    """A Server 2019: its items do not name their parents."""
    organisation.fields = [each for each in organisation.fields if each["referenceName"] != "System.Parent"]
    return organisation


def test_a_parent_that_is_told_by_a_link_stays_with_later_revisions(
    old: FakeOrganisation, store: Store, connect: Connect
) -> None:
    old.batches, old.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"
    old.batches.append([sent(2, 2, 3, State="Active")])
    store.sync(connect())
    assert (store.issue(2).parent_id, store.issue(2).status) == ("fab:1", "Active")
    assert store.changes(2, "parent") == []


def test_a_parent_that_is_taken_away_is_gone_and_a_late_removal_of_a_former_one_does_no_harm(
    old: FakeOrganisation, store: Store, connect: Connect
) -> None:
    old.batches, old.links = [[sent(n, 1) for n in range(1, 4)]], [[link(1, 3, 2)]]
    store.sync(connect())
    old.links.append([link(2, 3, 3), link(1, 3, 3, made=False)])
    store.sync(connect())
    assert store.issue(3).parent_id == "fab:2"
    old.links.append([link(2, 3, 4, made=False)])
    store.sync(connect())
    assert store.issue(3).parent_id is None


def test_reading_anew_keeps_parents_although_the_links_are_not_read_again(
    old: FakeOrganisation, store: Store, connect: Connect
) -> None:
    old.batches, old.links = [[sent(1, 1), sent(2, 1)], [sent(2, 2, 2, State="Active")]], [[link(1, 2, 2)]]
    store.sync(connect())
    del store.bookmarks["issues"]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"
    assert {row.field for row in store.of(IssueChange).values()} == {"status"}


def test_an_item_that_comes_into_scope_later_is_asked_for_its_parent(
    old: FakeOrganisation, store: Store, connect: Connect
) -> None:
    old.projects = [FakeProject("p1", "Fab"), FakeProject("p2", "Old")]
    old.batches, old.links = [[sent(1, 1), sent(2, 1, 1, "Old")]], [[link(1, 2, 2)]]
    store.sync(connect(projects=("Fab",)))
    up = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": "https://x/_apis/wit/workItems/1"}
    down = {"rel": "System.LinkTypes.Hierarchy-Forward", "url": "https://x/_apis/wit/workItems/9"}
    old.histories, old.seen = {2: [sent(2, 1, 1, "Old"), sent(2, 2, 3)]}, {2: {"relations": [down, up]}}
    old.batches.append([sent(2, 2, 3)])
    store.sync(connect(projects=("Fab",)))
    assert store.issue(2).parent_id == "fab:1"
    assert len(old.asked("workitemsbatch")) == 1
