"""A page of issues with histories → records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from connectors.jira.gateway import answers
from connectors.jira.mapping.fields import choose_fields
from connectors.jira.mapping.history import ItemNames, sprints_of
from connectors.jira.mapping.issues import MappedPage, MappingContext, map_page
from tests.connectors.jira.fake_jira import FIELDS, START, Json, history, issue, sprint_item, status_item
from warehouse.records import Issue, IssueChange, IssueComponent, IssueLabel, IssueLink, IssueVersion, Record


def mapped(
    *issues: Json, histories: dict[str, list[Json]] | None = None, fields: list[Json] = FIELDS, **context: Any
) -> MappedPage:
    chosen = choose_fields(msgspec.convert(fields, list[answers.Field]), context.pop("configured", {}), [])
    settings = MappingContext(
        source_id="acme",
        site_url="https://acme.example",
        fields=chosen,
        names=ItemNames(chosen),
        **{"held_projects": frozenset({"ABC"}), **context},
    )
    found = msgspec.json.decode(msgspec.json.encode(list(issues)), type=list[answers.FoundIssue])
    entries = msgspec.convert(histories or {}, dict[str, list[answers.History]])
    return map_page(settings, found, entries)


def rows(page: MappedPage, kind: type[Record]) -> list[Any]:
    own = [row for row in page.records if isinstance(row, kind)]
    return own + [row for part in page.replacements for row in part.records if isinstance(row, kind)]


def one(**fields: Any) -> Issue:
    found = rows(mapped(issue(1, **fields)), Issue)[0]
    assert isinstance(found, Issue)
    return found


def changes(*entries: Json, **fields: Any) -> list[IssueChange]:
    return rows(mapped(issue(1, **fields), histories={"1": list(entries)}), IssueChange)


def custom(found: Issue) -> Any:
    return msgspec.json.decode(found.custom_fields)


def test_an_issue_has_its_columns() -> None:
    mia = {"accountId": "mia", "displayName": "Mia"}
    found = one(
        priority={"id": "3", "name": "Medium"},
        resolution={"id": "1", "name": "Done"},
        resolutiondate="2026-03-05T10:00:00.000+0200",
        duedate="2026-04-01",
        assignee=mia,
        parent={"id": "7", "key": "ABC-7"},
        timeoriginalestimate=3600,
        customfield_16=5.0,
        customfield_21=[{"value": "Impediment"}],
        customfield_30={"value": "High"},
        customfield_31={"value": "Production"},
        customfield_20=[{"id": 36, "name": "One", "state": "closed"}, {"id": 37, "name": "Two", "state": "active"}],
    )
    assert found.issue_id == "acme:1"
    assert found.project_id == "acme:10001"
    assert (found.status_id, found.status, found.priority, found.resolution) == ("acme:10", "To Do", "Medium", "Done")
    assert (found.assignee_id, found.reporter_id, found.parent_id) == ("acme:mia", None, "acme:7")
    assert (found.story_points, found.original_estimate_seconds, found.is_flagged) == (5.0, 3600, True)
    assert (found.severity, found.found_in, found.sprint_ids) == ("High", "Production", "36, 37")
    assert (found.created_at, found.due_on) == (START, date(2026, 4, 1))
    assert found.resolved_at == datetime(2026, 3, 5, 8, tzinfo=UTC)


def test_trap_49_the_link_for_people_is_made_of_the_configured_address() -> None:
    odd = {**issue(1), "self": "https://api.atlassian.com/ex/jira/1/rest/api/3/issue/1"}
    assert rows(mapped(odd), Issue)[0].url == "https://acme.example/browse/ABC-1"


@pytest.mark.parametrize(
    ("height", "subtask", "level"),
    [
        (-1, True, "subtask"),
        (0, False, "standard"),
        (1, False, "portfolio"),
        (2, False, "portfolio"),
        (None, True, "subtask"),
    ],
)
def test_the_level_is_the_height_in_the_hierarchy(height: int | None, subtask: bool, level: str) -> None:  # noqa: FBT001
    kind = {"id": "1", "name": "X", "subtask": subtask, "hierarchyLevel": height}
    assert one(issuetype=kind).level == level


def test_a_height_that_an_answer_leaves_out_is_taken_from_the_list_of_types() -> None:
    kind = {"id": "9", "name": "Initiative"}
    assert rows(mapped(issue(1, issuetype=kind), levels={"9": "portfolio"}), Issue)[0].level == "portfolio"


def test_custom_fields_are_named_readable_sorted_and_leave_out_what_is_empty_or_has_a_column() -> None:
    found = one(
        timespent=60,
        environment={"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "iOS"}]}]},
        customfield_16=3.0,
        customfield_30={"value": "Low"},
        customfield_99=[{"value": "a"}, {"value": "b"}],
        customfield_98=None,
        customfield_97=[],
        customfield_20=[{"id": 36, "name": "One", "state": "closed"}],
        comment={"total": 4},
        votes={"votes": 2},
    )
    assert custom(found) == {
        "Environment": "iOS",
        "Severity": "Low",
        "Story point estimate": 3.0,
        "Time Spent": 60,
        "customfield_99": ["a", "b"],
    }
    assert list(custom(found)) == sorted(custom(found))


def test_trap_39_each_project_reads_its_own_field_of_the_same_name() -> None:
    number = {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"}
    fields = [
        {
            "id": f"customfield_{n}",
            "name": "Story Points",
            "custom": True,
            "schema": number,
            "scope": {"project": {"id": p}},
        }
        for n, p in ((1, "A"), (2, "B"))
    ]
    filled = {"customfield_1": 3, "customfield_2": 8}
    page = mapped(
        issue(1, project="A", **filled),
        issue(2, project="B", **filled),
        fields=fields,
    )
    assert [row.story_points for row in rows(page, Issue)] == [3, 8]


def test_trap_90_a_nul_in_a_title_arrives_as_it_is() -> None:
    assert one(summary="a\0b").summary == "a\0b"


def test_bridges_replace_what_the_issues_of_the_page_had() -> None:
    page = mapped(
        issue(
            1,
            labels=["ui", "ui", "db"],
            components=[{"id": "5", "name": "Web"}],
            fixVersions=[{"id": "8", "name": "1"}],
        ),
        issue(2, versions=[{"id": "8", "name": "1"}]),
    )
    assert [row.issue_label_id for row in rows(page, IssueLabel)] == ["acme:1:ui", "acme:1:db"]
    assert [row.component for row in rows(page, IssueComponent)] == ["Web"]
    assert [(row.issue_version_id, row.version_id) for row in rows(page, IssueVersion)] == [
        ("acme:1:fix:8", "acme:8"),
        ("acme:2:affects:8", "acme:8"),
    ]
    assert all(part.scope == "issue_id" and part.values == ["acme:1", "acme:2"] for part in page.replacements)


def link(number: int, other: int, *, outward: bool, project: str = "ABC") -> Json:
    side = "outwardIssue" if outward else "inwardIssue"
    return {
        "id": str(number),
        "type": {"id": "1", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
        side: {"id": str(other), "key": f"{project}-{other}"},
    }


def test_trap_44_both_sides_of_a_link_give_the_same_row() -> None:
    here = mapped(issue(1, issuelinks=[link(9, 2, outward=True)]))
    there = mapped(issue(2, issuelinks=[link(9, 1, outward=False)]))
    together = mapped(issue(2, issuelinks=[link(9, 1, outward=False)]), issue(1, issuelinks=[link(9, 2, outward=True)]))
    expected = IssueLink(
        link_id="acme:9",
        issue_id="acme:1",
        other_issue_id="acme:2",
        other_key="ABC-2",
        link_type="Blocks",
        direction="outward",
    )
    assert rows(here, IssueLink) == rows(there, IssueLink) == rows(together, IssueLink) == [expected]


def test_a_link_from_an_issue_that_is_not_pulled_is_told_from_the_inward_side() -> None:
    [row] = rows(mapped(issue(2, issuelinks=[link(9, 1, outward=False, project="XYZ")])), IssueLink)
    assert (row.issue_id, row.other_issue_id, row.other_key, row.direction) == ("acme:2", "acme:1", "XYZ-1", "inward")


def test_an_issue_of_the_page_knows_its_own_links_best() -> None:
    page = mapped(issue(1), issue(2, issuelinks=[link(9, 1, outward=False)]))
    assert rows(page, IssueLink) == []


def test_two_changes_of_one_field_in_one_entry_are_two_rows_in_their_order() -> None:
    version = {"field": "Fix Version", "fieldtype": "jira", "fieldId": "fixVersions"}
    found = changes(
        history(7, {**version, "from": "1", "fromString": "1.0"}, {**version, "to": "2", "toString": "2.0"})
    )
    assert [(row.change_id, row.entry_number, row.ordinal, row.field) for row in found] == [
        ("acme:7:0", 7, 0, "fix_versions"),
        ("acme:7:1", 7, 1, "fix_versions"),
    ]


def test_trap_15_a_half_that_is_left_out_is_null() -> None:
    [row] = changes(history(7, {"field": "fixVersions", "fieldId": "fixVersions", "from": "1", "fromString": "1.0"}))
    assert (row.from_value, row.from_text, row.to_value, row.to_text) == ("1", "1.0", None, None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("IssueParentAssociation", "jira"), ("Parent", "jira"), ("Epic Link", "custom"), ("Parent Link", "custom")],
)
def test_trap_16_a_parent_is_known_by_its_name_alone(name: str, kind: str) -> None:
    [row] = changes(history(7, {"field": name, "fieldtype": kind, "to": "10", "toString": "ABC-10"}))
    assert (row.field, row.to_value) == ("parent", "10")


def test_trap_16_old_changes_of_a_custom_field_without_id_are_matched_by_name() -> None:
    [row] = changes(history(7, {"field": "Severity", "fieldtype": "custom", "toString": "High"}))
    assert (row.field, row.field_id) == ("severity", "acme:customfield_30")


def test_a_field_keeps_its_name_of_today_and_an_unknown_one_the_name_of_the_entry() -> None:
    found = changes(
        history(
            7,
            {"field": "Environment (old)", "fieldtype": "jira", "fieldId": "environment", "toString": "x"},
            {"field": "Gone", "fieldtype": "custom", "fieldId": "customfield_77", "toString": "x"},
            {"field": "WorklogId", "fieldtype": "jira", "from": "5"},
        )
    )
    assert [row.field for row in found] == ["Environment", "Gone", "WorklogId"]


def test_trap_17_a_sprint_change_keeps_the_whole_list_of_ids() -> None:
    [row] = changes(history(7, sprint_item("36", "A, B", "36, 37", "A, B, C")))
    assert (row.field, row.from_value, row.to_value, row.to_text) == ("sprint", "36", "36, 37", "A, B, C")


@pytest.mark.parametrize(
    ("ids", "names", "expected"),
    [
        ("36", "A, B", [("36", "A, B")]),
        ("36, 37", "A, B", [("36", "A"), ("37", "B")]),
        ("36, 37", "A, B, C", [("36", "Sprint 36"), ("37", "Sprint 37")]),
        ("", "", []),
    ],
)
def test_trap_17_names_are_never_paired_by_a_guess(ids: str, names: str, expected: list[tuple[str, str]]) -> None:
    assert list(sprints_of(ids, names)) == expected


def points(before: str, after: str, field: str = "customfield_16") -> Json:
    return {"field": "x", "fieldtype": "custom", "fieldId": field, "fromString": before, "toString": after}


TEAM: Json = {
    "id": "customfield_10",
    "name": "Team",
    "custom": True,
    "schema": {"type": "team", "custom": "com.atlassian.teams:rm-teams-custom-field-team"},
}


def test_the_team_of_an_issue_is_its_name_and_its_history_has_one_name() -> None:
    team = {"id": "36885b3c-1bf0", "name": "Payments", "title": "Payments", "avatarUrl": "https://x", "isShared": True}
    item = {
        "field": "Team",
        "fieldtype": "custom",
        "fieldId": "customfield_10",
        "from": "11-22",
        "fromString": "Platform",
        "to": "36885b3c-1bf0",
        "toString": "Payments",
    }
    old = {"field": "Team", "fieldtype": "custom", "to": "11-22", "toString": "Platform"}
    page = mapped(
        issue(1, customfield_10=team), histories={"1": [history(7, old), history(8, item)]}, fields=[*FIELDS, TEAM]
    )
    assert custom(rows(page, Issue)[0]) == {"Team": "Payments"}
    told = [(row.field, row.field_id, row.from_text, row.to_text) for row in rows(page, IssueChange)]
    assert told == [
        ("team", "acme:customfield_10", None, "Platform"),
        ("team", "acme:customfield_10", "Platform", "Payments"),
    ]


def translated(name: str, original: str) -> Json:
    [found] = [field for field in FIELDS if field["name"] == original]
    return {**found, "name": name, "untranslatedName": original}


def test_trap_40_a_flag_is_known_by_its_original_name_and_its_history_by_the_field() -> None:
    fields = [translated("Markiert", "Flagged"), translated("Sprint", "Sprint")]
    by_id = {"field": "Markiert", "fieldtype": "custom", "fieldId": "customfield_21", "toString": "Hindernis"}
    by_name = {"field": "Markiert", "fieldtype": "custom", "fromString": "Hindernis"}
    page = mapped(
        issue(1, customfield_21=[{"value": "Hindernis"}]),
        histories={"1": [history(7, by_id), history(8, by_name)]},
        fields=fields,
    )
    assert rows(page, Issue)[0].is_flagged
    assert [row.field for row in rows(page, IssueChange)] == ["flagged", "flagged"]


def test_trap_40_statuses_of_a_translated_history_are_told_by_their_ids() -> None:
    [row] = changes(history(7, status_item(("10", "Zu erledigen"), ("3", "Fertig"))))
    assert (row.field, row.from_value, row.to_value, row.to_text) == ("status", "10", "3", "Fertig")


def test_trap_89_story_points_have_one_form() -> None:
    [row] = changes(history(7, points("", "5.0")), customfield_16=5.0)
    assert (row.field, row.from_value, row.to_value, row.to_text) == ("story_points", None, "5", "5")


def test_story_points_are_told_by_the_one_field_that_an_issue_uses() -> None:
    both = history(7, points("1", "2"), points("3", "5", "customfield_26"))
    assert [row.field for row in changes(both, customfield_26=5.0)] == ["Story point estimate", "story_points"]
    assert [row.field for row in changes(both, customfield_16=2.0)] == ["story_points", "Story Points"]
    assert [row.field for row in changes(history(7, points("3", "", "customfield_26")))] == ["story_points"]


def test_an_entry_that_comes_twice_counts_once() -> None:
    entry = history(7, status_item(("10", "To Do"), ("11", "Doing")))
    assert len(changes(entry, entry)) == 1


def test_an_entry_without_author_has_none() -> None:
    [row] = changes(history(7, status_item(("10", "To Do"), ("11", "Doing")), author=None))
    assert row.author_id is None


def test_trap_41_people_sprints_and_statuses_of_history_are_noted_with_their_newest_name() -> None:
    later = datetime(2026, 3, 9, tzinfo=UTC)
    page = mapped(
        issue(1),
        histories={
            "1": [
                history(9, status_item(("11", "Doing now"), ("12", "Done")), at=later),
                history(8, status_item(("10", "To Do"), ("11", "Doing"))),
                history(7, {"field": "assignee", "fieldId": "assignee", "to": "tom", "toString": "Tom"}),
                history(6, sprint_item("", "", "36", "One, two")),
            ]
        },
    )
    noted = page.mentions
    assert noted.status_names["11"][2] == "Doing now"
    assert noted.people_names["tom"][2] == "Tom"
    assert noted.sprint_names["36"][2] == "One, two"
    assert list(noted.people) == ["mia"]
    assert noted.statuses["10"].name == "To Do"
