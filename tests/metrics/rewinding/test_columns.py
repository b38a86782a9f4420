"""Each column of an issue gets back what the first later change of its field overwrote."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.rewinding.columns import Was, columns_then
from metrics.rewinding.history import Known, KnownField, Later

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
BORN = datetime(2026, 6, 1, 9, tzinfo=UTC)
SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"
KNOWN = Known(
    instant=NOON,
    zone=ZoneInfo("Europe/Berlin"),
    azure=frozenset({"ado"}),
    levels={"acme:9": "subtask", "acme:Epic": "portfolio", "ado:10:Epic": "portfolio", "ado:Epic": "standard"},
    fields={
        "acme:cf_1": KnownField("Severity", SELECT, "severity"),
        "acme:cf_2": KnownField("Team size", "x:float", None),
        "acme:cf_3": KnownField("Platforms", "x:multiselect", None),
        "acme:cf_4": KnownField("Flagged", "x:multicheckboxes", "flagged"),
        "acme:Team size": KnownField("Team size", "x:float", None),
        "acme:description": KnownField("Description", "string", None),
        "ado:Microsoft.VSTS.CMMI.Blocked": KnownField("Blocked", "string", None),
        "ado:Microsoft.VSTS.Common.ClosedDate": KnownField("Closed Date", "dateTime", None),
        "ado:WEF_2_Column": KnownField("Board Column", "string", None),
        "ado:Custom.Ready": KnownField("Ready", "boolean", None),
    },
    issue_ids={"acme:PAY-7": "acme:70"},
    version_ids={},
)


def change(
    field: str,
    value: str | None = None,
    text: str | None = None,
    *,
    source: str = "acme",
    field_id: str | None = None,
    hour: int = 1,
) -> Later:
    """A change after noon, told by what it overwrote."""
    at = NOON.replace(hour=12 + hour)
    return Later(f"{source}:1", at, hour, 0, field, field_id, value, text, "new", "new")


def then(*later: Later, source: str = "acme", was: Was = Was(None), **today: Any) -> dict[str, Any]:  # noqa: B008 - frozen
    """The row as it was, if it is this today."""
    row: dict[str, Any] = {
        "issue_id": f"{source}:1", "source_id": source, "created_at": BORN, "project_id": f"{source}:10",
        "key": "PAY-1", "url": "https://acme.example/browse/PAY-1", "issue_type": "Story", "level": "standard",
        "summary": "Pay", "status_id": f"{source}:4", "status": "Done", "priority": None, "severity": None,
        "resolution": None, "assignee_id": None, "reporter_id": None, "parent_id": None, "story_points": None,
        "original_estimate_seconds": None, "found_in": None, "resolved_at": None, "due_on": None, "sprint_ids": None,
        "area_path": None, "is_flagged": False, "custom_fields": {},
    }  # fmt: skip
    return columns_then(KNOWN, {**row, **today}, later, was)


@pytest.mark.parametrize(
    ("field", "value", "text", "expected"),
    [
        ("status", "2", "Doing", {"status_id": "acme:2", "status": "Doing"}),
        ("project", "20", "Ops", {"project_id": "acme:20"}),
        ("key", None, "OPS-5", {"key": "OPS-5", "url": "https://acme.example/browse/OPS-5"}),
        ("type", "9", "Sub-task", {"issue_type": "Sub-task", "level": "subtask"}),
        ("type", None, "Epic", {"issue_type": "Epic", "level": "portfolio"}),
        ("type", "99", "Gone", {"issue_type": "Gone", "level": "standard"}),
        ("summary", None, "Old", {"summary": "Old"}),
        ("priority", "3", "High", {"priority": "High"}),
        ("severity", "10", "Major", {"severity": "Major"}),
        ("found_in", "11", "Production", {"found_in": "Production"}),
        ("resolution", "5", "Fixed", {"resolution": "Fixed", "resolved_at": BORN}),
        ("assignee", "mia", "Mia", {"assignee_id": "acme:mia"}),
        ("assignee", None, None, {"assignee_id": None}),
        ("reporter", "ben", "Ben", {"reporter_id": "acme:ben"}),
        ("parent", "70", "PAY-7", {"parent_id": "acme:70"}),
        ("parent", None, "PAY-7", {"parent_id": "acme:70"}),
        ("parent", None, None, {"parent_id": None}),
        ("story_points", None, "5", {"story_points": 5.0}),
        ("story_points", None, None, {"story_points": None}),
        ("original_estimate", "3600", "3600", {"original_estimate_seconds": 3600}),
        ("sprint", "36, 37", "One, Two", {"sprint_ids": "36, 37"}),
        ("sprint", "", "", {"sprint_ids": None}),
        ("flagged", "[10019]", "Impediment", {"is_flagged": True}),
        ("flagged", None, "", {"is_flagged": False}),
        ("due", "2026-07-09", "2026-07-09 00:00:00.0", {"due_on": date(2026, 7, 9)}),
        ("due", None, None, {"due_on": None}),
    ],
)
def test_a_change_of_jira_gives_back_what_it_overwrote(
    field: str, value: str | None, text: str | None, expected: dict[str, Any]
) -> None:
    assert then(change(field, value, text)) == {**then(), **expected}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("status", "Active", {"status": "Active", "status_id": "ado:10:Story:Active"}),
        ("type", "Epic", {"issue_type": "Epic", "level": "portfolio", "status_id": "ado:10:Epic:Done"}),
        ("project", "20", {"project_id": "ado:20", "status_id": "ado:20:Story:Done"}),
        ("area", "shop\\red", {"area_path": "shop\\red"}),
        ("sprint", "guid-1", {"sprint_ids": "guid-1"}),
        ("parent", "7", {"parent_id": "ado:7"}),
        ("assignee", "mia@acme.example", {"assignee_id": "ado:mia@acme.example"}),
        ("original_estimate", "1.5", {"original_estimate_seconds": 5400}),
        ("due", "2026-07-08T22:00:00Z", {"due_on": date(2026, 7, 9)}),
        ("due", "2026-07-09T00:00:00Z", {"due_on": date(2026, 7, 9)}),
    ],
)
def test_a_change_of_azure_devops_gives_back_what_it_overwrote(
    field: str, value: str, expected: dict[str, Any]
) -> None:
    today = {"status_id": "ado:10:Story:Done"}
    found = then(change(field, value, value, source="ado"), source="ado", **today)
    assert found == {**then(source="ado", **today), **expected}


def test_the_first_later_change_tells_what_was() -> None:
    assert then(change("priority", text="Low"), change("priority", text="High", hour=2))["priority"] == "Low"


def test_of_two_fields_that_tell_a_parent_the_one_that_had_one_counts() -> None:
    """An item became a sub-task: its epic link went, and it got a parent."""
    came, went = change("parent", field_id="acme:parent"), change("parent", "70", "PAY-7", field_id="acme:cf_9")
    assert then(came, went)["parent_id"] == then(went, came)["parent_id"] == "acme:70"
    again = change("parent", "80", "PAY-8", field_id="acme:parent", hour=2)
    assert then(came, again)["parent_id"] is None


@pytest.mark.parametrize(
    ("later", "today", "expected"),
    [
        (change("severity", "1", "Major", field_id="acme:cf_1"), {"Severity": "Minor"}, {"Severity": "Major"}),
        (change("severity", field_id="acme:cf_1"), {"Severity": "Minor"}, {}),
        (change("Team size", None, "5", field_id="acme:cf_2"), {}, {"Team size": 5.0}),
        (change("Team size", None, "5"), {"Team size": 6.0}, {"Team size": 5.0}),
        (change("Platforms", "[1, 2]", "Web, App", field_id="acme:cf_3"), {}, {"Platforms": ["Web", "App"]}),
        (change("description", None, "long", field_id="acme:description"), {}, {}),
        (change("flagged", "[1]", "Impediment", field_id="acme:cf_4"), {}, {}),
        (change("status", "2", "Doing", field_id="acme:status"), {}, {}),
        (change("Workflow", "1", "classic"), {}, {}),
    ],
)
def test_custom_fields_get_back_what_people_read_then(
    later: Later, today: dict[str, Any], expected: dict[str, Any]
) -> None:
    kept = {"Squad": "Blue"}
    assert then(later, custom_fields={**kept, **today})["custom_fields"] == {**kept, **expected}


@pytest.mark.parametrize(
    ("later", "today", "expected"),
    [
        (
            change("flagged", "Yes", "Yes", source="ado", field_id="ado:Microsoft.VSTS.CMMI.Blocked"),
            {},
            {"Blocked": "Yes"},
        ),
        (change("Ready", "true", "true", source="ado", field_id="ado:Custom.Ready"), {}, {"Ready": True}),
        (
            change("Board Column", "New", "New", source="ado", field_id="ado:WEF_2_Column"),
            {"Board Column": "Done", "Board Column (WEF_2_Column)": "Done"},
            {"Board Column": "Done", "Board Column (WEF_2_Column)": "New"},
        ),
    ],
)
def test_custom_fields_of_azure_devops_get_back_their_values(
    later: Later, today: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert then(later, source="ado", custom_fields=today)["custom_fields"] == expected


def test_an_issue_was_resolved_when_its_resolution_came_last_before() -> None:
    fixed, reopened = change("resolution", "1", "Fixed"), change("resolution")
    assert then(fixed, was=Was(BORN))["resolved_at"] == BORN
    assert then(fixed)["resolved_at"] == BORN  # created resolved
    assert then(reopened, resolved_at=NOON, resolution="Fixed")["resolved_at"] is None
    assert then(resolved_at=BORN)["resolved_at"] == BORN


def test_an_item_of_azure_devops_was_resolved_when_its_date_of_closing_says() -> None:
    own = "ado:Microsoft.VSTS.Common.ClosedDate"
    closed = change("Closed Date", BORN.isoformat(), BORN.isoformat(), source="ado", field_id=own)
    today = {"resolved_at": NOON, "custom_fields": {"Closed Date": NOON.isoformat()}}
    assert then(closed, source="ado", **today)["resolved_at"] == BORN
    assert then(change("Closed Date", source="ado", field_id=own), source="ado", **today)["resolved_at"] is None
