"""What people do between two nights: the increment leaves what a fresh sync would, and no history is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.company import Issue
from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS, SOURCE
from tests.end_to_end.places import Place, Rows, differing, without
from warehouse.tables import table

JIRAS = ("jira_cloud", "jira_data_center")
ADOS = ("azure_devops", "azure_devops_server")


@pytest.fixture
def running() -> Iterator[Running]:
    """A company of the test's own."""
    with serve(issues=80) as simulator:
        yield simulator


def tracker(flavour: str) -> str:
    return "jira" if flavour in JIRAS else "azure_devops"


def alive(running: Running, flavour: str) -> list[Issue]:
    return list(running.company.products[flavour in ADOS].alive())


def plain(running: Running, flavour: str) -> list[Issue]:
    """Issues without children and links."""
    found = alive(running, flavour)
    parents = {issue.state.get("parent") for issue in found}
    return [issue for issue in found if issue.id not in parents and not issue.links]


def fresh_rows(running: Running, flavour: str, folder: Path) -> Rows:
    """What a sync from scratch brings now."""
    place = Place(folder, running, flavour)
    report = place.sync()
    assert report.ok, report
    return place.rows()


def column(rows: Rows, name: str, column: str) -> list[Any]:
    number = [each.name for each in table(name).columns if not each.info.get("derived")].index(column)
    return [row[number] for row in rows[name]]


def changes_of(rows: Rows, issue_id: str) -> list[tuple[Any, ...]]:
    return [row for row in rows["issue_changes"] if issue_id in row]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_32_and_trap_80_whatever_is_done_between_two_nights_arrives_as_by_a_fresh_sync(
    running: Running, tmp_path: Path, flavour: str
) -> None:
    """Moved, retyped, deleted, restored, destroyed, made, linked, edited: one issue each, and no history goes.

    Only by ids is a history compared with what it was: an issue that moved may have its points in another field now.
    """
    place, who = Place(tmp_path / "mine", running, flavour), tracker(flavour)
    assert place.sync().ok
    before, absent = place.rows(), place.absences()
    running.advance()
    moved, retyped, deleted, restored, linked, other, edited = plain(running, flavour)[:7]
    projects = running.company.products[flavour in ADOS].projects
    away = next(number for number in projects if number != moved.state["project"])
    running.act("move", who, moved.id, project=away)
    role = "bug" if running.company.products[flavour in ADOS].type_of(retyped).role != "bug" else "story"
    running.act("retype", who, retyped.id, type=role)
    running.act("delete", who, deleted.id)
    running.act("delete", who, restored.id)
    running.act("restore", who, restored.id)
    running.act("link", who, linked.id, to=other.id)
    running.act("edit", who, edited.id, add_label="done-by-hand", points=13)
    running.act("create", who, project=edited.state["project"], type="story", summary="New")
    if flavour in ADOS:
        running.act("destroy", who, deleted.id)
    running.clock(3_600)
    report = place.sync()
    assert report.ok, report
    after, gone = place.rows(), set(place.absences())
    assert place.absences().items() >= {**absent, f"{SOURCE}:{deleted.id}": "deleted"}.items()
    assert differing(without(after, gone), without(fresh_rows(running, flavour, tmp_path / "fresh"), gone)) == {}
    assert set(column(before, "issue_changes", "change_id")) <= set(column(after, "issue_changes", "change_id"))
    assert "project" in column({"issue_changes": changes_of(after, f"{SOURCE}:{moved.id}")}, "issue_changes", "field")


@pytest.mark.parametrize("flavour", ADOS)
def test_trap_68_deleted_restored_and_destroyed_night_by_night(running: Running, tmp_path: Path, flavour: str) -> None:
    place, item = Place(tmp_path / "mine", running, flavour), plain(running, flavour)[0]
    assert place.sync().ok
    history, absences = changes_of(place.rows(), f"{SOURCE}:{item.id}"), []
    for deed in ("delete", "restore", "delete", "destroy"):
        running.act(deed, "azure_devops", item.id)
        running.clock(3_600)
        assert place.sync().ok
        absences.append(place.absences().get(f"{SOURCE}:{item.id}"))
    assert absences == ["deleted", None, "deleted", "deleted"]
    assert set(history) <= set(changes_of(place.rows(), f"{SOURCE}:{item.id}"))


NAMES = {
    "jira": [
        {"what": "sprint", "name": "PAY Sprint 3", "to": "PAY third"},
        {"what": "status", "name": 3, "to": "Doing"},
        {"what": "board", "name": 1, "to": "Payments board"},
    ],
    "azure_devops": [
        {"what": "iteration", "name": "Sprint 3", "to": "Spring cleaning"},
        {"what": "area", "name": "Basket", "to": "Cart"},
        {"what": "team", "name": "Shop Search", "to": "Finders"},
    ],
}


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_41_and_trap_74_new_names_arrive_as_by_a_fresh_sync(
    running: Running, tmp_path: Path, flavour: str
) -> None:
    """A sync may keep the list of statuses for some days, so these come a week later."""
    place = Place(tmp_path / "mine", running, flavour)
    assert place.sync().ok
    sprints = len(place.rows()["sprints"])
    for name in NAMES[tracker(flavour)]:
        running.act("rename", tracker(flavour), **name)
    running.clock(7 * 86_400)
    assert place.sync().ok
    rows = place.rows()
    assert differing(rows, fresh_rows(running, flavour, tmp_path / "fresh")) == {}
    assert len(rows["sprints"]) == sprints
    assert NAMES[tracker(flavour)][0]["to"] in column(rows, "sprints", "name")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_24_a_sprint_that_is_deleted_keeps_its_row_and_what_histories_tell_of_it(
    running: Running, tmp_path: Path, flavour: str
) -> None:
    """A fresh sync knows no more of it than its name; in Azure DevOps histories have no id for it then."""
    place, product = Place(tmp_path / "mine", running, flavour), running.company.products[flavour in ADOS]
    assert place.sync().ok
    before = place.rows()
    planned = [number for issue in product.alive() for number in issue.state.get("sprints") or ()]
    number = next(n for n in planned if product.sprints[n].state == "closed")
    name = product.sprints[number].name
    assert running.act("delete_sprint", tracker(flavour), sprint=number)["issues"]
    running.clock(3_600)
    assert place.sync().ok
    rows, fresh = place.rows(), fresh_rows(running, flavour, tmp_path / "fresh")
    assert name in column(rows, "sprints", "name")
    assert set(before["issue_changes"]) <= set(rows["issue_changes"])
    assert column(rows, "issue_changes", "change_id") == column(fresh, "issue_changes", "change_id")
    lost = {"sprints", "board_sprints"} | ({"issue_changes"} if flavour in ADOS else set())
    told = rows.keys() - lost
    assert differing({each: rows[each] for each in told}, {each: fresh[each] for each in told}) == {}


@pytest.mark.parametrize("flavour", JIRAS)
def test_trap_36_and_trap_37_worklogs_of_the_last_minute_arrive_within_two_nights(
    running: Running, tmp_path: Path, flavour: str
) -> None:
    """The feeds tell nothing of the last minute: what is booked, corrected and deleted then comes the next night."""
    place = Place(tmp_path / "mine", running, flavour)
    issue = plain(running, flavour)[0]
    kept, gone = (running.act("log_work", "jira", issue.id, seconds=n)["worklog"] for n in (600, 1_200))
    assert place.sync().ok
    running.clock(86_400)
    running.act("edit_worklog", "jira", issue.id, worklog=kept, seconds=900)
    running.act("delete_worklog", "jira", issue.id, worklog=gone)
    late = running.act("log_work", "jira", issue.id, seconds=60)["worklog"]
    assert place.sync().ok
    running.clock(86_400)
    assert place.sync().ok
    rows, fresh = place.rows(), fresh_rows(running, flavour, tmp_path / "fresh")
    assert differing(without(rows, {f"{SOURCE}:{gone}"}), without(fresh, {f"{SOURCE}:{gone}"})) == {}
    ids = dict(zip(column(rows, "worklogs", "worklog_id"), column(rows, "worklogs", "deleted_at"), strict=True))
    assert (ids[f"{SOURCE}:{kept}"], ids[f"{SOURCE}:{late}"]) == (None, None)
    assert ids[f"{SOURCE}:{gone}"] is not None


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("flavour", "makes_revision"), [("azure_devops", False), ("azure_devops", True), ("azure_devops_server", False)]
)
def test_a_parent_that_comes_by_a_link_alone_arrives_as_by_a_fresh_sync(
    running: Running, tmp_path: Path, flavour: str, *, makes_revision: bool
) -> None:
    """Whether it makes a revision or, as recorded in 2026, none: given, changed, followed by an edit, taken away."""
    running.tell(parent_makes_revision=makes_revision)
    place = Place(tmp_path / "mine", running, flavour)
    assert place.sync().ok
    child, parent, other = plain(running, flavour)[:3]
    deeds: tuple[dict[str, Any], ...] = ({"parent": parent.id}, {"parent": other.id}, {"points": 21}, {"parent": None})
    for night, deed in enumerate(deeds):
        running.act("edit", "azure_devops", child.id, **deed)
        running.clock(3_600)
        assert place.sync().ok
        rows = place.rows()
        assert differing(rows, fresh_rows(running, flavour, tmp_path / f"fresh {night}")) == {}
        parents = dict(zip(column(rows, "issues", "issue_id"), column(rows, "issues", "parent_id"), strict=True))
        told = child.state.get("parent")
        assert parents[f"{SOURCE}:{child.id}"] == (f"{SOURCE}:{told}" if told else None)
