"""What an account sees, and in which shape: the same rows by any server, and nothing lost that is merely hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Running, serve
from tests.connectors.contract.flavours import SOURCE
from tests.end_to_end.places import Place, Rows, differing, problems, undisturbed_syncs
from warehouse.tables import table

JIRAS = ("jira_cloud", "jira_data_center")
ADOS = ("azure_devops", "azure_devops_server")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A company in which nothing happens."""
    with serve(issues=80) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def undisturbed(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Flavour → rows of a sync that sees all."""
    syncs = undisturbed_syncs(running, tmp_path_factory)
    return lambda flavour: syncs(flavour)[0]


@contextmanager
def switched(running: Running, flavour: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[None]:
    """Within, the tracker has other switches."""
    running.tell(tracker=flavour, **after)
    try:
        yield
    finally:
        running.tell(tracker=flavour, **before)


def some_issue(running: Running, flavour: str) -> Any:
    """An issue on which nothing hangs."""
    product = running.company.products[flavour in ADOS]
    parents = {issue.state.get("parent") for issue in product.alive()}
    return next(issue for issue in product.alive() if issue.id not in parents and not issue.links)


# --- what is hidden


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", JIRAS)
def test_trap_34_a_hidden_issue_is_marked_and_revived_with_every_row(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place, hidden = undisturbed(flavour), Place(tmp_path, running, flavour), some_issue(running, flavour)
    assert place.sync().ok
    with switched(running, flavour, {"hidden_issues": []}, {"hidden_issues": [hidden.id]}):
        assert place.sync().ok
        assert place.absences() == {f"{SOURCE}:{hidden.id}": "access_lost"}
        assert counts(place.rows()) == counts(rows)
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


def counts(rows: Rows) -> dict[str, int]:
    return {name: len(found) for name, found in rows.items()}


HIDDEN_PROJECTS = [*((flavour, "WEB") for flavour in JIRAS), *((flavour, "Shop") for flavour in ADOS)]


@pytest.mark.thorough
@pytest.mark.parametrize(("flavour", "project"), HIDDEN_PROJECTS)
def test_trap_34_a_project_that_is_hidden_costs_nothing_unless_a_person_says_so(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str, project: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, running, flavour)
    assert place.sync().ok
    absent = place.absences()
    with switched(running, flavour, {"hidden_projects": []}, {"hidden_projects": [project]}):
        for full in (False, True):
            said = problems(place.sync(full=full))
            assert any("--accept-loss" in line for line in said)
            assert place.absences() == absent
            assert counts(place.rows()) == counts(rows)
    assert place.sync(full=True).ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize(("flavour", "project"), HIDDEN_PROJECTS)
def test_trap_31_a_configured_project_that_is_hidden_is_named_and_the_others_are_synced(
    running: Running, tmp_path: Path, flavour: str, project: str
) -> None:
    known = running.company.products[flavour in ADOS].projects.values()
    names = tuple(each.key if flavour in JIRAS else each.name for each in known)
    place = Place(tmp_path, running, flavour, projects=names)
    assert place.sync().ok
    before, absent = place.rows(), place.absences()
    with switched(running, flavour, {"hidden_projects": []}, {"hidden_projects": [project]}):
        said = problems(place.sync(full=True))
        assert any(project in line for line in said)
        assert place.absences() == absent
        assert counts(place.rows()) == counts(before)
    assert place.sync(full=True).ok
    assert differing(place.rows(), before) == {}


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", JIRAS)
@pytest.mark.parametrize(
    ("name", "value"),
    [("denied_boards", [1, 4]), ("columnless_boards", [2]), ("withheld_permissions", ["USER_PICKER"])],
)
def test_trap_23_what_the_account_may_not_do_deletes_nothing(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str, name: str, value: list[Any]
) -> None:
    """What a board itself does not tell may be empty after a full sync: its columns, and a Data Center's project."""
    rows, place = undisturbed(flavour), Place(tmp_path, running, flavour)
    columns = {"board_columns", "board_column_statuses"} if name == "columnless_boards" else set()
    of_boards = columns | ({"boards"} if name == "denied_boards" else set())
    assert place.sync().ok
    with switched(running, flavour, {name: []}, {name: value}):
        assert place.sync().ok
        assert differing(place.rows(), rows) == {}
        assert place.sync(full=True).ok
        assert differing(but(place.rows(), of_boards), but(rows, of_boards)) == {}
        assert len(place.rows()["boards"]) == len(rows["boards"])
    assert place.sync().ok
    assert differing(but(place.rows(), columns), but(rows, columns)) == {}
    assert place.sync(full=True).ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("flavour", ADOS)
def test_an_area_that_is_hidden_costs_nothing_unless_a_person_says_so(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, running, flavour)
    assert place.sync().ok
    absent = place.absences()
    area = f"Shop\\{next(iter(running.company.products[1].areas.values()))}"
    with switched(running, flavour, {"hidden_areas": []}, {"hidden_areas": [area]}):
        assert any("--accept-loss" in line for line in problems(place.sync(full=True)))
        assert place.absences() == absent
        assert counts(place.rows()) == counts(rows)
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


# --- zones, caps, versions, shapes


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("flavour", "name", "zone"),
    [
        *((flavour, "user_zone", "Pacific/Kiritimati") for flavour in JIRAS),
        *((flavour, "zone", "Pacific/Kiritimati") for flavour in ADOS),
    ],
)
def test_trap_26_the_accounts_time_zone_changes_no_row(tmp_path: Path, flavour: str, name: str, zone: str) -> None:
    with serve(issues=80) as living:
        place, other = Place(tmp_path / "one", living, flavour), Place(tmp_path / "other", living, flavour)
        for _ in range(2):
            living.tell(tracker=flavour, **{name: "America/Los_Angeles"})
            assert place.sync().ok
            living.tell(tracker=flavour, **{name: zone})
            assert other.sync().ok
            assert differing(place.rows(), other.rows()) == {}
            living.clock(1_800)
            issue = some_issue(living, flavour)
            living.act("edit", "jira" if flavour in JIRAS else "azure_devops", issue.id, add_label="later")


@pytest.mark.parametrize("cap", [1, 7])
def test_trap_52_the_servers_page_cap_changes_no_row(
    running: Running, undisturbed: Any, tmp_path: Path, cap: int
) -> None:
    rows, place = undisturbed("jira_data_center"), Place(tmp_path, running, "jira_data_center")
    with switched(running, "jira_data_center", {"page_cap": 1_000}, {"page_cap": cap}):
        report = place.sync()
        assert report.ok, report
    assert differing(place.rows(), rows) == {}


def test_trap_53_a_search_that_reaches_less_far_than_any_known_one_is_a_line_and_the_next_sync_mends(
    running: Running, undisturbed: Any, tmp_path: Path
) -> None:
    rows, place = undisturbed("jira_data_center"), Place(tmp_path, running, "jira_data_center")
    before, after = {"page_cap": 1_000, "search_window": 10_000}, {"page_cap": 7, "search_window": 20}
    with switched(running, "jira_data_center", before, after):
        assert "500" in problems(place.sync())[0]
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("version", ["5.0", "6.0", "7.1"])
def test_trap_79_an_older_server_gives_the_same_rows_but_for_what_its_version_lacks(
    running: Running, undisturbed: Any, tmp_path: Path, version: str
) -> None:
    rows, place = undisturbed("azure_devops_server"), Place(tmp_path, running, "azure_devops_server")
    with switched(running, "azure_devops_server", {"newest_api_version": "7.0"}, {"newest_api_version": version}):
        report = place.sync()
        assert report.ok, report
    lacking = {"sources"} | ({"fields", "issue_changes", "issue_snapshots"} if version == "5.0" else set())
    found = place.rows()
    assert differing(but(found, lacking), but(rows, lacking)) == {}
    assert changes(found, "parent") == ([] if version == "5.0" else changes(rows, "parent"))
    assert but_parents(found) == but_parents(rows)


def but(rows: Rows, tables: set[str]) -> Rows:
    return {name: found for name, found in rows.items() if name not in tables}


def changes(rows: Rows, field: str) -> list[tuple[Any, ...]]:
    return [row for row in rows["issue_changes"] if field in row]


def but_parents(rows: Rows) -> list[tuple[Any, ...]]:
    """Changes of other fields than the parent; without their ids, which count those of a revision."""
    columns = [n for n, c in enumerate(table("issue_changes").columns) if c.name not in {"change_id", "ordinal"}]
    return sorted((tuple(r[n] for n in columns) for r in rows["issue_changes"] if "parent" not in r), key=repr)


SHAPES = [
    {"capacity_shape": "members", "identity_shape": "objects", "recycle_bin_shape": "array"},
    {"capacity_shape": "list", "identity_shape": "texts", "recycle_bin_shape": "list"},
]


@pytest.mark.parametrize("flavour", ADOS)
def test_trap_76_and_trap_81_shapes_of_capacities_people_and_recycle_bins_change_no_row(
    tmp_path: Path, flavour: str
) -> None:
    """An item goes into the bin while the census is under way, so that the bin is looked into."""
    with serve(issues=80) as living:
        places = [Place(tmp_path / str(number), living, flavour) for number, _ in enumerate(SHAPES)]
        for place, shapes in zip(places, SHAPES, strict=True):
            living.tell(tracker=flavour, **shapes)
            assert place.sync().ok
        absent, gone = places[0].absences(), some_issue(living, flavour).id
        body = {"do": "delete", "tracker": "azure_devops", "issue": gone}
        living.fault(tracker=flavour, match="/wiql$", kind="act", body=body)
        for place, shapes in zip(places, SHAPES, strict=True):
            living.tell(tracker=flavour, **shapes)
            assert place.sync().ok
            assert place.absences() == {**absent, f"{SOURCE}:{gone}": "deleted"}
        for place in places:
            assert place.sync().ok
        assert differing(places[0].rows(), places[1].rows()) == {}
        assert len(places[0].table("capacities")) > 10
        assert places[0].table("capacities") == places[1].table("capacities")
