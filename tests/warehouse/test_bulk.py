"""Rows go in by the hundred, and what is written does not depend on how many a statement takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from warehouse.bulk import insert_columns, insert_rows
from warehouse.tables import table

if TYPE_CHECKING:
    from sqlalchemy import Engine

ESTIMATES = table("estimates")
COLUMNS = ESTIMATES.columns.keys()
BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def estimates(count: int) -> list[tuple[Any, ...]]:
    return [(f"acme:{number:04}:0", f"acme:{number:04}", float(number), BORN, None) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 79, 80, 81, 205, 1_601])
def test_any_number_of_rows_is_written_whole_and_counted(warehouse: Engine, count: int) -> None:
    """A statement takes 80 of these rows on SQLite, and twenty statements what is turned into columns together."""
    rows = estimates(count)
    with warehouse.begin() as connection:
        assert insert_rows(connection, ESTIMATES, COLUMNS, iter(rows)) == count
    with warehouse.connect() as connection:
        found = connection.execute(select(ESTIMATES).order_by(ESTIMATES.c.estimate_id)).all()
    assert [tuple(row) for row in found] == rows


def test_columns_are_written_like_rows(warehouse: Engine) -> None:
    rows = estimates(100)
    with warehouse.begin() as connection:
        assert insert_columns(connection, ESTIMATES, COLUMNS, list(zip(*rows, strict=True))) == len(rows)
        assert connection.scalar(select(func.count()).select_from(ESTIMATES)) == len(rows)


def test_a_key_that_comes_twice_is_refused_and_nothing_of_the_transaction_stays(warehouse: Engine) -> None:
    if warehouse.dialect.name == "snowflake":
        pytest.skip("Snowflake enforces no keys")
    rows = estimates(100)
    with pytest.raises(Exception, match=r"(?i)unique"), warehouse.begin() as connection:
        insert_rows(connection, ESTIMATES, COLUMNS, [*rows, rows[50]])
    with warehouse.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ESTIMATES)) == 0
