"""What Jira tells of people in custom fields, histories and lists, and its texts, as far as they may be stored."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.people import NOBODY, Shown
from tests.connectors.jira.fake_jira import (
    FIELDS,
    Clock,
    Connect,
    FakeJira,
    Json,
    comment,
    history,
    inline,
    issue,
    pull,
)
from warehouse.records import Comment, Issue, IssueChange, User

PICKER = "com.atlassian.jira.plugin.system.customfieldtypes:"
OF_PEOPLE: list[Json] = [
    *FIELDS,
    {"id": "description", "name": "Beschreibung", "custom": False, "schema": {"type": "string"}},
    {
        "id": "customfield_70",
        "name": "Tester",
        "custom": True,
        "schema": {"type": "user", "custom": PICKER + "userpicker"},
    },
    {
        "id": "customfield_71",
        "name": "Reviewers",
        "custom": True,
        "schema": {"type": "array", "items": "user", "custom": PICKER + "multiuserpicker"},
    },
]
MIA = {"accountId": "mia-id", "displayName": "Mia Berg", "emailAddress": "mia@acme.example", "active": True}
JO = {"accountId": "jo-id", "displayName": "Jo Lind", "active": True}


def disguise(native: str, _: str) -> Shown:
    """Mia was erased; all others go by another word."""
    return NOBODY if native == "mia-id" else Shown(f"p-{native}", f"p-{native}")


def custom(found: Issue) -> Any:
    return msgspec.json.decode(found.custom_fields)


def change(found: IssueChange) -> tuple[str | None, ...]:
    return found.from_value, found.from_text, found.to_value, found.to_text


def item(field: str, field_id: str, before: tuple[Any, Any], after: tuple[Any, Any], **more: Any) -> Json:
    halves = {"from": before[0], "fromString": before[1], "to": after[0], "toString": after[1]}
    return {"field": field, "fieldId": field_id, "fieldtype": "custom", **halves, **more}


def test_people_in_custom_fields_are_what_may_be_stored_of_them(jira: FakeJira, connect: Connect) -> None:
    jira.fields = OF_PEOPLE
    approval = {"approvers": [{"approver": JO}, {"approver": MIA}], "round": 1}
    jira.issues = [issue(1, customfield_70=JO, customfield_71=[MIA, JO], creator=MIA, customfield_80=approval)]
    found = custom(pull(connect(people=disguise)).rows(Issue)[0])
    assert found["Tester"] == "p-jo-id"
    assert found["Reviewers"] == ["p-jo-id"]
    assert found["customfield_80"] == {"approvers": [{"approver": "p-jo-id"}, {"approver": None}], "round": 1}
    assert "Creator" not in found
    assert "creator" not in found


def test_changes_of_every_field_of_people_are_disguised(jira: FakeJira, connect: Connect) -> None:
    jira.fields = OF_PEOPLE
    jira.issues = [issue(1)]
    jira.histories["1"] = [
        history(
            5,
            item("Tester", "customfield_70", ("jo-id", "Jo Lind"), ("mia-id", "Mia Berg")),
            item("Reviewers", "customfield_71", (None, None), ("[jo-id, mia-id]", "[Jo Lind, Mia Berg]")),
            item("reporter", "reporter", ("jo-id", "Jo Lind"), (None, None)),
            item("Owner", "customfield_99", ("jlind", "Jo Lind"), (None, None), tmpFromAccountId="jo-id"),
            item("assignee", "assignee", ("mberg", "Mia Berg"), (None, None), tmpFromAccountId="mia-id"),
            item("Squad", "customfield_98", ("1", "Mia Berg"), ("2", "Blue")),
        )
    ]
    found = [change(row) for row in pull(connect(people=disguise)).rows(IssueChange)]
    assert found == [
        ("p-jo-id", "p-jo-id", None, None),
        (None, None, "[p-jo-id]", "[p-jo-id]"),
        ("p-jo-id", "p-jo-id", None, None),
        ("p-jo-id", "p-jo-id", None, None),
        (None, None, None, None),
        ("1", "Mia Berg", "2", "Blue"),
    ]


def test_an_old_id_of_an_account_makes_no_row_of_its_own(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1)]
    old = item("assignee", "assignee", ("jlind", "Jo Lind"), (None, None), tmpFromAccountId="jo-id")
    jira.histories["1"] = [history(5, old)]
    found = {row.user_id for row in pull(connect()).rows(User)}
    assert "acme:jo-id" in found
    assert "acme:jlind" not in found


def test_the_list_of_people_is_kept_without_ids_that_may_not_be_stored(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.users, jira.issues = [MIA, JO], [issue(1, assignee=JO, reporter=MIA)]
    first = pull(connect(people=disguise))
    assert "jo-id" in first.bookmarks["users"]
    assert '"jo-id"' not in first.bookmarks["users"]
    assert "mia-id" not in first.bookmarks["users"]
    clock.sleep(86_400)
    assert pull(connect(people=disguise), bookmarks=first.bookmarks).rows(User) == []


def test_nobody_is_asked_for_where_nobody_is_stored(jira: FakeJira, connect: Connect) -> None:
    jira.users, jira.issues = [JO], [issue(1)]
    pull(connect(people=lambda *_: NOBODY, lists_people=False))
    assert jira.asked("/users") == []


def test_texts_are_asked_for_and_mapped_only_when_they_are_to_be_stored(jira: FakeJira, connect: Connect) -> None:
    jira.fields = OF_PEOPLE
    body = {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Call Mia"}]}]}
    jira.issues = [issue(1, description=body, comment=inline("comment", [comment(500, body=body)]))]
    without, with_texts = pull(connect()), pull(connect(stores_text=True))
    assert "Beschreibung" not in custom(without.rows(Issue)[0])
    assert custom(with_texts.rows(Issue)[0])["Beschreibung"] == "Call Mia"
    assert [row.body for pulled in (without, with_texts) for row in pulled.rows(Comment)] == [None, "Call Mia"]
