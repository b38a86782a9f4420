"""A running simulator for the tests, and clients that are logged in."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from simulator.server import Running, serve

TLS = ssl.create_default_context()  # made once: each client would read the certificates anew


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """A small company that nobody changes."""
    with serve(issues=400) as simulator:
        yield simulator


@pytest.fixture
def fresh() -> Iterator[Running]:
    """A small company of the test's own."""
    with serve(issues=120) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def connect() -> Iterator[Callable[[Running], tuple[httpx.Client, httpx.Client]]]:
    """Makes a client of each tracker."""
    clients: list[httpx.Client] = []

    def made(simulator: Running) -> tuple[httpx.Client, httpx.Client]:
        jira = httpx.Client(base_url=simulator.jira_url, auth=simulator.jira_auth, timeout=30, verify=TLS)
        azure = httpx.Client(
            base_url=simulator.azure_devops_url, auth=simulator.azure_devops_auth, timeout=30, verify=TLS
        )
        clients.extend((jira, azure))
        return jira, azure

    yield made
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def jira(running: Running, connect: Callable[[Running], tuple[httpx.Client, httpx.Client]]) -> httpx.Client:
    """The unchanging Jira site."""
    return connect(running)[0]


@pytest.fixture(scope="session")
def azure(running: Running, connect: Callable[[Running], tuple[httpx.Client, httpx.Client]]) -> httpx.Client:
    """The unchanging Azure DevOps organisation."""
    return connect(running)[1]


@pytest.fixture(scope="session")
def open_server() -> Iterator[Callable[[Running], httpx.Client]]:
    """Makes a client of the Azure DevOps Server."""
    clients: list[httpx.Client] = []

    def made(simulator: Running) -> httpx.Client:
        url, auth = simulator.azure_devops_server_url, simulator.azure_devops_server_auth
        clients.append(httpx.Client(base_url=url, auth=auth, timeout=30, verify=TLS))
        return clients[-1]

    yield made
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def server(running: Running, open_server: Callable[[Running], httpx.Client]) -> httpx.Client:
    """The unchanging collection of the Azure DevOps Server."""
    return open_server(running)


@pytest.fixture(scope="session")
def walk_jql() -> Callable[..., list[dict[str, Any]]]:
    """Reads all pages of a search."""

    def walk(client: httpx.Client, jql: str, **body: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        asked: dict[str, Any] = {"jql": jql, **body}
        while True:
            page = client.post("/rest/api/3/search/jql", json=asked).json()
            found += page["issues"]
            if page["isLast"]:
                return found
            asked["nextPageToken"] = page["nextPageToken"]

    return walk


@pytest.fixture(scope="session")
def walk_feed() -> Callable[..., tuple[list[dict[str, Any]], str]]:
    """Reads all batches of the revisions feed; gives the rows and the last token."""

    def walk(client: httpx.Client, path: str = "", **params: Any) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        params = {"api-version": "7.1", "includeDeleted": "true", **params}
        while True:
            answer = client.get(f"{path}/_apis/wit/reporting/workitemrevisions", params=params)
            page = answer.json()
            found += page["values"]
            if page["isLastBatch"]:
                return found, page["continuationToken"]
            params["continuationToken"] = page["continuationToken"]

    return walk


@pytest.fixture(scope="session")
def open_data_center() -> Iterator[Callable[[Running], httpx.Client]]:
    """Makes a client of the Jira Data Center."""
    clients: list[httpx.Client] = []

    def made(simulator: Running) -> httpx.Client:
        login = {"Authorization": f"Bearer {simulator.jira_data_center_token}"}
        clients.append(httpx.Client(base_url=simulator.jira_data_center_url, headers=login, timeout=30, verify=TLS))
        return clients[-1]

    yield made
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def data_center(running: Running, open_data_center: Callable[[Running], httpx.Client]) -> httpx.Client:
    """The unchanging Jira Data Center."""
    return open_data_center(running)


@pytest.fixture(scope="session")
def walk_search() -> Callable[..., list[dict[str, Any]]]:
    """Reads all pages of a Data Center's search."""

    def walk(client: httpx.Client, jql: str, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            params = {"jql": jql, **asked, "startAt": len(found)}
            page = client.get("/rest/api/2/search", params=params).json()
            found += page["issues"]
            if len(found) >= page["total"]:
                return found

    return walk
