"""`flowmart copy` gives an empty warehouse everything that the configured one holds, or nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Engine,
    Integer,
    Numeric,
    Table,
    func,
    insert,
    select,
    update,
)

import migrations
from flowmart.config import Config
from flowmart.copying import COPIED, copy_warehouse
from tests.flowmart.conftest import Call, Ours
from tests.migrated import migrated
from tests.warehouse.test_copying import rows
from warehouse.bulk import insert_rows
from warehouse.copying import digest
from warehouse.engine import open_warehouse
from warehouse.leases import hold
from warehouse.tables import METADATA, table
from warehouse.types import JsonText, UtcDateTime

NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
HOSTILE = ("", "naïve 🚲 \u202e\u0301", "a\tb\r\n\\N \\. \x01\x7f", "NULL", "' OR 1=1; --", '"é" %s ${x}', "x" * 9_000)
VALUES: dict[type, tuple[Any, ...]] = {
    UtcDateTime: (NOW, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    JsonText: ('{"a":[1,2.5,null,"ü"],"z":{"b":true,"a":1e22}}', "{}", '{"é\\n":-0.125,"n":12345678901234567890}'),
    Date: (date(2026, 3, 1), date(1, 1, 1), date(9999, 12, 31)),
    Boolean: (True, False),
    BigInteger: (0, -(2**63), 2**63 - 1),
    Integer: (0, -(2**31), 2**31 - 1),
    Double: (0.1 + 0.2, -1e-300, 1e300),
    Numeric: (0.1, 13.0, -2.5, 1e15),
}


def hostile_rows(of: Table, count: int = 9) -> list[dict[str, Any]]:
    """Rows in which every column has each of its odd values, and NULL where it may be, in turn."""
    turns = [itertools.cycle(_values(column)) for column in of.columns]
    return [{column.name: next(turn) for column, turn in zip(of.columns, turns, strict=True)} for _ in range(count)]


def _values(column: Column[Any]) -> tuple[Any, ...]:
    if column.primary_key and isinstance(column.type, Date):
        return tuple(date(2026, 3, day) for day in range(1, 22))
    if column.primary_key:
        return tuple(f"{number}:{text}" for number, text in enumerate(HOSTILE * 3))
    found = next((values for kind, values in VALUES.items() if isinstance(column.type, kind)), HOSTILE)
    return (*found, None) if column.nullable else found


def fill(engine: Engine) -> None:
    """Every table has hostile rows."""
    with engine.begin() as connection:
        for one in COPIED:
            insert_rows(connection, one, one.columns.keys(), [tuple(row.values()) for row in hostile_rows(one)])


def config_for(engine: Engine, schema: str = "") -> Config:
    """A configuration without sources."""
    url = engine.url.render_as_string(hide_password=False)
    return Config.model_validate({"warehouse": {"url": url, "schema": schema}, "sources": {"acme": SOURCE}})


SOURCE = {"type": "jira", "url": "https://acme.example", "token": "t0ken"}


def is_empty(engine: Engine) -> bool:
    """Whether no table that would be copied has a row, nor is a lease left."""
    with engine.connect() as connection:
        return not any(connection.scalar(select(func.count()).select_from(one)) for one in (*COPIED, table("leases")))


def require_equal(copy: Engine, original: Engine) -> None:
    """Both hold the same rows."""
    for one in COPIED:
        assert rows(copy, one.name) == rows(original, one.name), one.name
        assert len(rows(copy, one.name)) == 9


def test_every_value_of_every_table_goes_from_sqlite_to_postgresql(call: Call, ours: Ours, tmp_path: Path) -> None:
    original = migrated(tmp_path / "flowmart.db")
    fill(original)
    url = ours.engine.url.render_as_string(hide_password=False)
    ended = call("copy", "--to", url, "--schema", ours.schema, "--verify")
    assert ended.code == 0, ended.err
    assert f"copied {len(COPIED)} tables with {9 * len(COPIED)} rows; every value was compared" in ended.err
    require_equal(ours.engine, original)
    assert migrations.current(ours.engine) == migrations.head()
    assert is_empty_of_leases(original)


def test_every_value_of_every_table_goes_from_postgresql_to_sqlite(call: Call, ours: Ours, tmp_path: Path) -> None:
    migrations.upgrade(ours.engine)
    fill(ours.engine)
    ended = call("copy", "--to", f"sqlite:///{tmp_path}/copy.db", "--verify", more=ours.section())
    assert ended.code == 0, ended.err
    copy = open_warehouse(f"sqlite:///{tmp_path}/copy.db")
    require_equal(copy, ours.engine)
    with copy.connect() as connection:  # as the mappings write it, not with PostgreSQL's spaces
        texts = set(connection.exec_driver_sql("SELECT custom_fields FROM issues").scalars())
    assert '{"n":12345678901234567890,"é\\n":-0.125}' in texts


def is_empty_of_leases(engine: Engine) -> bool:
    """Whether whoever held a lease gave it back."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table("leases"))) == 0


def test_what_is_not_empty_is_refused_and_left_alone(call: Call, tmp_path: Path) -> None:
    fill(migrated(tmp_path / "flowmart.db"))
    other = migrated(tmp_path / "other.db")
    with other.begin() as connection:
        connection.execute(insert(table("bookmarks")), hostile_rows(table("bookmarks"), 1))
    ended = call("copy", "--to", f"sqlite:///{tmp_path}/other.db")
    assert ended.code == 1
    assert ended.err == (
        f"flowmart: warehouse sqlite:///{tmp_path}/other.db: it is not empty (bookmarks has rows), "
        "and nothing was copied; name an empty database, schema or file\n"
    )
    assert len(rows(other, "bookmarks")) == 1
    assert not rows(other, "issues")


def test_a_copy_that_is_broken_off_leaves_the_target_empty_and_can_be_repeated(tmp_path: Path) -> None:
    original, copy = migrated(tmp_path / "flowmart.db"), migrated(tmp_path / "copy.db")
    fill(original)
    told: list[str] = []

    def break_off(name: str, _: int) -> None:
        told.append(name)
        if len(told) == len(COPIED) - 1:
            raise KeyboardInterrupt

    both = config_for(original), config_for(copy)
    with pytest.raises(KeyboardInterrupt):
        copy_warehouse(*both, clock=lambda: NOW, tell=break_off, verify=False)
    assert is_empty(copy)
    assert is_empty_of_leases(original)
    copy_warehouse(*both, clock=lambda: NOW, tell=lambda *_: None, verify=True)
    require_equal(copy, original)


def test_a_long_copy_renews_its_leases(ours: Ours, tmp_path: Path) -> None:
    original = migrated(tmp_path / "flowmart.db")
    fill(original)
    migrations.upgrade(ours.engine)
    now = NOW
    ends: list[tuple[datetime, ...]] = []

    def clock() -> datetime:
        nonlocal now
        now += timedelta(minutes=2)
        return now

    def look(_: str, __: int) -> None:
        lease = select(table("leases").c.expires_at)
        with original.connect() as here, ours.engine.connect() as there:
            ends.append((here.scalars(lease).one(), there.scalars(lease).one()))

    copy_warehouse(config_for(original), config_for(ours.engine, ours.schema), clock=clock, tell=look, verify=False)
    assert min(ends[-1]) > max(ends[0]) + timedelta(minutes=30)


def test_it_waits_for_no_run_that_is_under_way(call: Call, tmp_path: Path) -> None:
    original = migrated(tmp_path / "flowmart.db")
    fill(original)
    with hold(original, "run", lambda: datetime.now(UTC)):
        ended = call("copy", "--to", f"sqlite:///{tmp_path}/copy.db")
    assert ended.code == 1
    assert "another run is under way" in ended.err


@pytest.mark.parametrize(
    ("to", "code", "said"),
    [
        ("sqlite:///{folder}/flowmart.db", 2, "--to names the warehouse that is to be copied; name another one"),
        ("mysql://db/flowmart", 2, "--to: no warehouse on mysql; use sqlite:///PATH or postgresql"),
        ("postgresql://me:${{NOT_SET}}@db/x", 2, "--to: set the environment variable NOT_SET"),
        ("sqlite:///{folder}/none/copy.db", 1, "it cannot be opened; check that its folder exists"),
    ],
)
def test_a_target_that_cannot_be_used_is_one_line(call: Call, tmp_path: Path, to: str, code: int, said: str) -> None:
    fill(migrated(tmp_path / "flowmart.db"))
    ended = call("copy", "--to", to.format(folder=tmp_path))
    (line,) = ended.err.splitlines()
    assert (ended.code, said in line) == (code, True), line


def test_a_warehouse_that_is_not_there_is_not_made(call: Call, tmp_path: Path) -> None:
    ended = call("copy", "--to", f"sqlite:///{tmp_path}/copy.db")
    assert ended.code == 1
    assert "there is nothing to copy; it holds no tables" in ended.err
    assert not (tmp_path / "flowmart.db").exists()


def test_a_wrong_schema_is_named(call: Call, tmp_path: Path) -> None:
    migrated(tmp_path / "flowmart.db")
    for to, schema, said in (
        ("postgresql://db/x", "no such", "must be a plain name: letters, digits and underscore"),
        (f"sqlite:///{tmp_path}/x.db", "mart", "only PostgreSQL has schemas; leave it out"),
    ):
        ended = call("copy", "--to", to, "--schema", schema)
        assert (ended.code, ended.err) == (2, f"flowmart: --schema: {said}\n")


def test_one_other_value_is_noticed(tmp_path: Path) -> None:
    issues = table("issues")
    digests = []
    changes = {}, {"story_points": 0.5}, {"is_defect": None}, {"custom_fields": '{"a":2}'}, {"summary": "x "}
    for change in changes:
        engine = migrated(tmp_path / "one.db")
        with engine.begin() as connection:
            connection.execute(insert(issues), hostile_rows(issues, 3))
            if change:
                connection.execute(update(issues).where(issues.c.issue_id == "0:").values(change))
            digests.append(digest(connection, issues))
    assert len(set(digests)) == len(digests)


def test_no_table_counts_its_rows_by_itself() -> None:
    """So there is no sequence that a copy would have to set."""
    for one in METADATA.tables.values():
        (key,) = one.primary_key
        assert not isinstance(key.type, Numeric | Integer)
