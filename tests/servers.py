"""Servers for tests of connections: one that only introduces itself, one that stands before the real one, a proxy."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_TLS_WANTED, _GSS_WANTED = 80_877_103, 80_877_104


@contextmanager
def introducing(**facts: str) -> Iterator[int]:
    """A server that lets everybody in, tells these facts about itself, and does nothing else; gives its port."""

    def answer(client: socket.socket) -> None:
        _greeted(client, None)
        told = b"".join(_message(b"S", f"{name}\0{value}\0".encode()) for name, value in facts.items())
        client.sendall(_message(b"R", struct.pack("!i", 0)) + told + _message(b"Z", b"I"))
        client.recv(1)  # until the client hangs up

    with _listening(answer) as port:
        yield port


@contextmanager
def standing_before(host: str, port: int, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port on loopback behind which a real server is, wherever it listens; it speaks TLS, or refuses it."""

    def answer(client: socket.socket) -> None:
        client, first = _greeted(client, tls)
        with client, _connected(host, port) as server:
            server.sendall(first)
            _relay(client, server)

    with _listening(answer) as listened:
        yield listened


@contextmanager
def tunnelling(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that leads every tunnel to a port of this machine; gives its own port, and what it is asked."""
    asked: list[bytes] = []

    def answer(client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += _exactly(client, 1)
        asked.append(head)
        with _connected("127.0.0.1", port) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(client, server)

    with _listening(answer) as listened:
        yield listened, asked


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for that host, which is its own authority, and what a server needs to show it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    known_as = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([known_as]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path, secret = folder / f"{host}.pem", folder / f"{host}.key"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return path, context


@contextmanager
def _listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    def serve() -> None:
        with contextlib.suppress(OSError):  # it is shut: the test is over
            while True:
                client, _ = listener.accept()
                Thread(target=_answered, args=(answer, client), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()


def _answered(answer: Callable[[socket.socket], None], client: socket.socket) -> None:
    with client, contextlib.suppress(OSError, EOFError):  # a client may hang up when it likes
        answer(client)


def _greeted(client: socket.socket, tls: ssl.SSLContext | None) -> tuple[socket.socket, bytes]:
    """The client, over TLS if both want it, and its first message that is no question about that."""
    try:
        head = _exactly(client, 8)
        length, code = struct.unpack("!ii", head)
        if code not in {_TLS_WANTED, _GSS_WANTED}:
            return client, head + _exactly(client, length - len(head))
        if code == _TLS_WANTED and tls is not None:
            client.sendall(b"S")
            return _greeted(tls.wrap_socket(client, server_side=True), None)
        client.sendall(b"N")
    except (OSError, EOFError):
        client.close()
        raise
    return _greeted(client, tls)


def _exactly(client: socket.socket, length: int) -> bytes:
    got = b""
    while len(got) < length:
        more = client.recv(length - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


def _connected(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def _relay(client: socket.socket, server: socket.socket) -> None:
    while True:
        waiting = isinstance(client, ssl.SSLSocket) and client.pending()
        for one in [client] if waiting else select.select([client, server], [], [])[0]:
            data = one.recv(65_536)
            if not data:
                return
            (server if one is client else client).sendall(data)
