"""The trackers' own Python libraries talk to the simulator, over plain requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jira as jira_library
import pytest
from azure.devops.v7_1.core import CoreClient
from azure.devops.v7_1.work import WorkClient
from azure.devops.v7_1.work.models import TeamContext
from azure.devops.v7_1.work_item_tracking import WorkItemTrackingClient
from azure.devops.v7_1.work_item_tracking.models import Wiql
from msrest.authentication import BasicAuthentication

from simulator.server import Running


@pytest.fixture
def library(running: Running) -> Iterator[jira_library.JIRA]:
    client = jira_library.JIRA(running.jira_url, basic_auth=running.jira_auth, max_retries=0)
    yield client
    client.close()


@pytest.fixture
def sdk(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("AZURE_DEVOPS_CACHE_DIR", str(tmp_path))
    credentials = BasicAuthentication(*running.azure_devops_auth)
    clients = {"core": CoreClient, "work": WorkClient, "wit": WorkItemTrackingClient}
    return {name: client(running.azure_devops_url, credentials) for name, client in clients.items()}


def test_the_jira_library_reads_metadata(library: jira_library.JIRA) -> None:
    assert library._is_cloud
    assert [project.key for project in library.projects()] == ["PAY", "WEB"]
    assert {field["name"] for field in library.fields()} >= {
        "Sprint",
        "Story Points",
        "Story point estimate",
        "Flagged",
    }
    boards = library.boards(maxResults=0)
    assert [board.type for board in boards] == ["scrum", "simple", "kanban", "scrum"]
    assert len(library.sprints(boards[0].id, maxResults=0)) == 17
    assert len(library.project_versions("PAY")) > 5
    assert library.myself()["timeZone"] == "America/Los_Angeles"


def test_the_jira_library_reads_issues(library: jira_library.JIRA, running: Running) -> None:
    product = running.company.products[0]
    found = library.search_issues("project = PAY", maxResults=0)
    assert len(found) == sum(1 for issue in product.alive() if product.key(issue).startswith("PAY-"))
    changelog = library.issue(found[0].key, expand="changelog").changelog
    assert changelog.total == len(changelog.histories)


def test_the_jira_library_reads_a_data_center(running: Running) -> None:
    product = running.company.products[0]
    url, token = running.jira_data_center_url, running.jira_data_center_token
    library = jira_library.JIRA(url, token_auth=token, max_retries=0)
    assert not library._is_cloud
    assert library.server_info()["versionNumbers"] == [10, 3, 24]
    found = library.search_issues("project = PAY", maxResults=0, expand="changelog")
    assert len(found) == sum(1 for issue in product.alive() if product.key(issue).startswith("PAY-"))
    assert all(issue.changelog.total == len(issue.changelog.histories) for issue in found)
    boards = library.boards(maxResults=0)
    assert [board.type for board in boards] == ["scrum", "scrum", "kanban", "scrum"]
    assert len(library.sprints(boards[0].id, maxResults=0)) == 17
    assert library.search_users(user="flow")[0].key == "JIRAUSER10101"
    library.close()


def test_the_azure_devops_sdk_reads_projects_and_teams(sdk: dict[str, Any]) -> None:
    assert [project.name for project in sdk["core"].get_projects()] == ["Shop", "Intake"]
    assert [team.name for team in sdk["core"].get_teams("Shop")] == ["Shop Basket", "Shop Search"]


def test_the_azure_devops_sdk_reads_a_teams_work(sdk: dict[str, Any]) -> None:
    work, context = sdk["work"], TeamContext(project="Shop", team="Shop Search")
    iterations = work.get_team_iterations(context)
    assert (len(iterations), iterations[14].attributes.time_frame) == (17, "current")
    assert [i.name for i in work.get_team_iterations(context, timeframe="current")] == [iterations[14].name]
    assert len(work.get_capacities_with_identity_ref_and_totals(context, iterations[0].id).team_members) == 6
    assert len(work.get_team_days_off(context, iterations[2].id).days_off) == 1
    assert work.get_team_field_values(context).values[0].value == "Shop\\Search"
    assert work.get_team_settings(context).bugs_behavior == "asRequirements"
    effort = work.get_backlog_configurations(context).backlog_fields.type_fields["Effort"]
    assert effort == "Microsoft.VSTS.Scheduling.StoryPoints"
    assert work.get_board_columns(context, "Stories")[0].name == "New"


def test_the_azure_devops_sdk_reads_types_and_items(sdk: dict[str, Any], running: Running) -> None:
    wit = sdk["wit"]
    assert [kind.name for kind in wit.get_work_item_types("Shop")][:3] == ["Epic", "Feature", "User Story"]
    states = wit.get_work_item_type_states("Shop", "Bug")
    assert [state.category for state in states] == ["Proposed", "InProgress", "Resolved", "Completed"]
    assert len(wit.get_root_nodes("Shop", depth=14)[1].children) == 17
    assert {field.reference_name for field in wit.get_work_item_fields()} >= {"System.State", "Custom.Environment"}
    found = wit.query_by_wiql(Wiql(query="SELECT [System.Id] FROM WorkItems")).work_items
    assert len(found) == sum(1 for _ in running.company.products[1].alive())
    assert wit.get_work_item(found[0].id).fields["System.Id"] == found[0].id
    assert len(wit.get_updates(found[0].id)) >= 1
    assert len(wit.get_deleted_work_item_shallow_references("Shop")) >= 1
