"""Reads the body of an answer, unpacked, up to a limit: neither a huge page nor a small one that unpacks to one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from connectors.errors import UnexpectedResponse

PACKINGS = "gzip, deflate"
"""What is asked for, and all that is unpacked: these can be unpacked a piece at a time."""
_PIECE_BYTES = 2**20
_ENOUGH_BYTES = 1_000_000
_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_OF_THE_WIRE = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_MEGABYTE = 1_000_000


def read(response: httpx.Response, request: httpx.Request, most_bytes: int) -> httpx.Response:
    """The answer to that request, with its body in memory; of a refusal the first megabyte is enough.

    Raises `UnexpectedResponse` once the body has more than `most_bytes`, and `httpx.DecodingError` when it cannot be
    unpacked or its end is missing. About a megabyte more than that is held at most.
    """
    body = bytearray()
    for piece in _unpacked(response):
        body += piece
        if not response.is_success and len(body) > _ENOUGH_BYTES:
            del body[_ENOUGH_BYTES:]
            break
        if len(body) > most_bytes:
            raise UnexpectedResponse(
                f"{request.method} {request.url.path} answered with more than "
                f"{most_bytes / _MEGABYTE:g} MB; if that is right, raise network.max_answer_mb",
                status=response.status_code,
            )
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_WIRE]
    return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=request)


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    packing = response.headers.get("content-encoding", "").strip().lower()
    if response.is_stream_consumed:  # as the answers of a transport that has no wire
        return iter([response.content])
    if packing in {"", "identity"}:
        return response.iter_raw()
    if packing in {"gzip", "x-gzip"}:
        return _inflated(response.iter_raw(), _GZIP)
    if packing == "deflate":
        return _inflated(response.iter_raw(), None)
    raise httpx.DecodingError("the answer is packed in a way that was not asked for")


def _inflated(pieces: Iterator[bytes], kind: int | None) -> Iterator[bytes]:
    """In pieces of a megabyte; without a kind it is told by the first byte, as servers mean two things by deflate."""
    inflate = None if kind is None else zlib.decompressobj(kind)
    for piece in pieces:
        if not piece:
            continue
        if inflate is None:
            inflate = zlib.decompressobj(_ZLIB if piece[0] & 0x0F == zlib.DEFLATED else _BARE)
        rest = piece
        while rest:
            try:
                yield inflate.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(f"the answer cannot be unpacked: {error}") from error
            rest = inflate.unconsumed_tail
    if inflate is not None and not inflate.eof:
        raise httpx.DecodingError("the packed answer has no end")
