"""What every connector promises, whichever tracker it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Connector, Missing, Page
from connectors.errors import AuthenticationError, SourceError
from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS, SOURCE, Warehouse, make
from tests.connectors.contract.rows import Row, Tables, apply, differing

PARENTS = {
    ("Board", "project_id"): "Project",
    ("BoardArea", "board_id"): "Board",
    ("BoardColumn", "board_id"): "Board",
    ("BoardColumnStatus", "board_column_id"): "BoardColumn",
    ("BoardSprint", "board_id"): "Board",
    ("BoardSprint", "sprint_id"): "Sprint",
    ("Capacity", "sprint_id"): "Sprint",
    ("Capacity", "user_id"): "User",
    ("Comment", "issue_id"): "Issue",
    ("Comment", "author_id"): "User",
    ("DayOff", "sprint_id"): "Sprint",
    ("UserGroup", "group_id"): "Group",
    ("Issue", "project_id"): "Project",
    ("Issue", "status_id"): "Status",
    ("Issue", "assignee_id"): "User",
    ("Issue", "reporter_id"): "User",
    ("IssueChange", "issue_id"): "Issue",
    ("IssueChange", "author_id"): "User",
    ("IssueLabel", "issue_id"): "Issue",
    ("IssueVersion", "version_id"): "Version",
    ("Sprint", "board_id"): "Board",
    ("Version", "project_id"): "Project",
    ("VersionSnapshot", "version_id"): "Version",
    ("Worklog", "issue_id"): "Issue",
    ("Worklog", "author_id"): "User",
}
"""Column of a child → where its parent is, when its page is committed."""


class BrokenOffError(Exception):
    """A sync that ends in the middle."""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A company that lives on by what the tests do to it."""
    with serve(issues=160) as simulator:
        yield simulator


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest, running: Running) -> Iterator[str]:
    running.clear_faults()
    yield str(request.param)
    running.clear_faults()


@pytest.fixture
def connect(running: Running, flavour: str) -> Iterator[Callable[..., Connector]]:
    """Makes connectors of the flavour, which are closed in the end."""
    made: list[Connector] = []

    def new(warehouse: Warehouse | None = None, **changes: Any) -> Connector:
        connector = make(running, flavour, (warehouse or Warehouse()).recall, **changes)
        made.append(connector)
        return connector

    yield new
    for connector in made:
        connector.close()


def synced(connect: Callable[..., Connector]) -> Warehouse:
    warehouse = Warehouse()
    warehouse.sync(connect(warehouse))
    return warehouse


def everything(tables: Tables) -> Iterator[tuple[str, Row]]:
    return ((name, row) for name, rows in tables.items() for row in rows.values())


def test_the_login_is_proved_and_the_tracker_says_what_it_is(connect: Callable[..., Connector], flavour: str) -> None:
    identity = connect().identify()
    assert identity.kind == flavour.removesuffix("_server")
    assert identity.account
    assert identity.display_name


def test_ids_carry_the_source(connect: Callable[..., Connector]) -> None:
    found = synced(connect)
    ids = [
        value
        for _, row in everything(found.tables)
        for column, value in row.items()
        if column.endswith("_id") and value is not None
    ]
    assert len(ids) > 1_000
    assert [value for value in ids if value != SOURCE and not value.startswith(f"{SOURCE}:")] == []


def test_instants_are_aware_and_in_utc(connect: Callable[..., Connector]) -> None:
    found = synced(connect)
    instants = [v for _, row in everything(found.tables) for v in row.values() if isinstance(v, datetime)]
    assert len(instants) > 500
    assert {moment.tzinfo for moment in instants} == {UTC}


def test_parents_are_there_when_their_children_come(connect: Callable[..., Connector]) -> None:
    warehouse, orphans = Warehouse(), set[tuple[str, str, str]]()

    def look(_: str, page: Page) -> None:
        after = Warehouse()
        after.tables = {name: dict(rows) for name, rows in warehouse.tables.items()}
        apply(after.tables, page)
        named = {type(record).__name__ for record in page.records} | {r.record_type.__name__ for r in page.replacements}
        for (child, column), parent in PARENTS.items():
            if child in named:
                there = after.tables.get(parent, {})
                rows = after.tables.get(child, {}).values()
                orphans.update((child, column, r[column]) for r in rows if r[column] and r[column] not in there)

    warehouse.sync(connect(warehouse), look)
    assert orphans == set()
    assert warehouse.problems == []


def test_a_second_sync_yields_only_the_overlap_and_changes_nothing(connect: Callable[..., Connector]) -> None:
    warehouse = synced(connect)
    before = {name: dict(rows) for name, rows in warehouse.tables.items()}
    warehouse.sync(connect(warehouse))
    again = sum(type(record).__name__ == "Issue" for _, page in warehouse.pages for record in page.records)
    assert again <= len(before["Issue"]) / 10
    assert differing(_values(warehouse.tables), _values(before)) == {}


def test_a_sync_that_is_broken_off_after_any_page_goes_on_from_there(connect: Callable[..., Connector]) -> None:
    whole = synced(connect)
    pages = len(whole.pages)
    for stop in range(2, pages, max(1, pages // 7)):
        warehouse, seen = Warehouse(), iter(range(pages))

        def leave(_: str, __: Page, stop: int = stop, seen: Iterator[int] = seen) -> None:
            if next(seen) == stop:
                raise BrokenOffError

        with pytest.raises(BrokenOffError):
            warehouse.sync(connect(warehouse), leave)
        warehouse.sync(connect(warehouse))
        assert differing(_values(warehouse.tables), _values(whole.tables)) == {}, stop


def test_an_older_bookmark_loses_nothing_and_a_newer_one_is_not_taken_back(
    running: Running, connect: Callable[..., Connector]
) -> None:
    """Pages that come again, after a crash between tracker and disk, leave what they left before."""
    warehouse = synced(connect)
    old = dict(warehouse.bookmarks)
    running.advance(1)
    warehouse.sync(connect(warehouse))
    after = {name: dict(rows) for name, rows in warehouse.tables.items()}
    new, warehouse.bookmarks = dict(warehouse.bookmarks), old
    warehouse.sync(connect(warehouse))
    assert differing(_values(warehouse.tables), _values(after)) == {}
    warehouse.bookmarks = new
    warehouse.sync(connect(warehouse))
    again = sum(type(record).__name__ == "Issue" for _, page in warehouse.pages for record in page.records)
    assert again <= len(after["Issue"]) / 5


def test_a_refused_login_is_an_authentication_error_without_a_secret(
    connect: Callable[..., Connector], flavour: str
) -> None:
    secret = "wrong-but-secret"
    with pytest.raises(AuthenticationError) as told:
        connect(token=secret).identify()
    assert "\n" not in str(told.value)
    assert secret not in str(told.value)
    assert flavour


def test_a_login_that_lapses_in_mid_run_is_an_authentication_error(
    running: Running, connect: Callable[..., Connector], flavour: str
) -> None:
    kind = "lying_200" if flavour.startswith("jira_cloud") else "answer"
    kind = "sign_in_203" if flavour.startswith("azure") else kind
    warehouse = Warehouse()
    running.fault(tracker=flavour, after=9, times=99, kind=kind, status=401)
    with pytest.raises(AuthenticationError):
        warehouse.sync(connect(warehouse))


@pytest.mark.thorough
@pytest.mark.parametrize("status", [400, 404, 410, 418, 500, 503])
def test_no_message_shows_a_secret(
    running: Running, connect: Callable[..., Connector], flavour: str, status: int
) -> None:
    token = running.connect[flavour]["token"]
    for after in range(0, 24, 4):
        running.clear_faults()
        running.fault(tracker=flavour, after=after, times=99, status=status, body="html")
        warehouse = Warehouse()
        try:
            connector = connect(warehouse)
            connector.identify()
            warehouse.sync(connector)
        except SourceError as error:
            warehouse.problems.append(str(error))
        assert token not in " ".join((*warehouse.problems, *warehouse.notes))
        assert not any("\n" in line for line in (*warehouse.problems, *warehouse.notes))


def test_a_census_lists_exactly_what_is_alive(connect: Callable[..., Connector]) -> None:
    warehouse = synced(connect)
    alive = {key for key, row in warehouse.tables["Issue"].items() if row["absence"] is None}
    connector = connect(warehouse)
    connector.identify()
    parts = list(connector.census().parts())
    listed = frozenset[str]().union(*(part.ids for part in parts))
    assert [part.problem for part in parts if part.problem] == []
    assert listed == alive
    assert all(part.expected in {None, len(part.ids)} for part in parts)


def test_issues_pulled_by_id_are_the_same_rows(connect: Callable[..., Connector]) -> None:
    warehouse = synced(connect)
    before = {name: dict(rows) for name, rows in warehouse.tables.items()}
    wanted = sorted(key for key, row in before["Issue"].items() if row["absence"] is None)[::17]
    connector = connect(warehouse)
    connector.identify()
    for page in connector.census().pull(wanted):
        apply(warehouse.tables, page)
        assert page.bookmark is None
    assert differing(_values(warehouse.tables), _values(before)) == {}


def test_an_issue_that_never_was_is_not_found(connect: Callable[..., Connector]) -> None:
    warehouse = synced(connect)
    project_id = next(iter(warehouse.tables["Project"]))
    connector = connect(warehouse)
    connector.identify()
    missing = Missing(issue_id=f"{SOURCE}:99999999", project_id=project_id, key="PAY-9999")
    with closing(connector):
        (located,) = connector.census().locate([missing])
    assert located.issue_id == missing.issue_id
    assert located.absence in {"deleted", "access_lost"}
    assert located.page is None
    assert located.reason


def _values(tables: Tables) -> dict[str, list[Row]]:
    return {name: list(rows.values()) for name, rows in tables.items()}
