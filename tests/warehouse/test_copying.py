"""A copy has the very rows of its source, whichever engine that is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import Engine, select

from exports.snapshot import snapshot
from tests.warehouse.test_loader import an_issue
from warehouse.copying import copy_tables
from warehouse.engine import open_scratch, open_warehouse
from warehouse.loader import Loader
from warehouse.records import IssueChange, Record, Sprint
from warehouse.tables import METADATA, table
from warehouse.types import JsonText

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("issues", "issue_changes", "sprints")
BIG = "x" * 3_000_000


def records() -> list[Record]:
    odd = datetime(2026, 3, 1, 12, 0, 0, 1000, tzinfo=UTC)
    change = IssueChange(
        change_id="acme:9:0", issue_id="acme:1", entry_number=2**40, ordinal=0, changed_at=odd, author_id=None,
        field="description", field_id=None, from_value=None, from_text=BIG, to_value="", to_text="naïve 🚲",
    )  # fmt: skip
    many = [an_issue(number, story_points=number / 8) for number in range(1, 4_500)]
    plain = an_issue(5_000, story_points=None, due_on=None, custom_fields='{"a":[1,2.5,null,"ü"],"b":{"c":true}}')
    sprint = Sprint(
        sprint_id="acme:7", iteration_id="acme:7", source_id="acme", board_id=None, name="S", state="active",
        start_at=odd, start_on=date(2026, 3, 1),
    )  # fmt: skip
    return [*many, plain, change, sprint]


def rows(engine: Engine, name: str) -> list[tuple[Any, ...]]:
    columns = table(name).columns
    with engine.connect() as connection:
        found = sorted(map(tuple, connection.execute(select(table(name)))), key=itemgetter(0))
    is_json = [isinstance(column.type, JsonText) for column in columns]
    return [tuple(map(_decoded, row, is_json)) for row in found]


def _decoded(value: Any, is_json: bool) -> Any:  # noqa: FBT001
    return msgspec.json.decode(value) if is_json and isinstance(value, str) else value


def test_every_value_arrives_as_it_was(warehouse: Engine, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        Loader(connection).upsert(records())
    copy = open_scratch(tmp_path / "copy.db")
    METADATA.create_all(copy)
    with snapshot(warehouse) as source, copy.begin() as target:
        assert copy_tables(source, target, [table(name) for name in NAMES]) == 4_502
    for name in NAMES:
        assert rows(copy, name) == rows(warehouse, name)


def test_a_sqlite_file_can_be_copied_into_postgresql(warehouse: Engine, tmp_path: Path) -> None:
    origin = open_warehouse(f"sqlite:///{tmp_path / 'origin.db'}")
    METADATA.create_all(origin)
    with origin.begin() as connection:
        Loader(connection).upsert(records())
    with snapshot(origin) as source, warehouse.begin() as target:
        copy_tables(source, target, [table(name) for name in NAMES])
    for name in NAMES:
        assert rows(warehouse, name) == rows(origin, name)


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "off"), ("synchronous", 0)])
def test_a_scratch_warehouse_keeps_nothing_for_a_crash(tmp_path: Path, pragma: str, value: object) -> None:
    with open_scratch(tmp_path / "scratch.db").connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
