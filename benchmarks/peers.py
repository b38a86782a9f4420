"""Others that pull the same, where they are installed; each reads everything and stores what it stores by itself."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from benchmarks.trackers import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One of them: the work to measure, or why it cannot be."""

    name: str
    work: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""


def jira(tracker: Tracker) -> list[Peer]:
    """Those that pull a Jira Cloud."""
    login = {"url": tracker.url, "email": tracker.email, "token": tracker.token, "projects": tracker.projects}
    return [
        Peer(name="jira library", work="benchmarks.peers:jira_library", arguments=login),
        _where_installed("dlt", Peer(name="dlt (REST source, files)", work="benchmarks.peers:dlt", arguments=login)),
        # it builds addresses as https://DOMAIN, so it cannot be pointed at a plain loopback address
        _where_installed(
            "source_jira", Peer(name="airbyte-source-jira", missing="it speaks https only, the simulator does not")
        ),
    ]


def azure_devops(tracker: Tracker) -> list[Peer]:
    """Those that read an Azure DevOps."""
    login = {"url": tracker.url, "token": tracker.token}
    return [Peer(name="azure-devops SDK, feed", work="benchmarks.peers:azure_devops_sdk", arguments=login)]


def _where_installed(module: str, peer: Peer) -> Peer:
    return peer if find_spec(module) else Peer(name=peer.name, missing=f"{module} is not installed")


def jira_library(url: str, email: str, token: str, projects: Sequence[str]) -> dict[str, int]:
    """Issues with their histories as the library's objects; nothing is stored."""
    client = importlib.import_module("jira").JIRA(url, basic_auth=(email, token))
    told = {"issues": 0, "changes": 0}
    for key in projects:
        following: str | None = ""
        while following is not None:
            page = client.enhanced_search_issues(
                f"project = {key} ORDER BY id ASC",
                nextPageToken=following or None,
                maxResults=100,
                fields="*all",
                expand="changelog",
            )
            told["issues"] += len(page)
            told["changes"] += sum(len(entry.items) for issue in page for entry in issue.changelog.histories)
            following = page.nextPageToken
    return told


def dlt(url: str, email: str, token: str, projects: Sequence[str]) -> dict[str, int]:
    """Issues with their histories into files, the cheapest of its destinations, by dlt's declarative REST source."""
    library, source = importlib.import_module("dlt"), importlib.import_module("dlt.sources.rest_api")
    query = " OR ".join(f"project = {key}" for key in projects)
    asked = {"jql": f"{query} ORDER BY id ASC", "fields": "*all", "expand": "changelog", "maxResults": 100}
    token_of = {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "nextPageToken"}
    login = {"type": "http_basic", "username": email, "password": token}
    endpoint = {"path": "search/jql", "params": asked, "paginator": token_of, "data_selector": "issues"}
    issues = source.rest_api_source(
        {
            "client": {"base_url": f"{url}/rest/api/3/", "auth": login},
            "resources": [{"name": "issues", "primary_key": "id", "endpoint": endpoint}],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        into = library.destinations.filesystem(f"file://{folder}/files")
        pipeline = library.pipeline("bench", destination=into, dataset_name="bench", pipelines_dir=folder)
        pipeline.run(issues)
        return dict(pipeline.last_trace.last_normalize_info.row_counts)


def azure_devops_sdk(url: str, token: str) -> dict[str, int]:
    """The feed of revisions as the SDK's objects; nothing is stored."""
    basic = importlib.import_module("msrest.authentication").BasicAuthentication("", token)
    connection = importlib.import_module("azure.devops.connection").Connection(base_url=url, creds=basic)
    client = connection.clients_v7_1.get_work_item_tracking_client()
    told, position = {"revisions": 0}, None
    while True:
        batch = client.read_reporting_revisions_get(
            continuation_token=position, include_deleted=True, include_identity_ref=True, max_page_size=1_000
        )
        # its class for a batch of this feed names no fields, so what it parsed lies among what it does not know
        told["revisions"] += len(batch.values or batch.additional_properties["values"])
        if batch.is_last_batch or batch.additional_properties.get("isLastBatch"):
            return told
        position = batch.continuation_token or batch.additional_properties["continuationToken"]
