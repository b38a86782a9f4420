"""A configuration file to change, the command line without a process, and a tracker in memory."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import URL, Engine

from connectors.base import Counters, FieldChoice, Identity, Seen, Stream, Survey
from connectors.errors import SourceError
from flowmart.cli import main

SURVEY = Survey(
    seen=(
        Seen(what="project", native_id="1", name="PAY", detail="Payments"),
        Seen(what="board", native_id="12", name="Pay board"),
    ),
    fields=(
        FieldChoice(role="story_points", native_ids=("cf_1", "cf_2"), name="Points", evidence="their type"),
        FieldChoice(role="severity", native_ids=(), name="", evidence="no field of that name"),
        FieldChoice(role="found_in", native_ids=("cf_3",), name="Environment", evidence='named\n"Environment"'),
    ),
)


@dataclass(slots=True)
class Tracker:
    """A connector that looks only; with `failure` its login is refused."""

    found: Survey = SURVEY
    failure: SourceError | None = None
    counters: Counters = field(default_factory=Counters)
    is_closed: bool = False

    def identify(self) -> Identity:
        if self.failure is not None:
            raise self.failure
        return Identity(kind="jira_cloud", account="bot@acme.example", display_name="Bot", version="1001")

    def survey(self) -> Survey:
        return self.found

    def streams(self) -> Sequence[Stream]:
        return ()

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def tracker() -> Tracker:
    """A tracker that lets us in."""
    return Tracker()


@pytest.fixture
def refusing() -> Tracker:
    """A tracker that does not."""
    return Tracker(failure=SourceError("the login is refused"))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]

JIRA = """\
[sources.acme]
type = "jira"
url = "https://acme.example"
token = "${ACME_TOKEN}"
"""


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], logging_as_before: None) -> Iterator[Call]:  # noqa: ARG001
    """Calls the command line with a configuration of one source and `more`; the process's logging is put back."""

    def calling(*arguments: str, more: str = "", environment: Mapping[str, str] | None = None) -> Ended:
        path = tmp_path / "flowmart.toml"
        path.write_text(JIRA + more, encoding="utf-8")
        given = {"FLOWMART_CONFIG": str(path), "ACME_TOKEN": "s3cret-token", **(environment or {})}
        code = main(arguments, given)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    terminated = signal.getsignal(signal.SIGTERM)
    yield calling
    signal.signal(signal.SIGTERM, terminated)


PASSWORD = "h1dden-password"


def warehouse(url: URL, schema: str = "", *more: str) -> str:
    """The section of the configuration."""
    address = url.render_as_string(hide_password=False)
    return "\n".join(("[warehouse]", f'url = "{address}"', f'schema = "{schema}"', *more))


def one_line(ended: Ended) -> str:
    """The line of a command that failed; it begins with the address, and no password is in it."""
    assert ended.code == 1, ended.err
    (line,) = ended.err.splitlines()
    assert PASSWORD not in line
    assert "made-up" not in line
    head, _, rest = line.partition(": ")[2].partition(": ")
    assert head.startswith("warehouse postgresql")
    return rest


@dataclass(frozen=True, slots=True)
class Ours:
    """A schema of our own, without any table at first."""

    engine: Engine
    schema: str

    def section(self, *more: str, url: URL | None = None) -> str:
        return warehouse(url or self.engine.url, self.schema, *more)


@pytest.fixture
def ours(empty_postgres: Engine, postgres_schema: str) -> Ours:
    """A warehouse on PostgreSQL to make."""
    return Ours(empty_postgres, f"{postgres_schema}_empty")


class Refusing(BaseHTTPRequestHandler):
    """A tracker that knows nobody, and repeats what it was sent."""

    def do_GET(self) -> None:
        body = f'{{"errorMessages": ["who is {self.headers["Authorization"]}?"]}}'.encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def refusing_tracker() -> Iterator[str]:
    """The address of such a tracker."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
