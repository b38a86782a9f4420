"""How Alembic makes and changes tables on Snowflake, where each statement commits and there are no indexes."""

from __future__ import annotations

from typing import Any

from alembic.ddl.base import ColumnName, alter_table, format_column_name
from alembic.ddl.impl import DefaultImpl
from sqlalchemy import Column, Index, Table, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql.compiler import DDLCompiler


class SnowflakeImpl(DefaultImpl):
    """Every statement may be run again: a revision that broke off in the middle is finished by the next `migrate`.

    Descriptions of columns are left to `data_dictionary`: each would be a statement of its own, six hundred of them.
    """

    __dialect__ = "snowflake"
    transactional_ddl = False

    def create_table(self, table: Table, **_: Any) -> None:  # noqa: ANN401 - Alembic's shape
        self._exec(CreateTable(table, if_not_exists=True))
        if table.comment:
            self.create_table_comment(table)

    def drop_table(self, table: Table, **_: Any) -> None:  # noqa: ANN401
        self._exec(DropTable(table, if_exists=True))

    def add_column(self, table_name: str, column: Column[Any], **given: Any) -> None:  # noqa: ANN401
        super().add_column(table_name, column, **{**given, "if_not_exists": True})

    def drop_column(self, table_name: str, column: Column[Any], **given: Any) -> None:  # noqa: ANN401
        super().drop_column(table_name, column, **{**given, "if_exists": True})

    def alter_column(self, table_name: str, column_name: str, *, name: str | None = None, **given: Any) -> None:  # noqa: ANN401
        if name is not None and not self._has(table_name, column_name):
            column_name, name = name, None  # it was renamed before the revision broke off
        super().alter_column(table_name, column_name, name=name, **given)

    def _has(self, table_name: str, column_name: str) -> bool:
        """Whether it is there; where nobody can be asked, it is taken to be."""
        if self.connection is None:
            return True
        return any(column["name"] == column_name for column in inspect(self.connection).get_columns(table_name))

    def create_column_comment(self, column: Column[Any]) -> None:
        """None, as with a new table."""

    def create_index(self, index: Index, **_: Any) -> None:  # noqa: ANN401
        """None: Snowflake has none."""

    def drop_index(self, index: Index, **_: Any) -> None:  # noqa: ANN401
        """None was there."""


@compiles(ColumnName, "snowflake")
def _renaming(element: ColumnName, compiler: DDLCompiler, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's shape
    """Where Alembic says RENAME, Snowflake wants RENAME COLUMN."""
    old, new = (format_column_name(compiler, name) for name in (element.column_name, element.newname))
    return f"{alter_table(compiler, element.table_name, element.schema)} RENAME COLUMN {old} TO {new}"
