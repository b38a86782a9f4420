"""A job is done by one living process at a time."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from warehouse.leases import LEASE_TIME, LeaseHeld, hold
from warehouse.tables.operational import leases

if TYPE_CHECKING:
    from sqlalchemy import Engine

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
