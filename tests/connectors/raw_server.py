"""A tracker that answers with raw pieces of HTTP, however odd, and counts what went out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass
class Wire:
    """What the server got rid of before the client hung up."""

    pieces: Callable[[], Iterator[bytes]]
    sent: int = 0
    asked: int = 0


@contextmanager
def sending(pieces: Callable[[], Iterator[bytes]]) -> Iterator[tuple[str, Wire]]:
    """A tracker that answers every request with these pieces of a raw answer; its address, and what went out."""
    wire = Wire(pieces=pieces)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_serve, args=(listener, wire), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", wire
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listener: socket.socket, wire: Wire) -> None:
    with suppress(OSError):  # it is shut: the test is over
        while True:
            client, _ = listener.accept()
            with client, suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
                while client.recv(65_536):
                    wire.asked += 1
                    for piece in wire.pieces():
                        client.sendall(piece)
                        wire.sent += len(piece)
