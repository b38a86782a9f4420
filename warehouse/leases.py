"""Jobs that only one process may do at a time, across machines that share the warehouse."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select, update

from warehouse.tables.operational import leases

LEASE_TIME = timedelta(minutes=30)


class LeaseHeld(Exception):  # noqa: N818 - a state, as the house names them
    """Another process does this job now."""

    def __init__(self, name: str, holder: str, acquired_at: datetime, expires_at: datetime) -> None:
        super().__init__(
            f"another {name} is under way: {holder} holds it since {acquired_at:%Y-%m-%d %H:%M:%S} UTC "
            f"(free at {expires_at:%H:%M:%S} UTC unless renewed)"
        )


class LeaseLost(Exception):  # noqa: N818 - a state, as the house names them
    """The job is no longer this process's: it was given back, or it expired and another process took it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"this {name} is no longer ours to write: it was broken off, or another process took it over")


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that this process holds."""

    name: str
    holder: str

    def renew(self, connection: Connection, now: datetime) -> None:
        """Hold it for another `LEASE_TIME`; part of the caller's transaction.

        Raises `LeaseLost` when it is held no longer, so that nothing is committed after it was given back.
        """
        renewed = connection.execute(
            update(leases)
            .where(leases.c.lease_name == self.name, leases.c.holder == self.holder)
            .values(expires_at=now + LEASE_TIME)
        )
        if not renewed.rowcount:
            raise LeaseLost(self.name)


@contextmanager
def hold(engine: Engine, name: str, clock: Callable[[], datetime]) -> Iterator[Lease]:
    """Hold the job while the block runs. Raises `LeaseHeld` when another living process has it.

    A holder that died is succeeded at once on its own machine, and elsewhere when its lease expires.
    """
    lease = Lease(name, f"{socket.gethostname()} process {os.getpid()}")
    with engine.begin() as connection:
        _take(connection, lease, clock())
    try:
        yield lease
    finally:
        with engine.begin() as connection:
            connection.execute(delete(leases).where(leases.c.lease_name == name, leases.c.holder == lease.holder))


def _take(connection: Connection, lease: Lease, now: datetime) -> None:
    # the delete comes first: it takes the write lock, so that two processes cannot both find the job free
    connection.execute(delete(leases).where(leases.c.lease_name == lease.name, leases.c.expires_at <= now))
    row = connection.execute(select(leases).where(leases.c.lease_name == lease.name).with_for_update()).one_or_none()
    if row is not None and not _is_dead(row.holder):
        raise LeaseHeld(lease.name, row.holder, row.acquired_at, row.expires_at)
    connection.execute(delete(leases).where(leases.c.lease_name == lease.name))
    connection.execute(
        leases.insert().values(lease_name=lease.name, holder=lease.holder, acquired_at=now, expires_at=now + LEASE_TIME)
    )


def _is_dead(holder: str) -> bool:
    host, _, process = holder.rpartition(" process ")
    if host != socket.gethostname() or not process.isdigit():
        return False
    if int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
