"""A tracker whose answers are out of all bounds fails its own source in a line; the others are synced."""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowmart.cli import main
from simulator.server import Running, serve
from tests.connectors.raw_server import CHUNKED, HEAD, sending

pytestmark = pytest.mark.usefixtures("logging_as_before")

BOMB = gzip.compress(b"[" + b" " * 30_000_000 + b"]", 9)
DEEP = b'{"displayName":' + b"[" * 100_000
PIECE = b"10000\r\n" + b" " * 65_536 + b"\r\n"
SIZED = HEAD + b"Content-Length: %d\r\n"
CONFIG = """\
[network]
max_answer_mb = 5
[sources.{kind}]
type = "{kind}"
url = "{hostile}"
token = "t0ken-of-hostile"
[sources.good]
type = "azure_devops"
url = "{good}"
token = "{token}"
"""


def huge() -> Iterator[bytes]:
    return itertools.chain([CHUNKED], itertools.repeat(PIECE))


def bomb() -> Iterator[bytes]:
    return iter([SIZED % len(BOMB) + b"Content-Encoding: gzip\r\n\r\n", BOMB])


def deep() -> Iterator[bytes]:
    return iter([SIZED % len(DEEP) + b"\r\n", DEEP])


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=20) as simulator:
        yield simulator


@pytest.mark.parametrize("kind", ["jira", "azure_devops"])
@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (huge, "answered with more than 5 MB"),
        (bomb, "answered with more than 5 MB"),
        (deep, "that cannot be read"),
    ],
)
def test_threat_hostile_answers_fail_their_source_in_a_line(
    running: Running, tmp_path: Path, kind: str, pieces: Callable[[], Iterator[bytes]], said: str
) -> None:
    out = io.StringIO()
    with sending(pieces) as (hostile, _):
        good, (_, token) = running.azure_devops_url, running.azure_devops_auth
        text = CONFIG.format(kind=kind, hostile=hostile, good=good, token=token)
        (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
        environment = {"FLOWMART_CONFIG": str(tmp_path / "flowmart.toml"), "FLOWMART_NOW": running.connect["now"]}
        with contextlib.redirect_stderr(out), contextlib.redirect_stdout(io.StringIO()):
            code = main(["-q", "sync"], environment)
    *_, last = out.getvalue().splitlines()
    assert code == 1
    assert last.startswith(f"flowmart: {kind}: ")
    assert said in last
    assert "defect" not in out.getvalue()
    with contextlib.closing(sqlite3.connect(tmp_path / "flowmart.db")) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM issues WHERE source_id = 'good'").fetchone()[0] > 5
