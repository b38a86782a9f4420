"""`python -m benchmarks.relay`: stands before a tracker and gives each answer again from memory, as fast as it can.

So the simulator's own work is done once, and what is measured afterwards waits for nobody but itself.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CONTROL = b"/_relay/"
_HEAD_END = b"\r\n\r\n"
_KEPT = ("content-type", "x-ms-continuationtoken")
_TIMEOUT = 600


@dataclass(slots=True)
class Relay:
    """What the relay knows: whom it stands for, where it listens, the answers so far, and how late they are."""

    origin: str
    own: str = ""
    latency: float = 0.0
    answers: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    requests: int = 0

    def fetch(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """Ask the tracker; addresses in its answer become the relay's own. Runs beside the loop."""
        method, target, _ = line.decode("latin-1").split(" ", 2)
        parts = urlsplit(self.origin)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        passed = {
            k.decode(): v.decode("latin-1") for k, v in headers.items() if k in {b"authorization", b"content-type"}
        }
        try:
            connection.request(method, target, body=body or None, headers=passed)
            response = connection.getresponse()
            content = response.read().replace(self.origin.encode(), self.own.encode())
        finally:
            connection.close()
        kept = "".join(f"{name}: {value}\r\n" for name in _KEPT if (value := response.headers.get(name)))
        head = f"HTTP/1.1 {response.status} {response.reason}\r\n{kept}content-length: {len(content)}\r\n\r\n"
        return head.encode("latin-1") + content

    def obey(self, command: bytes, body: bytes) -> bytes:
        """A word of whoever measures: `state`, `forget` all answers, or `latency` in seconds."""
        if command == b"forget":
            self.answers.clear()
        elif command == b"latency":
            self.latency = float(body)
        content = json.dumps({"requests": self.requests, "answers": len(self.answers)}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content)


class Visitor(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._read = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(_HEAD_END)
        if end < 0:
            return
        line, *lines = bytes(self._read[:end]).split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in lines)}
        start = end + len(_HEAD_END)
        stop = start + int(headers.get(b"content-length", b"0"))
        if len(self._read) >= stop:
            body = bytes(self._read[start:stop])
            del self._read[:stop]
            self._answer(line, headers, body)

    def _answer(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> None:
        relay, target = self._relay, line.split(b" ", 2)[1]
        if target.startswith(_CONTROL):
            self._write(relay.obey(target.removeprefix(_CONTROL), body))
            return
        relay.requests += 1
        known = relay.answers.get((line, body))
        if known is None:
            task = asyncio.get_running_loop().create_task(self._pass_on(line, headers, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif relay.latency:
            asyncio.get_running_loop().call_later(relay.latency, self._write, known)
        else:
            self._write(known)

    async def _pass_on(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> None:
        answer = await asyncio.to_thread(self._relay.fetch, line, headers, body)
        if answer.startswith(b"HTTP/1.1 200"):
            self._relay.answers[line, body] = answer
        self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


async def serve(origin: str) -> None:
    """Print the relay's own address, then answer until standard input is closed."""
    relay, loop = Relay(origin), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Visitor(relay), "127.0.0.1", 0, backlog=256)
    relay.own = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(relay.own, flush=True)
    await asyncio.to_thread(_until_closed)


def _until_closed() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("origin", help="the tracker's scheme, host and port")
    asyncio.run(serve(parser.parse_args().origin))
