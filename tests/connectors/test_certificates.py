"""TLS: a server must show a certificate for its name, of an authority that is believed; nothing turns that off."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
import requests

from connectors.errors import TrackerUnavailable
from connectors.http import HttpSettings, SourceHttp, World, unreachable
from connectors.http.sdk import HttpxAdapter
from tests.servers import certificate, tunnelling

ROOT = Path(__file__).parents[2]
OURS = ("connectors", "exports", "flowmart", "lake", "metrics", "migrations", "warehouse")


class One(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"1")

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that hang up in the handshake are the point."""


@contextmanager
def tracker(context: ssl.SSLContext) -> Iterator[str]:
    """The address of a tracker that shows a certificate."""
    with Quiet(("127.0.0.1", 0), One) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def source(address: str, ca_file: Path | None) -> SourceHttp:
    world = World(wait=lambda _bell, _seconds: None)
    settings = HttpSettings(ca_file=ca_file, world=world)
    return SourceHttp(base_url=address, auth=httpx.BasicAuth("a", "b"), settings=settings, inspect=lambda _: None)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, ssl.SSLContext]]:
    """Host → file of a certificate for it, and what shows it."""
    folder = tmp_path_factory.mktemp("certificates")
    return {host: certificate(folder, host) for host in ("127.0.0.1", "other.example")}


Shown = dict[str, tuple[Path, ssl.SSLContext]]


def test_a_certificate_of_a_configured_authority_is_believed(shown: Shown) -> None:
    path, context = shown["127.0.0.1"]
    with tracker(context) as address:
        http = source(address, path)
        assert http.fetch("GET", "x", int) == 1
        http.close()


def test_an_authority_of_ones_own_stands_beside_the_usual_ones(shown: Shown) -> None:
    usual, more = (source("https://x.example", ca) for ca in (None, shown["127.0.0.1"][0]))
    counts = []
    for http in (usual, more):
        pool = http.client._transport._inner._make(None)._pool  # type: ignore[attr-defined]  # ours, then httpx's
        counts.append(pool._ssl_context.cert_store_stats()["x509_ca"])
        assert pool._ssl_context.verify_mode is ssl.CERT_REQUIRED
        assert pool._ssl_context.check_hostname
        http.close()
    assert counts[1] == counts[0] + 1
    assert counts[0] > 50


@pytest.mark.parametrize(
    ("host", "known", "said"),
    [
        ("127.0.0.1", None, r"that is not believed \(self-signed certificate\); name .* in network.ca_file"),
        ("127.0.0.1", "other.example", r"that is not believed \(.+\); name the file of its authority"),
        ("other.example", "other.example", r"for another host \(.*127\.0\.0\.1.*\); correct the address"),
    ],
)
def test_threat_false_server_is_told_in_one_line_and_gets_nothing(
    shown: Shown, host: str, known: str | None, said: str
) -> None:
    with tracker(shown[host][1]) as address:
        http = source(address, shown[known][0] if known else None)
        with pytest.raises(TrackerUnavailable, match=f"^{re.escape(address)} shows a certificate {said}"):
            http.fetch("GET", "x", int)
        assert http.counters.requests == 1, "it is not tried again"
        session = requests.Session()
        session.mount("https://", HttpxAdapter(http.client))
        with pytest.raises(requests.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            session.get(f"{address}/x", verify=False)
        http.close()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies, to be changed."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_through_a_proxy_the_tracker_s_own_certificate_counts_and_the_proxy_sees_no_login(
    shown: Shown, no_proxy: pytest.MonkeyPatch
) -> None:
    path, context = shown["other.example"]
    with tracker(context) as address, tunnelling(int(address.rpartition(":")[2])) as (port, asked):
        no_proxy.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        http, distrusting = source("https://other.example", path), source("https://other.example", None)
        assert http.fetch("GET", "x", int) == 1
        with pytest.raises(
            TrackerUnavailable, match=r"^https://other\.example shows a certificate that is not believed"
        ):
            distrusting.fetch("GET", "x", int)
        for each in (http, distrusting):
            each.close()
    assert [head.splitlines()[0] for head in asked] == [b"CONNECT other.example:443 HTTP/1.1"] * 2
    assert not any(b"authorization: basic" in head.lower() for head in asked)


@pytest.mark.parametrize("proxy", ["socks5://me:h1dden@127.0.0.1:9", "ftp://me:h1dden@127.0.0.1:9", "http://[::1:x"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(no_proxy: pytest.MonkeyPatch, proxy: str) -> None:
    no_proxy.setenv("HTTPS_PROXY", proxy)
    http = source("https://other.example", None)
    with pytest.raises(TrackerUnavailable, match="the proxy of the environment cannot be used") as caught:
        http.fetch("GET", "x", int)
    assert "h1dden" not in str(caught.value)
    http.close()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_told_with_what_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(TrackerUnavailable, match=r"no authorities can be read \(.+\); correct network.ca_file"):
        source("https://other.example", path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(TrackerUnavailable, match="correct SSL_CERT_FILE and SSL_CERT_DIR"):
        source("https://other.example", tmp_path / "another.pem")


def test_a_certificate_that_has_expired_is_called_so() -> None:
    old = ssl.SSLCertVerificationError("certificate verify failed")
    old.verify_code, old.verify_message = 10, "certificate has expired"
    error = httpx.ConnectError("x")
    error.__cause__ = old
    said = str(unreachable(error, httpx.URL("https://x.example/y")))
    assert said == ("https://x.example shows a certificate that has expired (certificate has expired); have it renewed")


def test_no_code_of_ours_turns_the_verification_off() -> None:
    off = re.compile(r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=|_create_unverified|disable_warnings")
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if off.search(line)
    ]
    assert lines == []
