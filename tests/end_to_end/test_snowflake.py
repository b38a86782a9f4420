"""Every command on Snowflake's dialect leaves what it leaves on SQLite, as far as fakesnow can show."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, Engine, Table, event, select

from flowmart.demo import simulator
from tests.end_to_end.conftest import Trackers
from tests.snowflakes import needs_fakesnow
from warehouse.copying import stream_rows
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, LOADED, OBSERVED
from warehouse.tables.loaded import issues

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Site

pytestmark = needs_fakesnow
ISSUES = 40
TABLES = [table for table in (*LOADED, *COMPUTED) if table.name not in OBSERVED]


@pytest.fixture(scope="module")
def company() -> Iterator[Trackers]:
    """A smaller company than that of other tests: each statement goes through a server."""
    with simulator(ISSUES) as about:
        yield Trackers(about, about["now"])


def everything(url: str) -> Mapping[Table, list[tuple[Any, ...]]]:
    engine = open_warehouse(url)
    try:
        with engine.connect() as connection:
            return {table: sorted(stream_rows(connection, table), key=lambda row: row[0]) for table in TABLES}
    finally:
        engine.dispose()


def same(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    return all(
        math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        if isinstance(one, float) and other is not None
        else one == other
        for one, other in zip(ours, theirs, strict=True)
    )


@pytest.fixture
def words() -> Iterator[set[str]]:
    """The first words of all statements to Snowflake."""
    said: set[str] = set()

    def note(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        if connection.dialect.name == "snowflake":
            said.add(statement.split(maxsplit=1)[0].upper())

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def test_two_nights_leave_the_rows_that_they_leave_on_sqlite(
    site: Site, fresh: Site, new_snowflake: Callable[[], str], words: set[str]
) -> None:
    url = new_snowflake()
    fresh.configure(('url = "sqlite:///flowmart.db"', f'url = "{url}"'))
    for night in range(2):
        if night:
            site.trackers.advance()
            words.clear()
        for one in (site, fresh):
            done = one.flowmart("run")
            assert done.returncode == 0, done.stderr
    # nothing that commits what is open; `DESC` asks for the revision
    assert words == {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "PUT", "COPY", "DESC"}
    wanted, found = everything(f"sqlite:///{site.folder / 'flowmart.db'}"), everything(url)
    assert sum(map(len, found.values())) > 1_000
    for table in TABLES:
        assert len(found[table]) == len(wanted[table]), table.name
        wrong = [(a, b) for a, b in zip(wanted[table], found[table], strict=True) if not same(a, b)]
        assert wrong == [], table.name
    key = fresh.flowmart("explain", "--json", some_key(url))
    assert key.returncode == 0, key.stderr
    assert json.loads(key.stdout) == json.loads(site.flowmart("explain", "--json", some_key(url)).stdout)
    assert fresh.flowmart("status").returncode == 0
    copied = fresh.flowmart("copy", "--to", f"sqlite:///{fresh.folder / 'copy.db'}", "--verify")
    assert copied.returncode == 0, copied.stderr


def some_key(url: str) -> str:
    engine = open_warehouse(url)
    try:
        with engine.connect() as connection:
            return str(connection.scalar(select(issues.c.key).order_by(issues.c.created_at).limit(1)))
    finally:
        engine.dispose()
