"""What all table definitions share: naming convention, short column constructors, and look-ups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from warehouse.types import ID, POINTS, RATIO, SECONDS, UtcDateTime

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)

AnyType = TypeEngine[Any] | type[TypeEngine[Any]]


def column(name: str, type_: AnyType, comment: str, *, required: bool = False, **info: bool) -> Column[Any]:
    """A column. What `info` may say, all about loaded tables:

    `derived`: filled by `compute` and left alone by the loader.
    `keep`: a value that is there is not overwritten by NULL.
    `decides`: a row is not overwritten by one whose value here is older.
    """
    return Column(name, type_, nullable=not required, comment=comment, info=dict(info))


def key(name: str, comment: str) -> Column[Any]:
    """The primary key column."""
    return Column(name, ID, primary_key=True, comment=comment)


def text(name: str, comment: str, *, required: bool = False, **info: bool) -> Column[Any]:
    """A short text or an id."""
    return column(name, ID, comment, required=required, **info)


def long_text(name: str, comment: str) -> Column[Any]:
    """A text of any length."""
    return column(name, Text, comment)


def moment(name: str, comment: str, *, required: bool = False, **info: bool) -> Column[Any]:
    """An instant in UTC."""
    return column(name, UtcDateTime, comment, required=required, **info)


def day(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    """A calendar day."""
    return column(name, Date, comment, required=required)


def count(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    """A whole number."""
    return column(name, Integer, comment, required=required)


def number(name: str, comment: str, *, required: bool = False) -> Column[Any]:
    """A whole number that may be large."""
    return column(name, BigInteger, comment, required=required)


def points(name: str, comment: str) -> Column[Any]:
    """A number of story points."""
    return column(name, POINTS, comment)


def seconds(name: str, comment: str) -> Column[Any]:
    """A duration in seconds."""
    return column(name, SECONDS, comment)


def ratio(name: str, comment: str) -> Column[Any]:
    """A share, a mean, a percentile."""
    return column(name, RATIO, comment)


def flag(name: str, comment: str, *, required: bool = False, **info: bool) -> Column[Any]:
    """True or false."""
    return column(name, Boolean, comment, required=required, **info)


def make(name: str, comment: str, *columns: Any, schema: MetaData = METADATA) -> Table:  # noqa: ANN401 - columns and indexes
    """A table whose comment is its grain."""
    return Table(name, schema, *columns, comment=comment)


def table(name: str) -> Table:
    """The table of that name."""
    return METADATA.tables[name]


def loaded_columns(of: Table) -> list[str]:
    """The columns that a connector's record fills."""
    return [c.name for c in of.columns if not c.info.get("derived")]


def derived_columns(of: Table) -> list[str]:
    """The columns of a loaded table that `compute` fills."""
    return [c.name for c in of.columns if c.info.get("derived")]
