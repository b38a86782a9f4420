"""`python -m simulator`: runs the trackers until a signal, or until its standard input closes."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import socket
import sys
import threading

import uvicorn

from simulator.server import make_server, open_sockets
from simulator.trackers import (
    DEFAULT_ISSUES,
    DEFAULT_NOW,
    DEFAULT_SEED,
    Settings,
    Trackers,
    introduction,
    make_trackers,
)


def main() -> int:
    """Run the simulator; prints one JSON line (addresses, tokens, projects, teams) once it listens."""
    arguments = _parser().parse_args()
    try:
        sockets = open_sockets(arguments.port)
    except OSError as error:
        print(f"simulator: port {arguments.port} or one of the next cannot be had: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    settings = Settings(
        issues=arguments.issues, seed=arguments.seed, now=arguments.now, latency_ms=arguments.latency_ms
    )
    trackers = make_trackers(settings)
    gc.freeze()  # the company stays: going through it again and again would only cost time
    asyncio.run(_serve(trackers, sockets, until_stdin_closes=arguments.until_stdin_closes))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--issues", type=int, default=DEFAULT_ISSUES, help="issues in all (default %(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed, another company")
    parser.add_argument("--now", default=DEFAULT_NOW, help="the company's present, ISO (default %(default)s)")
    parser.add_argument("--latency-ms", type=int, default=0, help="delay of each answer")
    parser.add_argument(
        "--port", type=int, default=0, help="port of the first tracker, the others follow in order (0: free ones)"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input is closed")
    return parser


async def _serve(trackers: Trackers, sockets: list[socket.socket], *, until_stdin_closes: bool) -> None:
    server = make_server(trackers, sockets, lambda: print(json.dumps(introduction(trackers)), flush=True))  # noqa: T201
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _end, server)
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(loop, server), daemon=True).start()
    await server.serve(sockets=sockets)


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


def _watch_stdin(loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(_end, server)


if __name__ == "__main__":
    sys.exit(main())
