"""How Alembic makes and changes tables on Snowflake, where each statement commits and there are no indexes."""

from __future__ import annotations

from typing import Any

from alembic.ddl.impl import DefaultImpl
from sqlalchemy import Column, Index, Table
from sqlalchemy.schema import CreateTable, DropTable


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

    def create_column_comment(self, column: Column[Any]) -> None:
        """None, as with a new table."""

    def create_index(self, index: Index, **_: Any) -> None:  # noqa: ANN401
        """None: Snowflake has none."""

    def drop_index(self, index: Index, **_: Any) -> None:  # noqa: ANN401
        """None was there."""
