"""Every command on Snowflake's dialect leaves what it leaves on SQLite, as far as fakesnow can show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table

from flowmart.demo import simulator
from tests.end_to_end.conftest import Trackers
from tests.snowflakes import needs_fakesnow
from warehouse.copying import stream_rows
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, LOADED, OBSERVED

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


def test_two_nights_leave_the_rows_that_they_leave_on_sqlite(
    site: Site, fresh: Site, new_snowflake: Callable[[], str]
) -> None:
    url = new_snowflake()
    fresh.configure(('url = "sqlite:///flowmart.db"', f'url = "{url}"'))
    for night in range(2):
        if night:
            site.trackers.advance()
        for one in (site, fresh):
            done = one.flowmart("run")
            assert done.returncode == 0, done.stderr
    wanted, found = everything(f"sqlite:///{site.folder / 'flowmart.db'}"), everything(url)
    assert sum(map(len, found.values())) > 1_000
    for table in TABLES:
        assert len(found[table]) == len(wanted[table]), table.name
        wrong = [(a, b) for a, b in zip(wanted[table], found[table], strict=True) if not same(a, b)]
        assert wrong == [], table.name
