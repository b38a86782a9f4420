"""Runs the simulated trackers: loopback listeners over one company, in a process or within a test."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from simulator.company import Company
from simulator.front import Front
from simulator.jira_data_center.server import CONTEXT
from simulator.trackers import (
    DEFAULT_NOW,
    DEFAULT_SEED,
    TRACKERS,
    Settings,
    Trackers,
    introduction,
    make_trackers,
    report,
)

HOST = "127.0.0.1"
_START_TIMEOUT = 30.0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, saying when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()


def open_sockets(port: int) -> list[socket.socket]:
    """A bound socket for each tracker: free ports, or `port` and the next one."""
    sockets: list[socket.socket] = []
    for number in range(len(TRACKERS)):
        # asyncio switches delayed sending off only for sockets that name their protocol: 40 ms an answer else
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port + number if port else 0))
        sockets.append(listener)
    return sockets


def make_server(trackers: Trackers, sockets: list[socket.socket], on_ready: Callable[[], None]) -> uvicorn.Server:
    """The server of all trackers, which then know their addresses."""
    ports = [listener.getsockname()[1] for listener in sockets]
    origins = {name: f"http://{HOST}:{port}" for name, port in zip(TRACKERS, ports, strict=True)}
    trackers.site.url = origins["jira_cloud"]
    trackers.data_center.site.url = origins["jira_data_center"] + CONTEXT
    trackers.organization.url = origins["azure_devops"] + trackers.organization.base
    trackers.server.url = origins["azure_devops_server"] + trackers.server.base
    front = Front(trackers, dict(zip(ports, TRACKERS, strict=True)))
    config = uvicorn.Config(
        front,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=60,  # by default five seconds, in which a client on a busy machine may be about to ask
        timeout_graceful_shutdown=1,
        ws="none",
    )
    return _Server(config, on_ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A simulator that runs in this process, for tests: where it listens, and what one may do to it."""

    trackers: Trackers
    loop: asyncio.AbstractEventLoop

    @property
    def connect(self) -> dict[str, Any]:
        """Addresses, tokens, projects and teams by tracker, as the command prints them."""
        return introduction(self.trackers)

    @property
    def jira_url(self) -> str:
        """The address of the Jira site."""
        return self.trackers.site.url

    @property
    def jira_auth(self) -> tuple[str, str]:
        """E-mail and token of the Jira site."""
        return self.trackers.site.email, self.trackers.site.token

    @property
    def jira_data_center_url(self) -> str:
        """The address of the Jira Data Center, with its context path."""
        return self.trackers.data_center.site.url

    @property
    def jira_data_center_token(self) -> str:
        """The personal access token of the Jira Data Center."""
        return self.trackers.data_center.site.token

    @property
    def azure_devops_url(self) -> str:
        """The address of the Azure DevOps organisation."""
        return self.trackers.organization.url

    @property
    def azure_devops_auth(self) -> tuple[str, str]:
        """The empty user and the personal access token of the organisation."""
        return "", self.trackers.organization.token

    @property
    def azure_devops_server_url(self) -> str:
        """The address of the collection of the Azure DevOps Server."""
        return self.trackers.server.url

    @property
    def azure_devops_server_auth(self) -> tuple[str, str]:
        """The empty user and the personal access token of the Server."""
        return "", self.trackers.server.token

    @property
    def company(self) -> Company:
        """The company, as an oracle."""
        return self.trackers.company

    def state(self) -> dict[str, Any]:
        """The truth about the company, and the requests so far."""
        found: dict[str, Any] = self._do(lambda: report(self.trackers))
        return found

    def advance(self, nights: int = 1) -> None:
        """Let so many nights pass."""
        self._do(lambda: self.trackers.advance(nights))

    def clock(self, seconds: float) -> None:
        """Move the company's clock; nothing else happens."""
        self._do(lambda: self.trackers.pass_time(seconds))

    def act(self, do: str, tracker: str, issue: int | str | None = None, **what: Any) -> dict[str, Any]:  # noqa: ANN401
        """Let somebody do one thing: edit, move, retype, delete, restore, destroy, link, unlink, log_work, rename, …"""
        command = {"do": do, "tracker": tracker, **what} | ({} if issue is None else {"issue": issue})
        found: dict[str, Any] = self._do(lambda: self.trackers.act(command))
        return found

    def fault(self, **fault: Any) -> None:  # noqa: ANN401 - JSON
        """Order a fault by the names that `faults.Fault` has: kind, match, method, tracker, after, times, every, …"""
        self._do(lambda: self.trackers.order(fault))

    def clear_faults(self) -> None:
        """Forget the faults that have not struck yet."""
        self._do(self.trackers.faults.clear)

    def tell(self, *, tracker: str = "", **settings: Any) -> None:  # noqa: ANN401 - JSON
        """Change how the trackers (or one of them) serve, e.g. page_cap, feed_batch, wiql_cap, newest_api_version."""
        for name, value in settings.items():
            self._do(functools.partial(self.trackers.tell, name, value, tracker))

    def _do(self, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the act gives
        """Let the server's own thread do it, between two requests."""

        async def done() -> Any:  # noqa: ANN401
            return act()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(_START_TIMEOUT)


@contextlib.contextmanager
def serve(
    *, issues: int = 200, seed: int = DEFAULT_SEED, now: str = DEFAULT_NOW, latency_ms: int = 0
) -> Iterator[Running]:  # fmt: skip
    """Run a simulator in a thread of this process, on free ports, as long as the block lasts."""
    trackers = make_trackers(Settings(issues=issues, seed=seed, now=now, latency_ms=latency_ms))
    sockets, ready = open_sockets(0), threading.Event()
    loop = asyncio.new_event_loop()
    server = make_server(trackers, sockets, ready.set)
    thread = threading.Thread(target=_run, args=(loop, server, sockets), name="simulator", daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_TIMEOUT):
            raise RuntimeError("the simulator did not start")
        yield Running(trackers=trackers, loop=loop)
    finally:
        server.should_exit = True
        thread.join(_START_TIMEOUT)


def _run(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, sockets: list[socket.socket]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(server.serve(sockets=sockets))
    finally:
        for listener in sockets:
            listener.close()
        loop.close()
