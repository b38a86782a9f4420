"""Answers `/metrics` and `/healthz` while the schedule runs."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from flowmart.errors import ApplicationError
from flowmart.status import Status
from flowmart.telling.telemetry import NOT_INSTALLED, text
from flowmart.text import duration

_PATIENCE_SECONDS = 10.0
_PLAIN, _JSON = "text/plain; version=0.0.4; charset=utf-8", "application/json"


class Answer(NamedTuple):
    """What a request gets."""

    code: HTTPStatus
    kind: str
    body: bytes


def complaints(status: Status, max_age_seconds: float) -> Sequence[str]:
    """Why the health is red: by names of the configuration, without the texts of errors, which may name more."""
    late = [
        f"{source.source} was never completely synced"
        if source.lag_seconds is None
        else f"{source.source} is {duration(source.lag_seconds)} old (schedule.max_age is {duration(max_age_seconds)})"
        for source in status.sources
        if source.is_late
    ]
    failed = [f"the last {run.step} {run.outcome}" for run in status.current_runs if run.outcome == "failed"]
    return [*failed, *late]


def answer(path: str, read: Callable[[], Status], max_age_seconds: float) -> Answer:
    """`read` gives the status; whatever it raises makes the health red."""
    if path not in {"/metrics", "/healthz"}:
        return Answer(HTTPStatus.NOT_FOUND, _PLAIN, b"there are /metrics and /healthz\n")
    try:
        status = read()
        if path == "/metrics":
            return Answer(HTTPStatus.OK, _PLAIN, text(status))
        problems = complaints(status, max_age_seconds)
    except ImportError:
        return Answer(HTTPStatus.NOT_IMPLEMENTED, _PLAIN, f"{NOT_INSTALLED}\n".encode())
    except Exception as error:  # noqa: BLE001 - the warehouse is away; the words of its library stay in the log
        problems = [f"the warehouse cannot be read ({type(error).__name__})"]
        if path == "/metrics":
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, f"{problems[0]}\n".encode())
    code = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return Answer(code, _JSON, json.dumps({"ok": not problems, "problems": list(problems)}).encode())


@contextmanager
def listening(address: tuple[str, int], read: Callable[[], Status], max_age_seconds: float) -> Iterator[int]:
    """Answers while the block runs, in threads of its own; gives the port. Raises `ApplicationError` if it cannot."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS
        server_version, sys_version = "flowmart", ""

        def do_GET(self) -> None:
            given = answer(self.path.partition("?")[0], read, max_age_seconds)
            self.send_response(given.code)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Scrapes come every few seconds: nobody wants a line for each."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        daemon_threads = True

    try:
        server = Server(address, Handler)
    except OSError as error:
        where = f"{address[0]}:{address[1]}"
        raise ApplicationError(f"telemetry.listen: {where}: {error.strerror or error}; choose another port") from error
    thread = Thread(target=server.serve_forever, name="telemetry", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_PATIENCE_SECONDS)
