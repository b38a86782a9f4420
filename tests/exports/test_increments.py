"""An increment has each row that changed since, and says of each table whether it is a part or whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from exports.base import ExportError, Order
from exports.catalog import EXPORTERS, choose_tables
from exports.increments import changed_by
from exports.manifest import MANIFEST
from exports.series import begin_of, folder_of
from exports.snapshot import snapshot
from tests.warehouse.test_loader import an_issue
from warehouse.bulk import insert_rows
from warehouse.loader import Loader
from warehouse.tables import COMPUTED

SINCE = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE = SINCE - timedelta(microseconds=1)


def keys(engine: Engine, folder: Path, name: str) -> list[str]:
    """The keys of the rows that an increment has."""
    (table,) = choose_tables([name])
    with snapshot(engine) as connection:
        (file,) = EXPORTERS["parquet"](connection, [table], folder, Order(made_at=SINCE, since=SINCE))
    (key,) = (column.name for column in table.primary_key)
    found: list[str] = pq.read_table(file.path)[key].to_pylist()
    return found


def issue(engine: Engine, name: str, updated_at: datetime) -> None:
    with engine.begin() as connection:
        Loader(connection).upsert([an_issue(1, issue_id=name, updated_at=updated_at)])


def change(engine: Engine, name: str, issue_id: str, at: datetime) -> None:
    (table,) = choose_tables(["issue_changes"])
    names = ["change_id", "issue_id", "entry_number", "ordinal", "changed_at", "field"]
    with engine.begin() as connection:
        insert_rows(connection, table, names, [(name, issue_id, 1, 0, at, "x")])


def test_a_change_is_in_when_it_happened_since_to_the_microsecond(warehouse: Engine, tmp_path: Path) -> None:
    change(warehouse, "old", "a:1", BEFORE)
    change(warehouse, "new", "a:1", SINCE)
    assert keys(warehouse, tmp_path, "issue_changes") == ["new"]


def test_an_issue_that_changed_brings_its_whole_history(warehouse: Engine, tmp_path: Path) -> None:
    """It may just have moved into what is synced: then all its past is new here."""
    issue(warehouse, "a:1", SINCE)
    issue(warehouse, "a:2", BEFORE)
    change(warehouse, "one", "a:1", BEFORE)
    change(warehouse, "two", "a:2", BEFORE)
    assert keys(warehouse, tmp_path, "issue_changes") == ["one"]


def test_a_worklog_is_in_when_it_was_written_changed_or_deleted_since(warehouse: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["worklogs"])
    names = ["worklog_id", "issue_id", "seconds", "started_at", "updated_at", "deleted_at"]
    rows = [
        ("changed", "a:1", 60, BEFORE, SINCE, None),
        ("deleted", "a:1", 60, BEFORE, BEFORE, SINCE),
        ("old", "a:1", 60, BEFORE, BEFORE, BEFORE),
        ("old, there", "a:1", 60, BEFORE, BEFORE, None),
    ]
    with warehouse.begin() as connection:
        insert_rows(connection, table, names, rows)
    assert keys(warehouse, tmp_path, "worklogs") == ["changed", "deleted"]


def test_tables_that_cannot_tell_are_whole_and_the_manifest_says_so(filled: Engine, tmp_path: Path) -> None:
    tables = choose_tables(["issues", "issue_flow", "comments"])
    with snapshot(filled) as connection:
        EXPORTERS["csv"](connection, tables, tmp_path, Order(made_at=SINCE, since=datetime(2026, 12, 1, 8, tzinfo=UTC)))
    told = json.loads((tmp_path / MANIFEST).read_text())
    assert told["since"] == "2026-12-01T08:00:00Z"
    assert {entry["name"]: (entry["rows"], entry["increment"]) for entry in told["tables"]} == {
        "comments": (0, {"changed_by": ["created_at", "updated_at"], "rows_in_warehouse": 40}),
        "issue_flow": (40, None),
        "issues": (40, None),
    }


def test_no_computed_table_comes_in_parts() -> None:
    """A changed rule of the configuration renews any of their rows."""
    assert [table.name for table in COMPUTED if changed_by(table)] == []


MADE = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
SYNCED = datetime(2026, 10, 2, 2, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


def export(engine: Engine, folder: Path, made: datetime, synced: datetime | None) -> None:
    with snapshot(engine) as connection:
        order = Order(made_at=made, synced_until=synced)
        EXPORTERS["csv"](connection, choose_tables(["boards"]), folder, order)


def test_the_first_of_a_series_is_whole(tmp_path: Path) -> None:
    assert begin_of(tmp_path / "none", Order(made_at=MADE), OVERLAP) is None


@pytest.mark.parametrize("folder", ["20261002T021500000000Z", "."])
def test_the_next_begins_where_trackers_had_been_asked_until_less_the_overlap(
    warehouse: Engine, tmp_path: Path, folder: str
) -> None:
    to = tmp_path / "series"
    export(warehouse, to / folder, MADE, SYNCED)
    order = Order(made_at=MADE + timedelta(days=1))
    assert begin_of(to, order, OVERLAP) == datetime(2026, 10, 2, 1, 50, tzinfo=UTC)


def test_the_newest_of_the_dated_folders_counts_and_unfinished_ones_do_not(warehouse: Engine, tmp_path: Path) -> None:
    for day in (0, 1):
        made = MADE + timedelta(days=day)
        export(warehouse, folder_of(tmp_path, made), made, SYNCED + timedelta(days=day))  # type: ignore[arg-type]
    Path(folder_of(tmp_path, MADE + timedelta(days=2))).mkdir()
    (tmp_path / "notes").mkdir()
    begin = begin_of(tmp_path, Order(made_at=MADE + timedelta(days=3)), OVERLAP)
    assert begin == SYNCED + timedelta(days=1) - OVERLAP


def test_after_an_export_while_a_source_was_not_synced_yet_the_next_is_whole(warehouse: Engine, tmp_path: Path) -> None:
    export(warehouse, tmp_path, MADE, None)
    assert begin_of(tmp_path, Order(made_at=MADE + timedelta(days=1)), OVERLAP) is None


def test_an_export_of_the_same_instant_is_refused(warehouse: Engine, tmp_path: Path) -> None:
    """It would take the place of the one that it goes on from."""
    export(warehouse, tmp_path, MADE, SYNCED)
    with pytest.raises(ExportError, match="was made at 2026-10-02T02:15:00Z, which is not before this one"):
        begin_of(tmp_path, Order(made_at=MADE), OVERLAP)


def test_dated_folders_sort_as_time(tmp_path: Path) -> None:
    assert folder_of(tmp_path, MADE) == tmp_path / "20261002T021500000000Z"
    assert folder_of("s3://b/x/", MADE) == "s3://b/x/20261002T021500000000Z"
