"""A work item's newest revision becomes a row of `issues`; structure becomes boards, sprints and statuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connectors.azure_devops.gateway.answers import (
    AreaField,
    AreaValue,
    Backlogs,
    Category,
    Iteration,
    IterationDates,
    Listing,
    Node,
    Revision,
    Team,
    TeamAreas,
)
from connectors.azure_devops.mapping import items as mapping
from connectors.azure_devops.mapping import teams as team_mapping
from connectors.azure_devops.mapping.fields import RoleFields
from connectors.azure_devops.mapping.identities import display_name, one_form, user_key
from connectors.azure_devops.mapping.snapshots import Context, snapshot
from connectors.azure_devops.mapping.structure import index, levels
from warehouse.records import Issue

Make = Callable[..., Revision]
BERLIN = ZoneInfo("Europe/Berlin")
TEAM = Team("t-1", "Web Team")


def issue(context: Context, revision: Revision, *, in_scope: bool = True) -> Issue:
    return mapping.issue(context, revision.id, snapshot(context, revision), in_scope=in_scope)


def test_columns_come_from_the_revision(context: Context, revision: Make) -> None:
    row = issue(
        context,
        revision(
            2,
            Microsoft__VSTS__Scheduling__StoryPoints=3,
            Microsoft__VSTS__Common__Severity="2 - High",
            Custom__Environment="Production",
            System__Parent=5,
            System__Tags="a; b",
            Custom__Team="Red",
        ),
    )
    assert (row.issue_id, row.key, row.project_id) == ("con:7", "7", "con:p-fab")
    assert row.url == "https://dev.azure.com/con/_workitems/edit/7"
    assert row.status_id == "con:p-fab:Bug:New"
    assert (row.story_points, row.severity, row.found_in, row.parent_id) == (3.0, "2 - High", "Production", "con:5")
    assert row.created_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert row.sprint_ids == "i-root"
    custom = msgspec.json.decode(row.custom_fields)
    assert custom["Squad"] == "Red"
    assert custom["Environment"] == "Production"
    assert "Title" not in custom


def test_trap_71_points_come_from_the_field_of_the_process(context: Context, revision: Make) -> None:
    scrum = revision(1, System__TeamProject="Old", Microsoft__VSTS__Scheduling__Effort=8)
    assert issue(context, scrum).story_points == 8.0


def test_trap_70_a_state_means_what_its_type_says(context: Context) -> None:
    rows = mapping.statuses("con", context.organisation.model("Fab"))
    resolved = {row.issue_type: row.category for row in rows if row.name == "Resolved"}
    assert resolved == {"Bug": "resolved", "User Story": "inprogress"}
    assert len({row.status_id for row in rows}) == len(rows)


def test_trap_68_deleted_is_marked_and_restored_is_alive(context: Context, revision: Make) -> None:
    gone = issue(context, revision(2, System__IsDeleted=True))
    assert (gone.absence, gone.deleted_at) == ("deleted", gone.updated_at)
    back = issue(context, revision(3, System__IsDeleted=False))
    assert (back.absence, back.deleted_at) == (None, None)


def test_an_item_that_left_the_scope_is_marked_moved_away(context: Context, revision: Make) -> None:
    assert issue(context, revision(2, System__TeamProject="Old"), in_scope=False).absence == "moved_away"


def test_tags_become_labels(context: Context, revision: Make) -> None:
    kept = snapshot(context, revision(1, System__Tags="escaped; UI;escaped"))
    assert [label.label for label in mapping.labels(context, 7, kept)] == ["escaped", "UI"]


def test_trap_72_an_iteration_lasts_whole_days_of_the_calendar() -> None:
    days = IterationDates(
        start_date=datetime(2026, 3, 23, tzinfo=UTC), finish_date=datetime(2026, 4, 3, tzinfo=UTC), time_frame="past"
    )
    row = team_mapping.sprint(
        "con", TEAM, Iteration("i-s1", "S1", days), BERLIN, datetime(2026, 4, 3, 21, 59, tzinfo=UTC)
    )
    assert (row.sprint_id, row.iteration_id, row.board_id) == ("con:i-s1:t-1", "con:i-s1", "con:t-1")
    assert row.start_at == datetime(2026, 3, 22, 23, tzinfo=UTC)  # winter time
    assert row.end_at == datetime(2026, 4, 3, 22, tzinfo=UTC)  # summer time
    assert row.state == "active"
    later = team_mapping.sprint(
        "con", TEAM, Iteration("i-s1", "S1", days), BERLIN, datetime(2026, 4, 3, 22, tzinfo=UTC)
    )
    assert later.state == "closed"
    assert (row.start_on, row.finish_on) == (date(2026, 3, 23), date(2026, 4, 3))


def test_trap_21_an_iteration_without_dates_is_a_future_sprint() -> None:
    row = team_mapping.sprint("con", TEAM, Iteration("i-s9", "S9", None), BERLIN, datetime(2026, 4, 3, tzinfo=UTC))
    assert (row.state, row.start_at, row.end_at) == ("future", None, None)


def test_a_team_owns_its_areas_unless_another_field_defines_it() -> None:
    owned = TeamAreas(AreaField("System.AreaPath"), [AreaValue("Fab\\Web", include_children=True)])
    assert [(row.area_path, row.includes_children) for row in team_mapping.board_areas("con", TEAM, owned)] == [
        ("Fab\\Web", True)
    ]
    other = TeamAreas(AreaField("Custom.Squad"), [AreaValue("Red")])
    assert team_mapping.board_areas("con", TEAM, other) == []
    assert team_mapping.other_team_field(other) == "Custom.Squad"


def test_trap_75_nodes_are_found_by_the_path_that_items_have() -> None:
    child = Node(id=2, identifier="g2", name="S1", structure_type="iteration")
    nodes = index([Node(id=1, identifier="g1", name="Fab", structure_type="iteration", children=[child])])
    assert nodes.guid("Fab\\S1", None) == "g2"
    assert nodes.guid("Fab\\Renamed", 2) == "g2"
    assert nodes.guid("Fab\\Gone", None) is None


def test_levels_by_category(categories: list[Category]) -> None:
    assert levels(categories, Backlogs()) == {"Task": "subtask", "Code Review Request": "subtask"}


@pytest.mark.parametrize(
    "identity",
    [
        {"displayName": "Jo", "uniqueName": "Jo@Fab.example"},
        {"name": "Jo <jo@fab.example>"},
        {"displayName": "Jo", "name": "Jo <jo@fab.example>"},
    ],
)
def test_trap_81_identities_have_one_key(identity: dict[str, str]) -> None:
    text = one_form(identity)
    assert (user_key(text), display_name(text)) == ("jo@fab.example", "Jo")


def test_lists_are_read_whichever_name_they_have() -> None:
    assert msgspec.json.decode(b'{"count":1,"values":[1]}', type=Listing[int]).rows == [1]
    assert msgspec.json.decode(b'{"count":1,"value":[1]}', type=Listing[int]).rows == [1]


def test_a_project_without_roles_gives_no_points(context: Context, revision: Make) -> None:
    assert RoleFields(references={}, evidence={}).references == {}
    unknown = revision(1, System__TeamProject="Gone", Microsoft__VSTS__Scheduling__StoryPoints=3)
    row = issue(context, unknown)
    assert (row.story_points, row.project_id) == (None, "con:Gone")
