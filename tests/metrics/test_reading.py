"""Changes are read as they are stored, each issue's in their order, whatever order they were loaded in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from metrics.history.timeline import Change
from metrics.reading import changes_of
from warehouse.bulk import insert_rows
from warehouse.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

AT = datetime(2026, 3, 1, 12, 30, 0, 123_456, tzinfo=UTC)
FIRST, SECOND, OTHER = "acme:1", "acme:2", "acme:3"


def change(issue_id: str, number: int, at: datetime, *, field: str = "status", ordinal: int = 0) -> Change:
    text = f'Väntar på "QA" \\ steg {number} 🚦\n'
    return Change(issue_id, at, number, ordinal, f"acme:{number}:{ordinal}", field, None, "", str(number), text)


def load(warehouse: Engine, changes: Sequence[Change]) -> None:
    with warehouse.begin() as connection:
        insert_rows(connection, table("issue_changes"), Change._fields, changes)


@pytest.mark.parametrize("is_run", [True, False])
def test_an_issue_has_its_changes_in_the_order_of_time_entry_and_ordinal(warehouse: Engine, is_run: bool) -> None:  # noqa: FBT001
    own = [
        change(FIRST, 9, AT),
        change(FIRST, 10, AT),
        change(FIRST, 10, AT, ordinal=2),
        change(FIRST, 10, AT, ordinal=10),
        change(FIRST, 3, AT + timedelta(microseconds=1)),
        change(FIRST, 2, AT.replace(microsecond=0) + timedelta(seconds=1)),
    ]
    others = [change(SECOND, 20, AT)]
    load(warehouse, [*others, *reversed(own), change(OTHER, 30, AT)])
    with warehouse.connect() as connection:
        found = changes_of(connection, [FIRST, SECOND], ["status"], is_run=is_run)
    assert found == {FIRST: own, SECOND: others}


def test_other_fields_are_not_read_and_an_issue_without_changes_is_not_there(warehouse: Engine) -> None:
    wanted = change(FIRST, 1, AT, field="sprint")
    load(warehouse, [wanted, change(FIRST, 2, AT, field="summary"), change(SECOND, 3, AT, field="summary")])
    with warehouse.connect() as connection:
        found = changes_of(connection, [FIRST, SECOND], ["status", "sprint"])
    assert found == {FIRST: [wanted]}
    assert found[FIRST][0].changed_at.tzinfo is UTC
