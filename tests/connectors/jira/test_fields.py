"""Which field plays which role."""

from __future__ import annotations

import msgspec
import pytest

from connectors.jira.gateway import answers
from connectors.jira.mapping.fields import FieldMap, choose_fields

NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"
ESTIMATE = "com.pyxis.greenhopper.jira:jsw-story-points"
SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"


def field(
    number: int, name: str, custom: str = NUMBER, project: str | None = None, original: str = ""
) -> answers.Field:
    kind = "number" if custom in (NUMBER, ESTIMATE) else "option"
    return msgspec.convert(
        {
            "id": f"customfield_{number}",
            "name": name,
            "untranslatedName": original or None,
            "custom": True,
            "schema": {"type": kind, "custom": custom},
            **({"scope": {"type": "PROJECT", "project": {"id": project}}} if project else {}),
        },
        answers.Field,
    )


def chosen(found: FieldMap, role: str) -> tuple[str, ...]:
    return found.ids(role)


def test_boards_go_before_the_type_and_the_type_before_the_name() -> None:
    fields = [field(1, "Story Points"), field(2, "Story point estimate", ESTIMATE), field(3, "Size")]
    found = choose_fields(fields, {}, [("10001", "customfield_3")])
    assert chosen(found, "story_points") == ("customfield_3", "customfield_2", "customfield_1")


def test_a_board_that_estimates_in_time_does_not_vote() -> None:
    found = choose_fields([field(1, "Story Points")], {}, [("10001", "timeoriginalestimate")])
    assert chosen(found, "story_points") == ("customfield_1",)


def test_a_project_prefers_the_field_of_its_own_board() -> None:
    fields = [field(1, "Story Points"), field(2, "Size")]
    found = choose_fields(fields, {}, [("A", "customfield_1"), ("A", "customfield_1"), ("B", "customfield_2")])
    assert found.points("A") == ("customfield_1", "customfield_2")
    assert found.points("B") == ("customfield_2", "customfield_1")
    assert found.points("elsewhere") == ("customfield_1", "customfield_2")


def test_trap_39_fields_of_one_name_count_in_their_own_project_only() -> None:
    fields = [field(1, "Story Points", project="A"), field(2, "Story Points", project="B")]
    found = choose_fields(fields, {"story_points": ["Story Points"]}, [])
    assert found.points("A") == ("customfield_1",)
    assert found.points("B") == ("customfield_2",)


def test_trap_40_a_translated_site_is_read_by_types_and_original_names() -> None:
    fields = [field(1, "Спринт", SPRINT), field(2, "Schweregrad", SELECT, original="Severity")]
    found = choose_fields(fields, {}, [])
    assert chosen(found, "sprint") == ("customfield_1",)
    assert chosen(found, "severity") == ("customfield_2",)


@pytest.mark.parametrize("wanted", ["customfield_7", "where found", "Where Found"])
def test_a_configured_field_is_found_by_name_or_id_and_goes_before_proposals(wanted: str) -> None:
    fields = [field(7, "Where Found", SELECT), field(8, "Found in", SELECT)]
    assert chosen(choose_fields(fields, {"found_in": [wanted]}, []), "found_in") == ("customfield_7",)


def test_a_configured_name_means_the_custom_field_before_the_system_field() -> None:
    system = answers.Field(id="environment", name="Environment")
    found = choose_fields([system, field(31, "Environment", SELECT)], {"found_in": ["Environment"]}, [])
    assert chosen(found, "found_in") == ("customfield_31", "environment")


def test_a_configured_field_that_is_not_there_is_a_problem_with_the_nearest_name() -> None:
    found = choose_fields([field(1, "Severity", SELECT)], {"severity": ["Severty"]}, [])
    assert chosen(found, "severity") == ()
    assert found.problems == ("fields.severity: no field has the name or id 'Severty'; did you mean 'Severity'?",)


def test_a_free_text_named_environment_is_not_proposed_as_found_in() -> None:
    found = choose_fields([answers.Field(id="environment", name="Environment")], {}, [])
    assert chosen(found, "found_in") == ()


def test_two_fields_of_one_name_stay_apart_and_the_older_keeps_it() -> None:
    found = choose_fields([field(12, "Team"), field(3, "Team")], {}, [])
    assert found.names == {"customfield_3": "Team", "customfield_12": "Team (customfield_12)"}


def test_a_custom_field_cannot_pass_for_one_of_our_names() -> None:
    found = choose_fields([field(3, "status")], {}, [])
    assert found.names["customfield_3"] == "status (customfield_3)"
