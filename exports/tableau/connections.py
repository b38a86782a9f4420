"""Where a data source reads from: an extract beside it, or the warehouse on PostgreSQL. Never with a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exports.tableau.hyper import EXTRACT, SCHEMA

EXTRACT_PLACE = f"Data/flowmart/{EXTRACT}"
"""Where the extract is in a packaged data source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A connection as Tableau names it; its tables are all in one schema."""

    kind: str
    caption: str
    schema: str
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        """What relations call it."""
        return f"{self.kind}.flowmart"

    def table(self, name: str) -> str:
        """A table there, in Tableau's brackets."""
        return f"[{self.schema}].[{name}]"


def extract() -> Place:
    """The extract in the package."""
    attributes = {
        "authentication": "auth-none",
        "author-locale": "en_US",
        "class": "hyper",
        "dbname": EXTRACT_PLACE,
        "default-settings": "yes",
        "port": "",
        "schema": SCHEMA,
        "server": "",
        "sslmode": "",
        "username": "tableau_internal_user",
    }
    return Place(kind="hyper", caption="flowmart", schema=SCHEMA, attributes=attributes)


def live(*, server: str, port: int, database: str, schema: str) -> Place:
    """PostgreSQL; Tableau asks each person, or the publisher, for the login."""
    attributes = {
        "authentication": "username-password",
        "class": "postgres",
        "dbname": database,
        "odbc-native-protocol": "",
        "one-time-sql": "",
        "port": str(port),
        "schema": schema,
        "server": server,
        "sslmode": "",
        "username": "",
        "workgroup-auth-mode": "prompt",
    }
    return Place(kind="postgres", caption=server, schema=schema, attributes=attributes)
