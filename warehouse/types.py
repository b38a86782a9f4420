"""Column types that mean the same on SQLite, PostgreSQL and Snowflake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Double, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

ID = String
"""Ids, names and other short texts."""

POINTS = Numeric(asdecimal=False).with_variant(Double(), "sqlite", "snowflake")
"""Story points: a decimal on PostgreSQL, a float in Python.

A double on SQLite, which would keep 8.0 in a NUMERIC column as a whole number: `8 / 13` would be 0 in a query of
anybody's, and over ODBC a sum whose first row is whole would lose the half points of the others. On Snowflake too,
where NUMERIC without more words has no decimals.
"""

SECONDS = Double
"""Durations in seconds, with a fraction."""

RATIO = Double
"""Shares, means, percentiles and the like."""


def utc_text(moment: datetime) -> str:
    """The one form of an instant in SQLite, e.g. `2026-10-02T07:15:04.123000Z`.

    It sorts as time, and SQLite's date functions read it.
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: takes aware datetimes only and always gives UTC.

    `timestamp with time zone` on PostgreSQL, ISO text on SQLite. `TIMESTAMP_TZ` on Snowflake, which keeps the offset
    with the value: whatever zone a reader's session has, days begin at midnight in UTC.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_SqliteInstant() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - text or datetime, by engine
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return utc_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class _SqliteInstant(UserDefinedType[str]):
    """Declared as TIMESTAMP, so that ODBC drivers type it, and passed through as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "TIMESTAMP"


class JsonText(TypeDecorator[str]):
    """A JSON document as text; `jsonb` on PostgreSQL. `PARSE_JSON` reads it on Snowflake."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())
