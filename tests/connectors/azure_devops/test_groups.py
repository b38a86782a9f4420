"""Groups of the Services come from the Graph on a server of its own, those of a Server from its identities."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import msgspec
import pytest
import respx

from connectors.azure_devops.gateway.groups import GRAPH, Identity, Subject, siblings
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping.groups import (
    FoundGroup,
    keys_of_identity,
    keys_of_subject,
    matching,
    of_identity,
    of_subject,
)
from connectors.azure_devops.pulling.groups import GroupDirectory
from connectors.errors import AuthenticationError
from connectors.groups import Members
from connectors.http import HttpSettings

HERE, THERE = "https://dev.azure.com/fab", "https://vssps.dev.azure.com/fab"
PROJECT, COLLECTION = "vstfs:///Classification/TeamProject/1", "vstfs:///Framework/IdentityDomain/1"


def group(name: str, *, key: str = "", scope: str = "Shop", origin: str = "vsts", **more: Any) -> dict[str, Any]:
    """A group as the Graph tells it."""
    return {
        "subjectKind": "group",
        "descriptor": key or f"vssgp.{scope}.{name}",
        "principalName": f"[{scope}]\\{name}",
        "displayName": name,
        "mailAddress": None,
        "domain": COLLECTION if scope in {"fab", "TEAM FOUNDATION"} else PROJECT,
        "origin": origin,
        **more,
    }


def person(login: str, **more: Any) -> dict[str, Any]:
    unique = f"{login}@fab.example"
    told = {"principalName": unique, "mailAddress": unique, "displayName": login, "origin": "aad"}
    return {"subjectKind": "user", "descriptor": f"aad.{login}", **told, **more}


class FakeGraph:
    """Groups with their members by descriptor, at the Graph's own server."""

    def __init__(self, router: respx.Router) -> None:
        self.subjects: dict[str, Mapping[str, Any]] = {}
        self.members: dict[str, Sequence[str]] = {}
        self.area: dict[str, str] | None = {"id": GRAPH.upper(), "name": "Graph", "locationUrl": f"{THERE}/"}
        self.asked: list[httpx.Request] = []
        router.get(f"{HERE}/_apis/ResourceAreas").mock(side_effect=self._areas)
        router.route(url__startswith=THERE).mock(side_effect=self._answer)

    def holds(self, subject: Mapping[str, Any], *members: Mapping[str, Any]) -> None:
        for each in (subject, *members):
            self.subjects.setdefault(each["descriptor"], each)
        self.members[subject["descriptor"]] = [each["descriptor"] for each in members]

    def _areas(self, _: httpx.Request) -> httpx.Response:
        return listing([self.area] if self.area else [])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("/groups"):
            return listing([each for each in self.subjects.values() if each["subjectKind"] == "group"])
        if request.url.path.endswith("/subjectlookup"):
            keys = [key["descriptor"] for key in json.loads(request.content)["lookupKeys"]]
            return httpx.Response(200, json={"value": {key: self.subjects.get(key) for key in keys}})
        assert request.url.params["direction"] == "down"
        members = self.members[request.url.path.rpartition("/")[2]]
        return listing([{"containerDescriptor": "x", "memberDescriptor": each} for each in members])


def listing(rows: Sequence[Mapping[str, Any] | None]) -> httpx.Response:
    return httpx.Response(200, json={"count": len(rows), "value": rows})


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def graph(router: respx.MockRouter) -> FakeGraph:
    return FakeGraph(router)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway(HERE, "pat", HttpSettings(attempts=1))
    yield made
    made.close()


@pytest.fixture
def groups(gateway: Gateway) -> GroupDirectory:
    return GroupDirectory("fab", gateway, 2)


def told(answer: Members | str) -> set[str]:
    assert isinstance(answer, Members), answer
    return {one for ids in answer.people for one in ids}


def test_the_login_is_shown_to_the_graph_s_own_server_in_its_own_version(
    graph: FakeGraph, groups: GroupDirectory
) -> None:
    graph.holds(group("Customers"), person("Eve"))
    assert told(groups.ask("customers")) == {"eve@fab.example"}
    assert {each.headers["Authorization"] for each in graph.asked} == {"Basic OnBhdA=="}
    assert {each.url.params["api-version"] for each in graph.asked} == {"7.1-preview.1"}
    assert {each.url.host for each in graph.asked} == {"vssps.dev.azure.com"}


def test_all_groups_are_listed_once_however_many_are_asked_for(graph: FakeGraph, groups: GroupDirectory) -> None:
    graph.holds(group("A"), person("eve"))
    graph.holds(group("B"), person("mia"))
    assert (told(groups.ask("A")), told(groups.ask("B"))) == ({"eve@fab.example"}, {"mia@fab.example"})
    assert sum(each.url.path.endswith("/groups") for each in graph.asked) == 1


@pytest.mark.parametrize(
    "place", ["https://evil.example/fab/", "http://vssps.dev.azure.com/fab/", "https://vssps.dev.azure.com:8443/"]
)
def test_the_login_is_shown_to_no_other_address_whatever_the_tracker_names(
    router: respx.MockRouter, graph: FakeGraph, groups: GroupDirectory, place: str
) -> None:
    away = router.route(url__startswith=place).mock(return_value=listing([]))
    graph.area = {"id": GRAPH, "name": "Graph", "locationUrl": place}
    answer = groups.ask("customers")
    assert isinstance(answer, str)
    assert "to which the login is not shown" in answer
    assert not away.called


@pytest.mark.parametrize(
    ("url", "others"),
    [
        ("https://dev.azure.com/fab", ("https://vssps.dev.azure.com",)),
        ("https://fab.visualstudio.com", ("https://vssps.dev.azure.com", "https://fab.vssps.visualstudio.com")),
        ("https://tfs.fab.example/tfs/Fab", ()),
        ("https://evil.dev.azure.com.example/fab", ()),
        ("https://dev.azure.com.evil.example/fab", ()),
    ],
)
def test_only_organisations_of_microsoft_s_have_other_servers(url: str, others: tuple[str, ...]) -> None:
    assert siblings(url) == others


def test_groups_that_hold_one_another_end(graph: FakeGraph, groups: GroupDirectory) -> None:
    outer, inner = group("Outer"), group("Inner")
    graph.holds(outer, inner, person("eve"))
    graph.holds(inner, outer, inner, person("mia"), person("eve"))
    answer = groups.ask("outer")
    assert told(answer) == {"eve@fab.example", "mia@fab.example"}
    assert isinstance(answer, Members)
    assert len(answer.people) == 2


def test_a_member_that_is_gone_is_left_out(graph: FakeGraph, groups: GroupDirectory) -> None:
    graph.holds(group("A"), person("eve"), person("mia"))
    del graph.subjects["aad.mia"]
    assert told(groups.ask("A")) == {"eve@fab.example"}


def test_a_group_of_entra_is_told_to_be_known_in_part(graph: FakeGraph, groups: GroupDirectory) -> None:
    entra = group("Clients", scope="TEAM FOUNDATION", origin="aad")
    graph.holds(group("Customers"), entra)
    graph.holds(entra, person("eve"))
    answer = groups.ask("Customers")
    assert isinstance(answer, Members)
    (note,) = answer.notes
    assert note.startswith(r"[Shop]\Customers is or holds groups of Microsoft Entra ([TEAM FOUNDATION]\Clients)")


def test_a_name_that_several_projects_have_is_asked_back(graph: FakeGraph, groups: GroupDirectory) -> None:
    for scope in ("Shop", "Intake"):
        graph.holds(group("Contributors", scope=scope), person(scope))
    answer = groups.ask("Contributors")
    assert isinstance(answer, str)
    assert r"2 groups are called 'Contributors'" in answer
    assert r"[Intake]\Contributors, [Shop]\Contributors" in answer
    assert told(groups.ask(r"[SHOP]\contributors")) == {"shop@fab.example"}


def test_a_scope_that_the_token_lacks_is_no_dead_login(
    router: respx.MockRouter, graph: FakeGraph, groups: GroupDirectory
) -> None:
    refused = httpx.Response(401, json={"message": "TF400813: not authorized"})
    router.route(url__startswith=THERE).mock(return_value=refused)
    router.get(f"{HERE}/_apis/projects").mock(return_value=listing([]))
    answer = groups.ask("customers")
    assert isinstance(answer, str)
    assert "the scope Graph (Read)" in answer
    assert "TF400813" in answer
    assert graph.asked == []


def test_a_login_that_is_dead_is_one(router: respx.MockRouter, graph: FakeGraph, groups: GroupDirectory) -> None:
    refused = httpx.Response(401, json={"message": "TF400813: not authorized"})
    router.route(url__startswith=THERE).mock(return_value=refused)
    router.get(f"{HERE}/_apis/projects").mock(return_value=refused)
    with pytest.raises(AuthenticationError):
        groups.ask("customers")
    assert graph.area


def identity(account: str, domain: str = "FAB", *, mail: str = "", **more: Any) -> Identity:
    """Somebody as a Server tells them."""
    texts = {"Account": account, "Domain": domain, "Mail": mail}
    properties = {name: {"$type": "System.String", "$value": text} for name, text in texts.items()}
    told = {"id": account, "providerDisplayName": account, "properties": properties, **more}
    return msgspec.convert(told, Identity)


def subject(told: Mapping[str, Any]) -> Subject:
    return msgspec.convert(dict(told), Subject)


@pytest.mark.parametrize(
    ("who", "ids"),
    [
        (identity("Jo", mail="Jo@Fab.example"), ("fab\\jo", "jo@fab.example")),
        (identity("jo@fab.example", "7a394543-62fd", mail="jo@fab.example"), ("jo@fab.example",)),
        (identity("Jo"), ("fab\\jo",)),
        (identity("FAB\\Jo"), ("fab\\jo",)),
        (identity("Build", "vstfs:///Framework/Generic/1"), ("build",)),
    ],
)
def test_people_of_a_server_are_named_by_their_domain_and_their_address(who: Identity, ids: tuple[str, ...]) -> None:
    assert keys_of_identity(who) == ids


def test_people_of_the_services_are_named_by_account_and_address() -> None:
    assert keys_of_subject(subject(person("Jo"))) == ("jo@fab.example",)
    guest = person("jo", principalName="jo_ext#EXT#@fab.example", mailAddress="Jo@ext.example")
    assert keys_of_subject(subject(guest)) == ("jo_ext#ext#@fab.example", "jo@ext.example")
    assert keys_of_subject(subject(person("bot", principalName="4f1c", mailAddress=None))) == ("4f1c",)


def names(found: Sequence[FoundGroup]) -> list[str]:
    return sorted(each.shown for each in found)


def test_a_name_alone_means_the_organisation_s_group_or_the_only_one_of_a_project() -> None:
    known = [of_subject(subject(group("QA", scope=scope))) for scope in ("fab", "Shop", "Intake")]
    known += [of_subject(subject(group("Solo"))), of_subject(subject(group("Twin", scope="Shop")))]
    known += [of_subject(subject(group("Twin", scope="Intake")))]
    assert names(matching(known, "qa")) == [r"[fab]\QA"]
    assert names(matching(known, r"[shop]\QA")) == [r"[Shop]\QA"]
    assert names(matching(known, "solo")) == [r"[Shop]\Solo"]
    assert names(matching(known, "twin")) == [r"[Intake]\Twin", r"[Shop]\Twin"]
    assert names(matching(known, r"[web]\QA")) == []


def test_the_two_names_of_a_group_may_have_changed_places() -> None:
    old = group("QA", principalName="QA", displayName=r"[Shop]\QA")
    assert names(matching([of_subject(subject(old))], r"[Shop]\QA")) == [r"[Shop]\QA"]


@pytest.mark.parametrize("name", ["customers", r"FAB\Customers", r"[FAB]\customers"])
def test_a_group_of_active_directory_is_found_by_its_domain_too(name: str) -> None:
    told = identity("Customers", providerDisplayName=r"[FAB]\Customers", isContainer=True)
    assert names(matching([of_identity(told)], name)) == [r"[FAB]\Customers"]
