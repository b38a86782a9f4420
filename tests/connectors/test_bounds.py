"""No answer keeps a source for ever or fills the memory: huge, dripping, packed and deeply nested ones are refused."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
import requests

from connectors.errors import SourceError, TrackerUnavailable, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp, World
from connectors.http.bodies import read
from connectors.http.sdk import HttpxAdapter
from tests.connectors.raw_server import CHUNKED, HEAD, sending
from tests.connectors.virtual_time import BEGIN

MOST = 1_000_000
BOMB = gzip.compress(b"[" + b" " * 50_000_000 + b"]", 9)


class Ticking:
    """A clock on which ten seconds pass whenever somebody looks: no test waits, and no wait lasts."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> object:
        self.moment += timedelta(seconds=10)
        return self.moment


def source(address: str, **settings: object) -> SourceHttp:
    made = HttpSettings(
        **{  # type: ignore[arg-type]  # by keyword
            "max_answer_bytes": MOST,
            "attempts": 3,
            "timeout_seconds": 30.0,
            "world": World(wait=lambda _bell, _seconds: None, jitter=lambda: 0.5),
            **settings,
        }
    )
    return SourceHttp(base_url=address, auth=httpx.BasicAuth("a", "b"), settings=made, inspect=lambda _: None)


def by_client(http: SourceHttp) -> None:
    http.fetch("GET", "x", object)


def by_sdk(http: SourceHttp) -> None:
    session = requests.Session()
    session.mount("http://", HttpxAdapter(http.client))
    session.get(http.url("x"))


both_ways = pytest.mark.parametrize("ask", [by_client, by_sdk])


@both_ways
def test_threat_huge_answer_is_given_up_at_the_limit(ask: Callable[[SourceHttp], None]) -> None:
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with sending(lambda: itertools.chain([CHUNKED], itertools.repeat(piece))) as (address, wire):
        http = source(address)
        with pytest.raises(UnexpectedResponse, match=r"GET /x answered with more than 1 MB; .* network.max_answer_mb"):
            ask(http)
        http.close()
    assert wire.asked == 1, "it is not asked for again"
    assert wire.sent < MOST + 10_000_000, "no more was taken than what sockets hold"


def test_threat_huge_refusal_is_still_a_refusal() -> None:
    head, piece = CHUNKED.replace(b"200 OK", b"500 Sorry"), b"10000\r\n" + b"{" * 65_536 + b"\r\n"
    with sending(lambda: itertools.chain([head], itertools.repeat(piece))) as (address, wire):
        http = source(address)
        with pytest.raises(TrackerUnavailable, match=r"GET /x answered 500: no explanation"):
            by_client(http)
        http.close()
    assert wire.sent < MOST + 10_000_000


@both_ways
def test_threat_slow_drip_of_a_body_ends_by_the_clock(ask: Callable[[SourceHttp], None]) -> None:
    with sending(lambda: itertools.chain([CHUNKED], itertools.repeat(b"1\r\n \r\n"))) as (address, wire):
        http = source(address, world=World(now=Ticking().now), answer_seconds=60.0)  # type: ignore[arg-type]
        with pytest.raises(TrackerUnavailable, match=r"GET /x was not answered within 60 s \(network.answer_timeout\)"):
            ask(http)
        http.close()
    assert wire.asked == 1


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\nX-Long: ", b"y"], id="header"),
        pytest.param([CHUNKED, b"0"], id="size of a chunk"),
    ],
)
def test_threat_slow_drip_of_anything_ends_by_the_clock(pieces: list[bytes]) -> None:
    """No byte of the body ever arrives, so who counts those waits for ever."""

    def drip() -> Iterator[bytes]:
        yield pieces[0]
        for _ in range(50_000):  # less than what the library takes of a header
            yield pieces[1]

    with sending(drip) as (address, _):
        http = source(address, world=World(now=Ticking().now), answer_seconds=60.0)  # type: ignore[arg-type]
        with pytest.raises(TrackerUnavailable, match="was not answered within 60 s"):
            by_client(http)
        http.close()


@both_ways
def test_threat_gzip_bomb_is_given_up_at_the_limit(ask: Callable[[SourceHttp], None]) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    with sending(lambda: iter([head, BOMB])) as (address, _):
        http = source(address)
        with pytest.raises(UnexpectedResponse, match="answered with more than 1 MB"):
            ask(http)
        http.close()


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_bomb_is_unpacked_a_megabyte_at_a_time(kind: str) -> None:
    packed = BOMB if kind == "gzip" else zlib.compress(b" " * 50_000_000, 9)
    pieces = iter([packed[:16_384], packed[16_384:]])
    answer = httpx.Response(200, headers={"content-encoding": kind}, content=pieces)
    with pytest.raises(UnexpectedResponse):
        read(answer, httpx.Request("GET", "https://x/y"), 3 * MOST)
    assert next(pieces, None) is not None, "16 kB of it are more than enough"


def _bare(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        ("gzip", gzip.compress(b"[1, 2]", mtime=0)),
        ("x-gzip", gzip.compress(b"[1, 2]", mtime=0)),
        ("deflate", zlib.compress(b"[1, 2]")),
        ("deflate", _bare(b"[1, 2]")),
        ("identity", b"[1, 2]"),
        ("", b"[1, 2]"),
    ],
)
def test_a_packed_answer_is_unpacked_whatever_its_pieces(kind: str, packed: bytes) -> None:
    headers = [("content-encoding", kind), ("content-type", "application/json"), ("x-a", "1"), ("x-a", "2")]
    answer = httpx.Response(200, headers=headers, content=iter([packed[at : at + 1] for at in range(len(packed))]))
    whole = read(answer, httpx.Request("GET", "https://x/y"), MOST)
    assert whole.json() == [1, 2]
    assert whole.headers.get_list("x-a") == ["1", "2"]
    assert "content-encoding" not in whole.headers


@pytest.mark.parametrize(
    ("kind", "packed"),
    [("gzip", gzip.compress(b"[1]", mtime=0)[:-9]), ("br", b"[1]"), ("gzip", b"none"), ("deflate", b"\xff")],
)
def test_what_cannot_be_unpacked_is_told_as_such(kind: str, packed: bytes) -> None:
    answer = httpx.Response(200, headers={"content-encoding": kind}, content=iter([packed]))
    with pytest.raises(httpx.DecodingError):
        read(answer, httpx.Request("GET", "https://x/y"), MOST)


def test_a_tracker_is_asked_for_packings_that_can_be_bounded() -> None:
    http = source("http://127.0.0.1:9")
    assert http.client.headers["accept-encoding"] == "gzip, deflate"
    http.close()


def test_threat_deep_nesting_is_an_answer_that_cannot_be_read() -> None:
    deep = b"[" * 200_000
    with sending(lambda: iter([HEAD + b"Content-Length: %d\r\n\r\n" % len(deep), deep])) as (address, _):
        http = source(address)
        with pytest.raises(SourceError, match=r"GET /x answered 200 .* with a body that cannot be read"):
            by_client(http)
        http.close()
