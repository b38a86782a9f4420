"""Connections to PostgreSQL: who is let in, what reaches the driver, and what is set for a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.servers import certificate, introducing, standing_before
from warehouse.engine import open_warehouse
from warehouse.loader import Loader
from warehouse.postgresql import Limits, UnusableServer, defaults, require_server
from warehouse.records import Project

NEEDED = {"server_version": "18.1", "server_encoding": "UTF8"}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"server_version": "12.22"},
            "the server is PostgreSQL 12.22; flowmart needs 13 or later: upgrade the server",
        ),
        ({"server_version": "9.6.24"}, "the server is PostgreSQL 9.6; flowmart needs 13 or later: upgrade the server"),
        ({"server_encoding": "LATIN1"}, "the database has the encoding LATIN1, which cannot hold every text; make one"),
    ],
)
def test_a_server_that_cannot_hold_a_warehouse_is_refused_before_it_is_asked_anything(
    facts: Mapping[str, str], message: str
) -> None:
    with introducing(**{**NEEDED, **facts}) as port:
        engine = open_warehouse(f"postgresql+psycopg://me@127.0.0.1:{port}/db")
        with pytest.raises(UnusableServer) as refused:
            engine.connect()
    assert str(refused.value).startswith(message)


def test_from_13_on_every_version_is_taken() -> None:
    for version in (130_000, 140_011, 180_001, 190_000):
        require_server(version, "UTF8")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://h/d?sslmod=require", "unknown option 'sslmod'; did you mean sslmode?"),
        ("postgresql://h/d?qqq=1", "unknown option 'qqq'"),
        ("postgresql://h/d?sslmode=require&sslmode=disable", "the option sslmode is there twice"),
    ],
)
def test_an_option_that_the_library_does_not_know_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match="option") as refused:
        open_warehouse(url)
    assert str(refused.value) == message


def test_a_session_has_its_limits_and_says_whose_it_is(postgres_url: str) -> None:
    engine = open_warehouse(postgres_url, limits=Limits(lock_seconds=2.5, statement_seconds=90))
    assert settings(engine) == {
        "TimeZone": "UTC",
        "application_name": "flowmart",
        "client_encoding": "UTF8",
        "idle_in_transaction_session_timeout": "90000",
        "lock_timeout": "2500",
        "statement_timeout": "90000",
    }


def test_limits_beyond_what_the_server_can_count_are_its_longest(postgres_url: str) -> None:
    found = settings(open_warehouse(postgres_url, limits=Limits(lock_seconds=0, statement_seconds=1e9)))
    assert (found["lock_timeout"], found["statement_timeout"]) == ("0", "2147483647")


def test_what_the_address_says_goes_before_what_we_would(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"application_name": "nightly"})
    assert settings(opened(url))["application_name"] == "nightly"
    given = {"connect_timeout": "3", "keepalives_idle": "5"}
    assert not given.keys() & defaults(url.update_query_dict(given), {}).keys()


def test_the_time_to_connect_may_come_from_the_environment_too() -> None:
    url = make_url("postgresql://h/d")
    assert defaults(url, {})["connect_timeout"] == "10"
    assert "connect_timeout" not in defaults(url, {"PGCONNECT_TIMEOUT": "3"})


def test_the_name_of_the_program_may_come_from_the_environment_too(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGAPPNAME", "cron")
    assert settings(open_warehouse(postgres_url))["application_name"] == "cron"


def test_of_several_hosts_the_first_that_fits_is_taken(through: URL) -> None:
    assert through.port is not None
    several = through.set(host=None, port=None).update_query_dict(
        {"host": ("127.0.0.1:1", f"127.0.0.1:{through.port}"), "target_session_attrs": "read-write"}
    )
    with connected(opened(several)) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_service_file_can_hold_the_address(
    postgres_url: str, through: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tmp_path / "services.conf"
    service.write_text(
        f"[made]\nhost=127.0.0.1\nport={through.port}\ndbname={through.database}\nuser={through.username}\n"
        f"password={make_url(postgres_url).password or 'none'}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with connected(open_warehouse("postgresql+psycopg:///?service=made")) as connection:
        assert connection.scalar(text("SELECT current_user")) == through.username


def test_a_password_may_come_from_the_environment_or_a_file(
    guarded: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = opened(URL.create(**{**guarded._asdict(), "password": None}))
    with pytest.raises(OperationalError, match="no password supplied"):
        bare.connect()
    monkeypatch.setenv("PGPASSWORD", str(guarded.password))
    assert settings(bare)["application_name"] == "flowmart"
    monkeypatch.delenv("PGPASSWORD")
    passes = tmp_path / "pgpass"
    passes.write_text(f"*:*:*:{guarded.username}:{guarded.password}\n")
    passes.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passes))
    assert settings(bare)["application_name"] == "flowmart"


def test_tls_is_spoken_and_the_server_proved(server: tuple[str, int], through: URL, tmp_path: Path) -> None:
    authority, context = certificate(tmp_path, "127.0.0.1")
    with standing_before(*server, context) as port:
        url = through.set(port=port).update_query_dict({"sslmode": "verify-full", "sslrootcert": str(authority)})
        with connected(opened(url)) as connection:
            assert driver_of(connection).pgconn.ssl_in_use


def test_a_schema_that_is_not_there_yet_does_not_keep_us_out(postgres_url: str) -> None:
    with connected(open_warehouse(postgres_url, "not_there_yet")) as connection:
        assert connection.scalar(text("SHOW search_path")) == "not_there_yet"
        assert connection.scalar(text("SELECT current_schema()")) is None


def test_a_page_leaves_no_temporary_table(warehouse: Engine) -> None:
    if warehouse.dialect.name != "postgresql":
        pytest.skip("SQLite gets its rows without one")
    left = text("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema()")
    with warehouse.connect() as connection:
        for number in range(2):
            Loader(connection).upsert([Project(project_id=f"a:{number}", source_id="a", key="K", name="N")])
            assert connection.scalar(left) == 1
            connection.commit()
            assert connection.scalar(left) == 0
            connection.rollback()


def driver_of(connection: Connection) -> psycopg.Connection:
    driver: Any = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def opened(url: URL) -> Engine:
    return open_warehouse(url.render_as_string(hide_password=False))


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def settings(engine: Engine) -> Mapping[str, str]:
    """What is set in a session of ours."""
    names = [
        "TimeZone",
        "application_name",
        "client_encoding",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "statement_timeout",
    ]
    with connected(engine) as connection:
        found = connection.execute(
            text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"), {"names": names}
        )
        return {row.name: row.setting for row in found}
