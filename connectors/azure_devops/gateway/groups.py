"""Asks who is in a group: the Graph of the Services, the identities of a Server, which has no Graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import msgspec

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.answers import Listing
from connectors.http import decode

GRAPH = "bb1e7ec9-e901-4b68-999a-de7012b920f8"
"""The area of services that the Graph is."""
_VERSION = {"api-version": "7.1-preview.1"}
"""Of the Graph, which never had another one than previews."""
_SHARED = "https://vssps.dev.azure.com"
_AT_ONCE = 50


class ResourceArea(msgspec.Struct, frozen=True, rename="camel"):
    """Where an area of services is."""

    id: str
    location_url: str | None = None


class Subject(msgspec.Struct, frozen=True, rename="camel"):
    """A person, an application or a group, as the Graph tells them; groups' two names have changed places once."""

    descriptor: str
    subject_kind: str = ""
    origin: str = ""
    domain: str | None = None
    principal_name: str | None = None
    display_name: str | None = None
    mail_address: str | None = None


class Membership(msgspec.Struct, frozen=True, rename="camel"):
    """That somebody is directly in a group."""

    member_descriptor: str


class LookedUp(msgspec.Struct, frozen=True):
    """Subjects by descriptor; what is gone is null."""

    value: dict[str, Subject | None] = {}


class Property(msgspec.Struct, frozen=True):
    """A value of an identity with its type beside it."""

    value: Any = msgspec.field(name="$value", default=None)


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    """A person or a group, as a Server tells them."""

    id: str
    provider_display_name: str | None = None
    custom_display_name: str | None = None
    is_container: bool = False
    member_ids: list[str] | None = None
    properties: dict[str, Property] = {}

    def told(self, name: str) -> str:
        """A property as text; empty when it is not there."""
        found = self.properties.get(name)
        return "" if found is None or found.value is None else str(found.value)


class Send(Protocol):
    """Sends a request and gives its successful answer, or raises the `SourceError` that fits."""

    def __call__(self, method: str, path: str, params: dict[str, Any] | None, body: object = None) -> httpx.Response:
        """In a version of the API that the server speaks, unless `params` name one."""
        ...


def siblings(url: str) -> tuple[str, ...]:
    """Other servers of Microsoft's that an organisation of the Services has, and that its login may be shown to."""
    host = httpx.URL(url).host
    if host == "dev.azure.com":
        return (_SHARED,)
    name, dot, domain = host.partition(".")
    return (_SHARED, f"https://{name}.vssps.{domain}") if dot and domain == "visualstudio.com" else ()


class Graph:
    """The Graph at an address of its own."""

    def __init__(self, send: Send, url: str) -> None:
        self._send = send
        self._api = f"{url.rstrip('/')}/_apis/graph"

    def groups(self) -> Iterator[Subject]:
        """All groups of the organisation and its projects."""

        def fetch(params: dict[str, Any]) -> tuple[list[Subject], str | None]:
            asked = {name: value for name, value in params.items() if name == "continuationToken"}
            response = self._send("GET", f"{self._api}/groups", {**asked, **_VERSION})
            return decode(response, Listing[Subject]).rows, response.headers.get(paging.TOKEN_HEADER)

        return paging.by_header(fetch)

    def members(self, descriptor: str) -> list[str]:
        """Descriptors of those who are directly in a group."""
        path, params = f"{self._api}/Memberships/{quote(descriptor, safe='')}", {"direction": "down", **_VERSION}
        return [each.member_descriptor for each in decode(self._send("GET", path, params), Listing[Membership]).rows]

    def subjects(self, descriptors: Sequence[str]) -> Iterator[Subject]:
        """What the descriptors stand for; those that are gone are left out."""
        for few in _portions(descriptors):
            body = {"lookupKeys": [{"descriptor": each} for each in few]}
            found = decode(self._send("POST", f"{self._api}/subjectlookup", _VERSION, body), LookedUp)
            yield from (each for each in found.value.values() if each is not None)


class Identities:
    """The identities of a collection."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def named(self, search: str, name: str) -> list[Identity]:
        """People and groups of a name. `search`: `LocalGroupName` (groups of Azure DevOps only) or `General`."""
        return self._read({"searchFilter": search, "filterValue": name, "queryMembership": "None"})

    def with_members(self, ids: Sequence[str]) -> Iterator[Identity]:
        """The identities with the ids of those who are directly in them."""
        return self._by_id(ids, "Direct")

    def by_id(self, ids: Sequence[str]) -> Iterator[Identity]:
        """The identities of these ids."""
        return self._by_id(ids, "None")

    def _by_id(self, ids: Sequence[str], membership: str) -> Iterator[Identity]:
        for few in _portions(ids):
            yield from self._read({"identityIds": ",".join(few), "queryMembership": membership})

    def _read(self, params: dict[str, Any]) -> list[Identity]:
        found = decode(self._send("GET", "_apis/identities", params), Listing[Identity | None])
        return [each for each in found.rows if each is not None]  # what is not to be seen is null


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
