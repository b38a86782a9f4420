"""Two runs at once: the second says who holds the warehouse since when, and ends."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from tests.flowmart.test_process import configure, ended, started
from warehouse.tables.operational import leases, sync_runs

HELD = re.compile(
    r"flowmart: another run is under way: (?P<holder>\S+ process (?P<process>\d+)(, database session \d+)?) "
    r"holds it since (?P<since>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC \(free at \d\d:\d\d:\d\d UTC unless renewed\)"
)


@pytest.fixture
def silent_tracker(tmp_path: Path, empty_warehouse: Engine, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A tracker that takes requests and never answers; the configuration names it, and a warehouse on either engine."""
    more = f'[warehouse]\nurl = "{empty_warehouse.url.render_as_string(hide_password=False)}"\n'
    if empty_warehouse.dialect.name == "postgresql":
        more += f'schema = "{request.getfixturevalue("postgres_schema")}_empty"\n'
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        configure(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}", more)
        yield silent


@pytest.mark.thorough
def test_trap_87_the_second_of_two_runs_says_who_runs_since_when_and_changes_nothing(
    tmp_path: Path, empty_warehouse: Engine, silent_tracker: socket.socket
) -> None:
    with started(tmp_path, "run") as first, silent_tracker.accept()[0]:  # the first waits for an answer now
        code, out, err = ended(tmp_path, "run")
        said = HELD.fullmatch(err.strip())
        assert said is not None, err
        assert (code, out, said["process"]) == (1, "", str(first.pid))
        with empty_warehouse.connect() as connection:
            (lease,) = connection.execute(select(leases))
            assert (lease.holder, f"{lease.acquired_at:%Y-%m-%d %H:%M:%S}") == (said["holder"], said["since"])
            assert len(connection.execute(select(sync_runs)).all()) == 1
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
    assert ended(tmp_path, "compute")[0] == 0  # who was killed is succeeded at once
    with empty_warehouse.connect() as connection:
        assert connection.execute(select(leases)).all() == []
