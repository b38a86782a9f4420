"""A replayed history tells where an issue was at every instant, whatever order and shape its changes have."""

from __future__ import annotations

from typing import Any

from metrics.history.timeline import Timeline, as_of


def hours(moment: Any, zero: Any) -> float | None:
    return None if moment is None else (moment - zero).total_seconds() / 3600


def stays(life: Any, timeline: Timeline) -> list[tuple[str, float | None, float | None]]:
    zero = life().state().created_at
    return [(stay.status, hours(stay.entered_at, zero), hours(stay.left_at, zero)) for stay in timeline.stays]


def in_sprints(life: Any, timeline: Timeline) -> list[tuple[str, float | None, float | None]]:
    zero = life().state().created_at
    return [(stay.sprint_id, hours(stay.entered_at, zero), hours(stay.left_at, zero)) for stay in timeline.sprints]


def points(life: Any, timeline: Timeline) -> list[tuple[float | None, float | None, float | None]]:
    zero = life().state().created_at
    return [(held.points, hours(held.valid_from, zero), hours(held.valid_to, zero)) for held in timeline.estimates]


def test_without_history_the_current_values_hold_from_creation(life: Any) -> None:
    found = life(status="Doing", created=5, sprint_ids="36", story_points=3.0).timeline()
    assert stays(life, found) == [("Doing", 5, None)]
    assert in_sprints(life, found) == [("acme:36", 5, None)]
    assert points(life, found) == [(3.0, 5, None)]
    assert found.gaps == []


def test_the_first_change_tells_the_value_at_creation(life: Any) -> None:
    found = life(sprint_ids="36", story_points=1.0).then(2, status="Doing", sprint=None, points=5.0).timeline()
    assert stays(life, found) == [("To Do", 0, 2), ("Doing", 2, None)]
    assert in_sprints(life, found) == [("acme:36", 0, 2)]
    assert points(life, found) == [(1.0, 0, 2), (5.0, 2, None)]


def test_changes_of_one_instant_keep_the_order_of_their_entries_and_leave_stays_of_no_length(life: Any) -> None:
    found = life().then(4, status="Doing").then(4, status="Review").then(4, status="Done").timeline()
    assert stays(life, found) == [("To Do", 0, 4), ("Doing", 4, 4), ("Review", 4, 4), ("Done", 4, None)]


def test_two_changes_of_one_field_in_one_entry_both_count(life: Any) -> None:
    found = life().then(4, status=("Doing", "Done"), points=(1.0, 2.0)).timeline()
    assert stays(life, found) == [("To Do", 0, 4), ("Doing", 4, 4), ("Done", 4, None)]
    assert points(life, found) == [(None, 0, 4), (1.0, 4, 4), (2.0, 4, None)]


def test_each_stay_names_the_change_that_began_it(life: Any) -> None:
    subject = life().then(4, status="Doing").then(5, status="Done")
    begun = [stay.change_id for stay in subject.timeline().stays]
    assert begun == [None, *(change.change_id for change in subject.changes)]


def test_a_history_of_340_changes_is_replayed_whole(life: Any) -> None:
    subject = life()
    for hour in range(1, 341):
        subject.then(hour, status="Doing" if hour % 2 else "To Do")
    found = subject.timeline()
    assert len(found.stays) == 341
    assert [stay.left_at for stay in found.stays[:-1]] == [stay.entered_at for stay in found.stays[1:]]


def test_a_change_from_a_status_to_itself_begins_a_stay(life: Any) -> None:
    found = life().then(4, status="Doing").then(6, status="Doing").timeline()
    assert stays(life, found) == [("To Do", 0, 4), ("Doing", 4, 6), ("Doing", 6, None)]


def test_a_change_before_creation_counts_as_of_creation(life: Any) -> None:
    found = life(created=3).then(2, status="Doing", sprint="36", points=2.0).timeline()
    assert stays(life, found) == [("To Do", 3, 3), ("Doing", 3, None)]
    assert in_sprints(life, found) == [("acme:36", 3, None)]


def test_lists_of_sprints_differ_by_what_joined_and_left(life: Any) -> None:
    found = life(sprint_ids="36").then(2, sprint="36, 37").then(5, sprint="37").timeline()
    assert in_sprints(life, found) == [("acme:36", 0, 5), ("acme:37", 2, None)]


def test_sprint_names_with_commas_do_not_matter_since_ids_are_read(life: Any) -> None:
    subject = life().then(2, sprint="36, 37")
    last = subject.changes[0]
    history = [subject.history()[0]._replace(to_text="Pay, one, Pay, two")]
    assert last.to_value == "36, 37"
    subject.history = lambda: history
    assert in_sprints(life, subject.timeline()) == [("acme:36", 2, None), ("acme:37", 2, None)]


def test_an_issue_taken_out_of_a_sprint_and_closed_later_was_in_it_until_then(life: Any) -> None:
    found = life(sprint_ids="36").then(3, sprint=None).then(4, status="Done").timeline()
    assert in_sprints(life, found) == [("acme:36", 0, 3)]


def test_out_and_in_again_are_two_stays(life: Any) -> None:
    found = life(sprint_ids="36").then(3, sprint=None).then(6, sprint="36").timeline()
    assert in_sprints(life, found) == [("acme:36", 0, 3), ("acme:36", 6, None)]


def test_a_history_that_ends_elsewhere_is_a_gap_and_the_last_interval_has_the_current_value(life: Any) -> None:
    subject = life().then(2, status="Doing", sprint="36", points=3.0).then(4, status="Review", points=5.0)
    subject.status, subject.sprint_ids, subject.story_points = "Done", "37", 8.0
    found = subject.timeline()
    assert found.gaps == ["status", "sprint", "story_points"]
    assert stays(life, found) == [("To Do", 0, 2), ("Doing", 2, 4), ("Done", 4, None)]
    assert found.stays[-1].stage == "done"
    assert in_sprints(life, found) == [("acme:37", 2, None)]
    assert points(life, found) == [(None, 0, 2), (3.0, 2, 4), (8.0, 4, None)]


def test_a_renamed_status_is_no_gap_and_keeps_the_name_it_had(life: Any) -> None:
    subject = life().then(2, status="Doing")
    history = [subject.history()[0]._replace(to_text="Working")]
    subject.history = lambda: history
    found = subject.timeline()
    assert found.gaps == []
    assert [(stay.status, stay.status_id, stay.stage) for stay in found.stays][1] == (
        "Working",
        "acme:2",
        "in_progress",
    )


def test_a_status_deleted_since_is_known_by_a_name_that_still_exists_else_it_has_no_stage(life: Any) -> None:
    found = life().then(2, status="Parked").then(3, status="Doing").timeline()
    assert [(stay.status_id, stay.stage) for stay in found.stays] == [
        ("acme:1", "todo"),
        (None, None),
        ("acme:2", "in_progress"),
    ]
    subject = life().then(2, status="Doing").then(3, status="Done")
    gone = [change._replace(from_value=change.from_value and f"9{change.from_value}") for change in subject.history()]
    gone[0] = gone[0]._replace(to_value="92")
    subject.history = lambda: gone
    assert [stay.stage for stay in subject.timeline().stays] == ["todo", "in_progress", "done"]
    assert [stay.status_id for stay in subject.timeline().stays] == [None, None, "acme:4"]


def test_the_status_of_an_entry_that_moves_or_retypes_the_issue_came_by_the_move(life: Any) -> None:
    for change in ({"project": "20"}, {"type": "Bug"}):
        found = life(status="Doing").then(3, status="To Do", **change).then(5, status="Doing").timeline()
        assert [stay.by_move for stay in found.stays] == [False, True, False]


def test_a_move_without_a_status_change_is_a_stay_of_its_own_only_where_the_status_means_something_else(
    life: Any,
) -> None:
    found = life(source_id="ado", status="Doing").then(3, project="20").timeline()
    assert [(stay.status_id, stay.by_move) for stay in found.stays] == [
        ("ado:10:Story:Doing", False),
        ("ado:20:Story:Doing", True),
    ]
    assert len(life(status="Doing").then(3, project="20").timeline().stays) == 1


def test_the_type_in_force_decides_on_the_stage(life: Any) -> None:
    subject = life(source_id="ado", status="Doing", issue_type="Ticket").then(3, type="Story")
    assert [stay.stage for stay in subject.timeline().stays] == [None, "in_progress"]


def test_an_iteration_is_the_sprint_of_the_team_that_owns_the_area(life: Any, ado_teams: Any) -> None:
    sprints = ado_teams({"red": "Shop\\Pay", "blue": "Shop\\Cart"}, ["it1", "it2"])
    subject = life(source_id="ado", sprint_ids="it1", area_path="Shop\\Pay\\Cards")
    found = subject.then(3, area="Shop\\Cart").then(5, sprint="it2").then(7, area="Shop").timeline(sprints)
    assert in_sprints(life, found) == [
        ("ado:it1:red", 0, 3),
        ("ado:it1:blue", 3, 5),
        ("ado:it2:blue", 5, 7),
    ]


def test_iteration_and_area_of_one_revision_change_together(life: Any, ado_teams: Any) -> None:
    sprints = ado_teams({"red": "Shop\\Pay", "blue": "Shop\\Cart"}, ["it1", "it2"])
    subject = life(source_id="ado", sprint_ids="it1", area_path="Shop\\Pay")
    found = subject.then(3, sprint="it2", area="Shop\\Cart").timeline(sprints)
    assert in_sprints(life, found) == [("ado:it1:red", 0, 3), ("ado:it2:blue", 3, None)]


def test_the_most_specific_owner_comes_first_and_areas_are_cut_at_their_separators(ado_teams: Any) -> None:
    sprints = ado_teams({"all": "Shop", "pay": "Shop\\Pay"}, ["it1"])
    assert sprints.owners("ado", "\\shop\\pay\\Cards") == ("ado:pay", "ado:all")
    assert sprints.owners("ado", "Shop\\Payments") == ("ado:all",)
    assert sprints.owners("ado", None) == ()


def test_as_of_a_past_instant_later_changes_have_not_happened(life: Any) -> None:
    subject = life(story_points=1.0).then(2, status="Doing", sprint="36").then(4, status="Done", points=5.0, type="Bug")
    found = subject.timeline(now=3)
    assert stays(life, found) == [("To Do", 0, 2), ("Doing", 2, None)]
    assert points(life, found) == [(1.0, 0, None)]
    assert found.gaps == []
    before, changes = as_of(subject.state(), subject.history(), subject.history()[1].changed_at)
    assert (before.status, before.sprint_ids, before.issue_type, len(changes)) == ("Doing", "36", "Story", 2)


def test_a_change_exactly_at_an_instant_has_happened_by_then(life: Any) -> None:
    subject = life(story_points=1.0).then(4, points=5.0)
    found = subject.timeline()
    assert found.points_at(subject.history()[0].changed_at) == 5.0
    assert stays(life, life().then(4, status="Doing").timeline(now=4))[-1][0] == "Doing"


def test_entries_of_one_instant_keep_their_order_where_one_of_them_moves_the_issue(life: Any) -> None:
    found = life().then(3, project="20").then(3, status="Doing").then(3, status="Done", project="10").timeline()
    assert [(stay.status, stay.by_move) for stay in found.stays] == [("To Do", False), ("Doing", False), ("Done", True)]


def test_an_estimate_that_is_set_again_lasts_and_one_that_is_taken_away_ends(life: Any) -> None:
    found = life(story_points=3.0).then(2, points=3.0).then(4, points=None).timeline()
    assert points(life, found) == [(3.0, 0, 4), (None, 4, None)]
