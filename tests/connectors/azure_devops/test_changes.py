"""Two snapshots become the changes between them: each field once, nothing that nobody changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from connectors.azure_devops.gateway.answers import Revision
from connectors.azure_devops.mapping.changes import changes
from connectors.azure_devops.mapping.snapshots import Context, decode, encode, snapshot
from warehouse.records import IssueChange

Make = Callable[..., Revision]


def between(context: Context, before: Revision, after: Revision) -> dict[str, IssueChange]:
    found = changes(context, 7, snapshot(context, before), snapshot(context, after))
    return {change.field: change for change in found}


def test_a_change_says_what_when_who_and_between_which_values(context: Context, revision: Make) -> None:
    change = between(context, revision(1), revision(2, System__State="Active"))["status"]
    assert (change.change_id, change.issue_id, change.entry_number) == ("con:7:2:0", "con:7", 2)
    assert change.changed_at == datetime(2026, 3, 1, 8, 2, 0, 250_000, UTC)
    assert change.author_id == "con:jo@fab.example"
    assert (change.from_value, change.to_value, change.field_id) == ("New", "Active", "con:System.State")


def test_trap_64_a_cleared_field_is_a_change_to_nothing(context: Context, revision: Make) -> None:
    jo = {"displayName": "Jo", "uniqueName": "Jo@Fab.example"}
    change = between(context, revision(1, System__AssignedTo=jo), revision(2))["assignee"]
    assert (change.from_value, change.from_text, change.to_value, change.to_text) == (
        "jo@fab.example",
        "Jo",
        None,
        None,
    )


def test_trap_65_a_rewritten_revised_date_is_no_change(context: Context, revision: Make) -> None:
    assert between(context, revision(1), revision(2, System__RevisedDate="2026-03-02T00:00:00Z")) == {}


def test_trap_81_both_forms_of_an_identity_are_one_person(context: Context, revision: Make) -> None:
    jo = {"displayName": "Jo", "uniqueName": "jo@fab.example", "id": "d291"}
    assert (
        between(context, revision(1, System__AssignedTo=jo), revision(2, System__AssignedTo="Jo <jo@fab.example>"))
        == {}
    )


def test_an_iteration_is_its_guid_with_the_path_as_text(context: Context, revision: Make) -> None:
    after = revision(2, System__IterationPath="Fab\\S1", System__IterationId=2)
    change = between(context, revision(1), after)["sprint"]
    assert (change.from_value, change.to_value, change.to_text) == ("i-root", "i-s1", "Fab\\S1")


def test_trap_74_a_renamed_iteration_is_no_change_of_sprint(context: Context, revision: Make) -> None:
    before = revision(1, System__IterationPath="Fab\\S1", System__IterationId=2)
    after = revision(2, System__IterationPath="Fab\\Sprint One", System__IterationId=2)
    assert "sprint" not in between(context, before, after)


def test_a_move_to_a_project_that_estimates_otherwise_keeps_the_points(context: Context, revision: Make) -> None:
    before = revision(1, Microsoft__VSTS__Scheduling__StoryPoints=5)
    after = revision(2, System__TeamProject="Old", Microsoft__VSTS__Scheduling__Effort=5.0)
    found = between(context, before, after)
    assert "story_points" not in found
    assert (found["project"].from_value, found["project"].to_value, found["project"].to_text) == (
        "p-fab",
        "p-old",
        "Old",
    )


def test_finishing_sets_a_resolution_and_reopening_takes_it_away(context: Context, revision: Make) -> None:
    done = revision(2, System__State="Closed", System__Reason="Duplicate")
    assert between(context, revision(1), done)["resolution"].to_value == "Duplicate"
    again = revision(3, System__State="Active", System__Reason="Reopened")
    assert between(context, done, again)["resolution"].to_value is None


def test_long_texts_are_not_kept(context: Context, revision: Make) -> None:
    assert between(context, revision(1), revision(2, System__Description="<p>long</p>")) == {}


def test_a_snapshot_comes_back_from_its_text(context: Context, revision: Make) -> None:
    kept = snapshot(context, revision(3, Microsoft__VSTS__Scheduling__StoryPoints=2.5))
    assert decode(encode(kept)) == kept
    assert decode("{") is None
