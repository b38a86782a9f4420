"""Jobs that only one process may do at a time, across machines that share the warehouse."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, exists, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from warehouse import snowflake
from warehouse.sessions import Session, vouching_session
from warehouse.tables.operational import leases

LEASE_TIME = timedelta(minutes=30)

_HOLDER = re.compile(r"(?P<host>.*) process (?P<process>\d+)(, database session (?P<session>\d+))?")
_HELD: set[tuple[str, str]] = set()
"""Address and job of what this process holds: a holder of its own number that it knows nothing of is a predecessor."""


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
        ours = [leases.c.lease_name == self.name, leases.c.holder == self.holder]
        if not _keeps_keys(connection):
            other = leases.alias()
            ours.append(~exists().where(other.c.lease_name == self.name, other.c.holder != self.holder))
        renewed = connection.execute(update(leases).where(*ours).values(expires_at=now + LEASE_TIME))
        if not renewed.rowcount:
            raise LeaseLost(self.name)


@contextmanager
def hold(engine: Engine, name: str, clock: Callable[[], datetime]) -> Iterator[Lease]:
    """Hold the job while the block runs. Raises `LeaseHeld` when another living process has it.

    A holder that died is succeeded at once where that can be told (on PostgreSQL from every machine, else on its own),
    and elsewhere when its lease expires. Whoever is taken for dead and lives commits nothing more: `Lease.renew`.
    """
    held = engine.url.render_as_string(), name
    with vouching_session(engine, f"flowmart {name}") as session:
        lease = Lease(name, _own_name(session))
        with engine.begin() as connection:
            _take(connection, lease, clock(), session, knows_it=held in _HELD)
        if engine.dialect.name == snowflake.NAME:
            _look_again(engine, lease)
        _HELD.add(held)
        try:
            yield lease
        except BaseException:
            with suppress(SQLAlchemyError):  # the database may be what failed
                _give_back(engine, lease)
            raise
        else:
            _give_back(engine, lease)
        finally:
            _HELD.discard(held)


def own_name() -> str:
    """This process, as it signs leases that are kept elsewhere than in a warehouse."""
    return _own_name(Session())


def is_gone(holder: str, *, knows_it: bool) -> bool:
    """Whether the holder of such a lease certainly lives no longer; `knows_it`: this process holds it itself."""
    return _is_dead(holder, Session(), knows_it=knows_it)


def _own_name(session: Session) -> str:
    vouched = "" if session.number is None else f", database session {session.number}"
    return f"{socket.gethostname()} process {os.getpid()}{vouched}"


def _give_back(engine: Engine, lease: Lease) -> None:
    with engine.begin() as connection:
        connection.execute(delete(leases).where(leases.c.lease_name == lease.name, leases.c.holder == lease.holder))


def _take(connection: Connection, lease: Lease, now: datetime, session: Session, *, knows_it: bool) -> None:
    """Write the lease; `knows_it` is whether this process holds the job already."""
    # two processes cannot both find the job free: on SQLite the delete takes the write lock
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("flowmart leases", 0))))
    connection.execute(delete(leases).where(leases.c.lease_name == lease.name, leases.c.expires_at <= now))
    there = select(leases).where(leases.c.lease_name == lease.name)
    for row in connection.execute(there.with_for_update() if _keeps_keys(connection) else there):
        if not _is_dead(row.holder, session, knows_it=knows_it):
            raise LeaseHeld(lease.name, row.holder, row.acquired_at, row.expires_at)
    connection.execute(delete(leases).where(leases.c.lease_name == lease.name))
    connection.execute(
        leases.insert().values(lease_name=lease.name, holder=lease.holder, acquired_at=now, expires_at=now + LEASE_TIME)
    )


def _keeps_keys(connection: Connection) -> bool:
    """Whether a lease cannot be there twice, and a row can be kept from others."""
    return connection.dialect.name != snowflake.NAME


def _look_again(engine: Engine, lease: Lease) -> None:
    """Give up when another has written the same lease meanwhile, where nothing keeps two from doing so.

    Ours is committed by now. Of two that write at once at least one finds the other here, and gives up; it may be both.
    Should what was committed a moment ago not show yet, renewing finds it: neither commits a page.
    """
    with engine.begin() as connection:
        rows = connection.execute(select(leases).where(leases.c.lease_name == lease.name)).all()
        if [row.holder for row in rows] == [lease.holder]:
            return
        connection.execute(delete(leases).where(leases.c.lease_name == lease.name, leases.c.holder == lease.holder))
    row = next((row for row in rows if row.holder != lease.holder), None)
    if row is None:  # taken over, or by a thread of this process at the same moment
        raise LeaseLost(lease.name)
    raise LeaseHeld(lease.name, row.holder, row.acquired_at, row.expires_at)


def _is_dead(holder: str, session: Session, *, knows_it: bool) -> bool:
    """Whether the holder certainly does the job no longer."""
    named = _HOLDER.fullmatch(holder)
    if named is None:
        return False
    if named["session"] is not None and session.can_tell:
        return session.number is not None  # its session would have kept the lock from ours
    if named["host"] != socket.gethostname():
        return False
    if int(named["process"]) == os.getpid():
        return not knows_it  # in a container that was started again, processes get the numbers of those before
    return not _may_live(int(named["process"]))


def _may_live(process: int) -> bool:
    """Whether a process of that number may be there.

    A number given anew to another program counts as living: the lease expires. Containers that share a host name and
    not their processes take one another for dead: the one that is taken over commits nothing more.
    """
    if sys.platform == "win32":
        return True  # there, signal 0 would end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
