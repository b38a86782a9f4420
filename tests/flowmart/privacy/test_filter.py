"""Every page passes the filter: it knows each column that holds a person, and the texts that are not to be stored."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connectors.base import Page, Replacement
from flowmart.privacy import filter as filtering
from flowmart.privacy.filter import filtered
from flowmart.privacy.rules import PrivacyRules
from warehouse.erasing import pointing_at_people
from warehouse.records import (
    RECORD_TABLES,
    Capacity,
    Comment,
    DayOff,
    Issue,
    IssueChange,
    Record,
    User,
    UserGroup,
    Worklog,
)

PSEUDONYMS = PrivacyRules(users="pseudonyms", key=b"a key of thirty-two bytes or more")
NOBODY = PrivacyRules(users="none")
MIA = PSEUDONYMS.pseudonym("acme", "mia")


def made(kind: type[Record], **values: Any) -> Any:
    return kind(**dict.fromkeys(kind.__struct_fields__) | values)


def one(record: Record, rules: PrivacyRules) -> Any:
    """What becomes of a record; None if it is dropped."""
    (found,) = filtered(Page(records=[record]), rules).records or [None]
    return found


def test_every_column_of_the_schema_that_points_at_people_is_filtered() -> None:
    kinds = {name: kind for kind, name in RECORD_TABLES.items()}
    for column in pointing_at_people():
        record = made(kinds[column.table.name], **{column.name: "acme:mia"})
        if isinstance(record, IssueChange):
            record = msgspec.structs.replace(record, change_id="acme:1:0", field="status")
        assert getattr(one(record, PSEUDONYMS), column.name) == f"acme:{MIA}", column
        dropped = one(record, NOBODY)
        assert dropped is None or getattr(dropped, column.name) is None, column


def test_under_names_with_texts_a_page_is_left_alone() -> None:
    page = Page(records=[made(User, user_id="acme:mia", source_id="acme", display_name="Mia", email="m@acme.example")])
    assert filtered(page, PrivacyRules(stores_text=True)) is page
    assert list(filtered(page, PrivacyRules()).records) == list(page.records)


def test_a_row_of_a_user_has_no_address_but_under_names() -> None:
    user = made(User, user_id="acme:mia", source_id="acme", display_name="Mia", email="m@acme.example", is_active=True)
    assert msgspec.structs.asdict(one(user, PSEUDONYMS)) == {
        "user_id": f"acme:{MIA}",
        "source_id": "acme",
        "display_name": MIA,
        "email": None,
        "is_active": True,
    }
    assert one(user, NOBODY) is None


def test_rows_about_a_person_have_a_key_of_what_is_stored() -> None:
    group = made(UserGroup, user_group_id="acme:g:mia", group_id="acme:g", user_id="acme:mia")
    capacity = made(Capacity, capacity_id="acme:s:mia:Dev", sprint_id="acme:s", user_id="acme:mia", activity="Dev")
    off = made(DayOff, day_off_id="x", sprint_id="acme:s", user_id="acme:mia", first_on=date(2026, 3, 2))
    keys = [msgspec.structs.astuple(one(record, PSEUDONYMS))[0] for record in (group, capacity, off)]
    assert keys == [f"acme:g:{MIA}", f"acme:s:{MIA}:Dev", f"acme:s:{MIA}:2026-03-02"]
    assert [one(record, NOBODY) for record in (group, capacity, off)] == [None, None, None]


def test_days_off_of_the_whole_team_stay_in_each_mode() -> None:
    off = made(DayOff, day_off_id="acme:s:team:2026-03-02", sprint_id="acme:s", first_on=date(2026, 3, 2))
    assert one(off, NOBODY) == one(off, PSEUDONYMS) == off


@pytest.mark.parametrize("field", ["assignee", "reporter", "creator"])
def test_changes_that_every_tracker_calls_so_are_disguised_here(field: str) -> None:
    change = made(
        IssueChange, change_id="acme:1:0", field=field, from_value="mia", from_text="Mia", to_value="mia", to_text="M"
    )
    assert [one(change, PSEUDONYMS).from_text, one(change, PSEUDONYMS).to_value] == [MIA, MIA]
    assert (one(change, NOBODY).from_value, one(change, NOBODY).to_text) == (None, None)


def test_replacements_are_filtered_too() -> None:
    comment = made(Comment, comment_id="acme:5", author_id="acme:mia", body="Call Mia")
    page = Page(replacements=[Replacement(record_type=Comment, scope="issue_id", values=["acme:1"], records=[comment])])
    (part,) = filtered(page, PSEUDONYMS).replacements
    assert [(row.author_id, row.body) for row in part.records] == [(f"acme:{MIA}", None)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "field_id"),
    [
        ("description", None),
        ("Comment", "acme:comment"),
        ("Beschreibung", "acme:description"),
        ("Description", "acme:System.Description"),
        ("History", "acme:System.History"),
    ],
)
def test_of_a_change_of_a_description_or_comment_the_fact_stays_and_the_text_goes(
    field: str, field_id: str | None
) -> None:
    change = made(
        IssueChange, change_id="acme:1:0", author_id="acme:mia", field=field, field_id=field_id, from_text="Call Mia"
    )
    assert one(change, PrivacyRules()) == msgspec.structs.replace(change, from_text=None)
    assert one(change, PrivacyRules(stores_text=True)) == change


def test_what_names_nobody_is_left_as_it_is() -> None:
    issue = made(Issue, issue_id="acme:1", custom_fields="{}")
    worklog = made(Worklog, worklog_id="acme:9", issue_id="acme:1")
    assert [one(issue, NOBODY), one(worklog, NOBODY)] == [issue, worklog]
    assert set(filtering._PEOPLE) == {
        kind
        for kind, name in RECORD_TABLES.items()
        if name == "users" or name in {column.table.name for column in pointing_at_people()}
    }
