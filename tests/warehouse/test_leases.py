"""A job is done by one living process at a time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import URL, Engine, select, text, update

from warehouse.engine import open_warehouse
from warehouse.leases import LEASE_TIME, LeaseHeld, LeaseLost, hold
from warehouse.sessions import _lock
from warehouse.tables.operational import leases

on_postgresql = pytest.mark.parametrize("warehouse", ["postgresql"], indirect=True)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def held_by(engine: Engine, holder: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            leases.insert().values(lease_name="run", holder=holder, acquired_at=NOON, expires_at=NOON + LEASE_TIME)
        )


def test_trap_87_a_second_holder_is_refused_and_told_who_holds_it_since_when(warehouse: Engine) -> None:
    held_by(warehouse, "elsewhere process 7")
    with (
        pytest.raises(LeaseHeld, match="elsewhere process 7 holds it since 2026-03-01 12:00:00 UTC"),
        hold(warehouse, "run", lambda: NOON + timedelta(minutes=1)),
    ):
        pass


def test_a_lease_is_free_again_after_the_block(warehouse: Engine) -> None:
    for _ in range(2):
        with hold(warehouse, "run", lambda: NOON):
            pass
    with warehouse.connect() as connection:
        assert connection.execute(select(leases)).all() == []


def test_an_expired_lease_is_taken_over(warehouse: Engine) -> None:
    held_by(warehouse, "elsewhere process 7")
    with hold(warehouse, "run", lambda: NOON + LEASE_TIME), warehouse.connect() as connection:
        assert connection.execute(select(leases.c.acquired_at)).scalar_one() == NOON + LEASE_TIME


def test_a_dead_holder_on_this_machine_is_succeeded_at_once(warehouse: Engine) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    held_by(warehouse, f"{socket.gethostname()} process {process.pid}")
    with hold(warehouse, "run", lambda: NOON) as lease:
        assert lease.name == "run"


def test_renewing_moves_the_end(warehouse: Engine) -> None:
    with hold(warehouse, "run", lambda: NOON) as lease:
        with warehouse.begin() as connection:
            lease.renew(connection, NOON + timedelta(minutes=20))
        with warehouse.connect() as connection:
            end = connection.execute(select(leases.c.expires_at)).scalar_one()
    assert end == NOON + timedelta(minutes=20) + LEASE_TIME


def test_a_holder_of_this_process_is_known_to_live(warehouse: Engine) -> None:
    with (
        hold(warehouse, "run", lambda: NOON),
        pytest.raises(LeaseHeld, match=f"{socket.gethostname()} process {os.getpid()}"),
        hold(warehouse, "run", lambda: NOON),
    ):
        pass


def test_a_predecessor_with_the_number_of_this_process_is_succeeded_at_once(warehouse: Engine) -> None:
    """A container that is started again keeps its name, and its first process is number 1 again."""
    held_by(warehouse, f"{socket.gethostname()} process {os.getpid()}")
    with hold(warehouse, "run", lambda: NOON) as lease:
        assert lease.name == "run"


def test_a_holder_of_this_machine_is_left_alone_where_it_cannot_be_asked(
    warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, `os.kill` with signal 0 ends the process."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    held_by(warehouse, f"{socket.gethostname()} process {process.pid}")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(LeaseHeld), hold(warehouse, "run", lambda: NOON):
        pass


def test_who_was_taken_over_commits_nothing_more(warehouse: Engine) -> None:
    with hold(warehouse, "run", lambda: NOON) as lease:
        with warehouse.begin() as connection:
            connection.execute(update(leases).values(holder="elsewhere process 7"))
        with pytest.raises(LeaseLost), warehouse.begin() as connection:
            lease.renew(connection, NOON)
    with warehouse.connect() as connection:
        assert connection.execute(select(leases.c.holder)).scalar_one() == "elsewhere process 7"


def test_what_went_wrong_is_told_even_if_the_lease_cannot_be_given_back(warehouse: Engine) -> None:
    def breaking() -> None:
        with warehouse.begin() as connection:
            connection.execute(text("ALTER TABLE leases RENAME TO moved"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), hold(warehouse, "run", lambda: NOON):
        breaking()
    with warehouse.begin() as connection:
        connection.execute(text("ALTER TABLE moved RENAME TO leases"))
    with hold(warehouse, "run", lambda: NOON) as lease:  # it knows that it holds nothing any more
        assert lease.name == "run"


@on_postgresql
def test_a_holder_that_died_elsewhere_is_succeeded_at_once_if_a_session_vouched_for_it(warehouse: Engine) -> None:
    held_by(warehouse, "elsewhere process 7, database session 4711")
    with hold(warehouse, "run", lambda: NOON), warehouse.connect() as connection:
        assert connection.execute(select(leases.c.holder)).scalar_one().startswith(socket.gethostname())


@on_postgresql
def test_a_session_vouches_for_its_holder_whatever_the_holder_is_called(warehouse: Engine) -> None:
    other = open_warehouse(warehouse.url.render_as_string(hide_password=False), _schema(warehouse))
    with hold(warehouse, "run", lambda: NOON) as lease:
        with warehouse.begin() as connection:
            holder = lease.holder.replace(f"process {os.getpid()},", "process 99999999,")
            connection.execute(update(leases).values(holder=holder))
        assert ", database session " in holder
        with pytest.raises(LeaseHeld, match=holder), hold(other, "run", lambda: NOON):
            pass
    other.dispose()


@on_postgresql
def test_other_jobs_and_other_schemas_have_leases_of_their_own(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("CREATE SCHEMA beside"))
        connection.execute(text("CREATE TABLE beside.leases (LIKE leases)"))
    beside = open_warehouse(warehouse.url.render_as_string(hide_password=False), "beside")
    with (
        hold(warehouse, "run", lambda: NOON) as run,
        hold(warehouse, "other", lambda: NOON) as other,
        hold(beside, "run", lambda: NOON) as third,
    ):
        assert len({lease.holder for lease in (run, other, third)}) == 3, "each has a session of its own"
    beside.dispose()
    with warehouse.begin() as connection:
        connection.execute(text("DROP SCHEMA beside CASCADE"))


@on_postgresql
def test_a_session_that_vouches_may_stand_idle_for_as_long_as_the_job_takes(warehouse: Engine) -> None:
    connection = warehouse.raw_connection()
    driver: Any = connection.driver_connection
    driver.autocommit = True
    driver.execute("SET idle_session_timeout = '10min'")
    assert _lock(driver, "flowmart run").number is not None
    assert driver.execute("SHOW idle_session_timeout").fetchone() == ("0",)
    connection.detach()
    driver.close()


@on_postgresql
def test_behind_a_pooler_the_row_alone_guards(warehouse: Engine) -> None:
    """A lock would be left with the pooler, and whoever is lent the same session next would have it too."""
    with pooled(warehouse.url) as url:
        engine = open_warehouse(url, _schema(warehouse))
        with hold(engine, "run", lambda: NOON) as lease:
            assert lease.holder == f"{socket.gethostname()} process {os.getpid()}"
        held_by(warehouse, f"{socket.gethostname()} process {os.getppid()}")
        for either in (warehouse, engine):
            with pytest.raises(LeaseHeld), hold(either, "run", lambda: NOON):
                pass
        with warehouse.begin() as connection:
            connection.execute(update(leases).values(holder="elsewhere process 7, database session 4711"))
        with pytest.raises(LeaseHeld), hold(engine, "run", lambda: NOON):
            pass
        engine.dispose()


def _schema(engine: Engine) -> str:
    with engine.connect() as connection:
        name: str = connection.execute(text("SELECT current_schema()")).scalar_one()
    return name


@contextmanager
def pooled(url: URL) -> Iterator[str]:
    """The address of something between us and the server that tells a session number of its own, as poolers do."""
    host, port = url.query.get("host", url.host), url.port or 5432
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_serve, args=(listener, str(host), port), daemon=True).start()
        address = url.set(host="127.0.0.1", port=listener.getsockname()[1], query={"gssencmode": "disable"})
        yield address.update_query_dict({"sslmode": "disable"}).render_as_string(hide_password=False)
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, host: str, port: int) -> None:
    with closing(listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if host.startswith("/"):
                server = socket.socket(socket.AF_UNIX)
                server.connect(f"{host}/.s.PGSQL.{port}")
            else:
                server = socket.create_connection((host, port))
            Thread(target=_pass_on, args=(client, server, b""), daemon=True).start()
            Thread(target=_pass_on, args=(server, client, b"K\0\0\0\x0c"), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, falsified: bytes) -> None:
    """Whatever comes; the four bytes after the first `falsified` (which tells number and secret) become others."""
    with suppress(OSError), source, target:  # whoever ends first closes both
        while data := source.recv(65_536):
            at = data.find(falsified) + len(falsified) if falsified else -1
            if at >= len(falsified) > 0:
                data, falsified = data[:at] + b"\0\0\0\x07" + data[at + 4 :], b""
            target.sendall(data)
