"""Two roles of a PostgreSQL warehouse: one that writes what a nightly run writes, one that only reads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from warehouse.postgresql import UnusableServer
from warehouse.tables import METADATA

VERSION_TABLE = "alembic_version"
_WRITES = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Names of the two, which nobody logs in as: logins are made members of them."""

    writer: str = "flowmart_writer"
    reader: str = "flowmart_reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the tables are. `owner` is whose later tables the roles shall reach; None is whoever runs the SQL."""

    database: str | None
    """None is the one that the SQL is run in."""
    schema: str
    owner: str | None = None


def role_statements(roles: Roles, place: Place) -> list[str]:
    """SQL that makes the roles and gives them what they need, as often as it is run."""
    writer, reader, schema = _quoted(roles.writer), _quoted(roles.reader), _quoted(place.schema)
    tables = ", ".join(f"{schema}.{_quoted(name)}" for name in sorted(METADATA.tables))
    versions = f"{schema}.{_quoted(VERSION_TABLE)}"
    later = f"ALTER DEFAULT PRIVILEGES{_for(place.owner)} IN SCHEMA {schema}"
    return [
        *(_make(role) for role in (roles.writer, roles.reader)),
        _on_database("CONNECT", f"{writer}, {reader}", place.database),
        _on_database("TEMPORARY", writer, place.database),  # rows arrive through temporary tables
        f"GRANT USAGE ON SCHEMA {schema} TO {writer}, {reader}",
        f"GRANT {_WRITES} ON {tables} TO {writer}",
        f"GRANT SELECT ON {tables} TO {reader}",
        f"{later} GRANT {_WRITES} ON TABLES TO {writer}",
        f"{later} GRANT SELECT ON TABLES TO {reader}",
        # the revision is the owner's to change, also where default privileges came before the first migration
        f"REVOKE ALL ON {versions} FROM {writer}, {reader}",
        f"GRANT SELECT ON {versions} TO {writer}, {reader}",
    ]


def printed(roles: Roles, place: Place) -> str:
    """The same as a script: all of it or nothing."""
    return "\n\n".join(f"{line};" for line in ("BEGIN", *role_statements(roles, place), "COMMIT"))


def make_roles(connection: Connection, roles: Roles) -> list[str]:
    """Make the roles and give them what they need; returns what somebody else has to do beside, a sentence each.

    Raises `UnusableServer` when this user may not.
    """
    place = _place(connection)
    _require_right(connection, roles)
    for statement in role_statements(roles, place):
        connection.execute(text(statement.replace(":", r"\:")))
    return [*_lacking(connection, roles, place), *_too_open(connection, place)]


def _place(connection: Connection) -> Place:
    found = connection.execute(
        text(
            "SELECT current_database() AS database, schemaname, tableowner, current_user AS me "
            "FROM pg_tables WHERE schemaname = current_schema() AND tablename = :name"
        ),
        {"name": VERSION_TABLE},
    ).one()
    owner = None if found.tableowner == found.me else found.tableowner
    return Place(database=found.database, schema=found.schemaname, owner=owner)


def _require_right(connection: Connection, roles: Roles) -> None:
    wanted = {roles.writer, roles.reader}
    there = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    missing = wanted - set(connection.scalars(there, {"names": sorted(wanted)}))
    mine = text("SELECT rolname, rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user")
    me = connection.execute(mine).one()
    if missing and not me.may:
        raise UnusableServer(
            f"the user {me.rolname} may not make roles; let an administrator run "
            f"`ALTER ROLE {_quoted(me.rolname)} CREATEROLE`, or what `flowmart migrate --roles --sql` prints"
        )


def _lacking(connection: Connection, roles: Roles, place: Place) -> list[str]:
    """PostgreSQL only warns when a grant on the database is not ours to give."""
    asked = text("SELECT has_database_privilege(:role, current_database(), :right)")
    wanted = ((roles.writer, "CONNECT"), (roles.writer, "TEMPORARY"), (roles.reader, "CONNECT"))
    return [
        f"the database's owner has to run: {_on_database(right, _quoted(role), place.database)}"
        for role, right in wanted
        if not connection.scalar(asked, {"role": role, "right": right})
    ]


def _too_open(connection: Connection, place: Place) -> list[str]:
    """Before PostgreSQL 15 everybody may make tables in `public`."""
    asked = text("SELECT has_schema_privilege('public', :schema, 'CREATE')")
    if not connection.scalar(asked, {"schema": place.schema}):
        return []
    schema = _quoted(place.schema)
    return [f"everybody may make tables in {schema}; its owner can run: REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC"]


def _make(role: str) -> str:
    name = _literal(role)
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) "
        f"THEN CREATE ROLE {_quoted(role)} NOLOGIN; END IF; END $$"
    )


def _on_database(right: str, to: str, database: str | None) -> str:
    if database is not None:
        return f"GRANT {right} ON DATABASE {_quoted(database)} TO {to}"
    grant = _literal(f"GRANT {right} ON DATABASE %I TO {to}")
    return f"DO $$ BEGIN EXECUTE format({grant}, current_database()); END $$"


def _for(owner: str | None) -> str:
    return "" if owner is None else f" FOR ROLE {_quoted(owner)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
