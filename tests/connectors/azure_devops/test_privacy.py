"""People of Azure DevOps as far as they may be stored: what is kept is compared with later revisions on like terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from connectors.azure_devops.mapping.snapshots import Context, encode, snapshot
from connectors.groups import Members, group_pages
from connectors.people import NOBODY, Shown
from tests.connectors.azure_devops.fake_organisation import FakeOrganisation
from tests.connectors.azure_devops.store import Connect, Store, sent
from tests.connectors.azure_devops.test_changes import Make, between
from warehouse.records import User, UserGroup

JO = {"displayName": "Jo Lind", "uniqueName": "Jo@fab.example"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIA = {"displayName": "Mia Berg", "uniqueName": "mia@fab.example"}


def disguise(native: str, _: str) -> Shown:
    """Mia was erased; all others go by another word, which stays as it is."""
    if native == "mia@fab.example":
        return NOBODY
    shown = native if native.startswith("p-") else f"p-{native.partition('@')[0]}"
    return Shown(shown, shown)


def test_what_is_kept_of_a_revision_names_nobody(context: Context, revision: Make) -> None:
    told = revision(1, System__AssignedTo=JO, System__CreatedBy="Mia Berg <mia@fab.example>")
    kept = encode(snapshot(replace(context, people=disguise), told))
    assert '"p-jo"' in kept
    assert not [word for word in ("Jo Lind", "fab.example", "Mia") if word in kept]


def test_a_handover_is_a_change_between_what_may_be_stored(context: Context, revision: Make) -> None:
    change = between(
        replace(context, people=disguise), revision(1, System__AssignedTo=JO), revision(2, System__AssignedTo=MIA)
    )["assignee"]
    assert (change.from_value, change.from_text, change.to_value, change.to_text) == ("p-jo", "p-jo", None, None)


def test_both_forms_of_a_person_are_one(context: Context, revision: Make) -> None:
    hidden = replace(context, people=disguise)
    text = "Jo Lind <jo@fab.example>"
    assert between(hidden, revision(1, System__AssignedTo=JO), revision(2, System__AssignedTo=text)) == {}


def test_the_next_night_compares_with_what_was_stored_and_sees_no_change_that_is_none(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(7, 1, AssignedTo=JO)]]
    store.sync(connect(people=disguise))
    organisation.batches.append([sent(7, 2, AssignedTo=JO, State="Active"), sent(7, 3, AssignedTo=MIA, State="Active")])
    store.sync(connect(people=disguise))
    assert [change.field for change in store.changes(7)] == ["status", "assignee"]
    assert store.moves(7, "assignee") == [("p-jo", None)]
    assert {user.display_name for user in store.of(User).values()} == {"p-jo"}
    assert not [row for row in store.dump().values() if b"Jo Lind" in row or b"mia@" in row]


def test_descriptions_are_asked_for_and_kept_only_when_they_are_to_be_stored(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.batches = [[sent(7, 1, Description="<p>Call Mia</p>"), sent(7, 2, 2, Description="<p>Call Jo</p>")]]
    kept, asked = {}, {}
    for stores_text in (False, True):
        store = Store()
        store.sync(connect(stores_text=stores_text))
        kept[stores_text] = (store.moves(7, "Description"), "Call Jo" in store.issue(7).custom_fields)
        asked[stores_text] = organisation.asked("workitemrevisions")[-1].url.params.get("$expand")
    assert kept == {False: ([], False), True: ([("<p>Call Mia</p>", "<p>Call Jo</p>")], True)}
    assert asked == {False: None, True: "fields"}


def test_who_may_not_be_stored_under_one_id_is_in_no_group_under_another() -> None:
    people = {("fab\\mia", "mia@fab.example"), ("fab\\jo", "jo@fab.example")}
    pages = group_pages("fab", "https://fab.example", NOW, ["customers"], None, lambda _: Members(people), disguise)
    rows = [row for page in pages for part in page.replacements for row in part.records if isinstance(row, UserGroup)]
    assert [row.user_id for row in rows] == ["fab:fab\\jo", "fab:jo@fab.example"]
