"""Alerts are shown where the schema has them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Column, Engine, MetaData, Table, Text, insert

from reports.findings import alerts
from warehouse.types import UtcDateTime

OPENED = datetime(2026, 10, 1, 6, tzinfo=UTC)
TABLE = Table(
    "alerts_of_a_test",
    MetaData(),
    *(Column(name, Text) for name in ("rule", "severity", "message", "url")),
    *(Column(name, UtcDateTime) for name in ("opened_at", "closed_at")),
)


def test_open_alerts_are_shown_and_closed_ones_are_not(sqlite_warehouse: Engine) -> None:
    alert = {"rule": "ageing", "severity": "warning", "message": "PAY-7 is old", "url": None, "opened_at": OPENED}
    with sqlite_warehouse.begin() as connection:
        TABLE.create(connection)
        connection.execute(insert(TABLE), [alert | {"closed_at": None}, alert | {"closed_at": OPENED}])
        assert alerts(connection, TABLE) == {
            "rule": ["ageing"],
            "severity": ["warning"],
            "message": ["PAY-7 is old"],
            "opened_at": ["2026-10-01T06:00:00+00:00"],
            "closed_at": [None],
            "url": [None],
        }


def test_without_such_a_table_there_are_none(sqlite_warehouse: Engine) -> None:
    with sqlite_warehouse.connect() as connection:
        assert alerts(connection, None)["rule"] == []
