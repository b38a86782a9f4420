"""The two roles: a login that writes may do what a run does and no more, one that reads may only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import Engine, Executable, delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

import migrations
from tests.conftest import roles_of_a_test
from tests.flowmart.conftest import Call, Ours, one_line
from tests.flowmart.scripted import Night, Scripted
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA, table


@dataclass(frozen=True, slots=True)
class TwoRoles:
    """The two roles of a warehouse; their names are this test's."""

    writer: str
    reader: str

    @property
    def named(self) -> tuple[str, ...]:
        return "--writer", self.writer, "--reader", self.reader

    @contextmanager
    def member(self, ours: Ours, role: str) -> Iterator[Engine]:
        """The warehouse for a login that has this role and nothing else."""
        login = f"{role}_login"
        with roles_of_a_test(ours.engine, login):
            with ours.engine.begin() as connection:
                connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'made-up' IN ROLE {role}"))
            url = ours.engine.url.set(username=login, password="made-up")
            engine = open_warehouse(url.render_as_string(hide_password=False), ours.schema)
            yield engine
            engine.dispose()


@pytest.fixture
def two_roles(ours: Ours, postgres_schema: str) -> Iterator[TwoRoles]:
    made = TwoRoles(f"{postgres_schema}_writer", f"{postgres_schema}_reader")
    with roles_of_a_test(ours.engine, made.writer, made.reader):
        yield made


def is_refused(engine: Engine, statement: Executable) -> bool:
    """Whether the server says that this login may not."""
    with engine.connect() as connection:
        try:
            connection.execute(statement)
        except ProgrammingError as error:
            return isinstance(error.orig, psycopg.errors.InsufficientPrivilege)
    return False


WRITES = (
    "INSERT INTO issue_labels VALUES ('a', 'b', 'c')",
    "UPDATE issues SET key = key",
    "DELETE FROM issue_flow",
    "CREATE TEMPORARY TABLE t AS SELECT 1",
)
CHANGES_SHAPE = (
    "CREATE TABLE made (x int)",
    "DROP TABLE issues",
    "ALTER TABLE issues ADD x int",
    "TRUNCATE issues",
    "CREATE INDEX i ON issues (key)",
    "UPDATE alembic_version SET version_num = '0'",
    "CREATE SCHEMA made",
    "CREATE ROLE made",
)


def test_the_writer_may_do_what_a_run_does(call: Call, ours: Ours, two_roles: TwoRoles) -> None:
    made = call("migrate", more=ours.section()), call("migrate", "--roles", *two_roles.named, more=ours.section())
    assert [ended.code for ended in made] == [0, 0]
    with two_roles.member(ours, two_roles.writer) as engine:
        Night(engine, Scripted(issues={1: "PAY", 2: "WEB"})).sync()
        ended = call("compute", more=ours.section(url=engine.url))
        assert ended.code == 0, ended.err
        with engine.begin() as connection:
            assert len(connection.execute(select(table("issue_flow"))).all()) == 2
            for statement in WRITES:
                connection.execute(text(statement))
        assert [one for one in CHANGES_SHAPE if not is_refused(engine, text(one))] == []


def test_the_reader_may_read_each_table_and_write_none(call: Call, ours: Ours, two_roles: TwoRoles) -> None:
    call("migrate", more=ours.section())
    call("migrate", "--roles", *two_roles.named, more=ours.section())
    with two_roles.member(ours, two_roles.reader) as engine:
        with engine.connect() as connection:
            for each in METADATA.tables.values():
                connection.execute(select(each)).all()
        for each in METADATA.tables.values():
            key = next(iter(each.primary_key))
            for writing in (
                insert(each).from_select([key], select(key)),
                update(each).values({key: key}),
                delete(each),
            ):
                assert is_refused(engine, writing)
        assert [one for one in CHANGES_SHAPE if not is_refused(engine, text(one))] == []
        ended = call("migrate", "--check", more=ours.section(url=engine.url))
        assert ended.code == 0, ended.err
        said = one_line(call("compute", more=ours.section(url=engine.url)))
        assert said.startswith("permission denied for table ")
        assert "`flowmart migrate --roles`" in said


def test_tables_of_later_migrations_are_theirs_too(call: Call, ours: Ours, two_roles: TwoRoles) -> None:
    call("migrate", more=ours.section())
    for _ in range(2):  # as often as anybody likes
        assert call("migrate", "--roles", *two_roles.named, more=ours.section()).code == 0
    with ours.engine.begin() as connection:
        connection.execute(text("CREATE TABLE later (x int)"))
    with two_roles.member(ours, two_roles.writer) as engine, engine.begin() as connection:
        connection.execute(text("INSERT INTO later VALUES (1)"))
    with two_roles.member(ours, two_roles.reader) as engine:
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT x FROM later")) == 1
        assert is_refused(engine, text("INSERT INTO later VALUES (2)"))


def test_there_must_be_tables_first(call: Call, ours: Ours) -> None:
    ended = call("migrate", "--roles", more=ours.section())
    assert ended.code == 1
    assert ended.err.endswith(
        f"the warehouse is at revision none, the newest is {migrations.head()}: `flowmart migrate`\n"
    )


def test_the_statements_can_be_printed_for_an_administrator(call: Call, ours: Ours, two_roles: TwoRoles) -> None:
    call("migrate", more=ours.section())
    ended = call("migrate", "--roles", "--sql", *two_roles.named, more=ours.section())
    assert ended.out.startswith("-- to be run by the owner of the tables")
    address = ours.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(ended.out.encode())
    with two_roles.member(ours, two_roles.writer) as engine:
        Night(engine, Scripted(issues={1: "PAY"})).sync()
        assert is_refused(engine, text("CREATE TABLE made (x int)"))


def test_a_user_who_may_not_make_roles_is_told(call: Call, ours: Ours, postgres_schema: str) -> None:
    login = f"{postgres_schema}_owner"
    with roles_of_a_test(ours.engine, login):
        with ours.engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'made-up'"))
            connection.execute(text(f"ALTER SCHEMA {ours.schema} OWNER TO {login}"))
        mine = ours.section(url=ours.engine.url.set(username=login, password="made-up"))
        assert call("migrate", more=mine).code == 0  # which needs no right on the database
        said = one_line(call("migrate", "--roles", "--writer", "a_writer", more=mine))
        assert said.startswith(f"the user {login} may not make roles; let an administrator run ")
        with ours.engine.begin() as connection:
            connection.execute(text(f"REASSIGN OWNED BY {login} TO CURRENT_USER"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--roles"],
            "flowmart: --roles is for PostgreSQL; in SQLite whoever may write the file may write the warehouse",
        ),
        (["--from", "0001"], "flowmart: --from is for --sql: a warehouse knows its own revision"),
        (["--check", "--roles"], "flowmart: --check stands alone"),
        (["--roles", "--writer", "x", "--reader", "x"], "flowmart: --writer and --reader must differ"),
        (
            ["--roles", "--writer", "pg_writer"],
            "flowmart: 'pg_writer' is no name for a role: letters, digits, _ and -, not beginning with pg_",
        ),
    ],
)
def test_words_that_do_not_fit_together_are_told(call: Call, words: list[str], said: str) -> None:
    ended = call("migrate", *words)
    assert (ended.code, ended.err) == (2, f"{said}\n")


def test_sql_from_a_revision_holds_only_what_is_missing(call: Call) -> None:
    ended = call("migrate", "--sql", "--from", migrations.head())
    assert (ended.code, "CREATE TABLE" in ended.out) == (0, False)
    assert "DROP TABLE issues" in call("migrate", "--sql", "--from", migrations.head(), "--to", "base").out
