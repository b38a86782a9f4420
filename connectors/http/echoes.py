"""Takes a login out of answers that repeat it: an error text of a tracker goes to logs and into the warehouse."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx

MASK = "***"
_SHORTEST = 4


def without_login(response: httpx.Response) -> httpx.Response:
    """The answer, in body and headers without the credentials that its request was signed with.

    A success is given back as it is: what a tracker holds is its own, and no message shows it.
    """
    said = response.request.headers.get("authorization")
    if said is None or response.is_success:
        return response
    forms = sorted({form for secret in _secrets(said) for form in _forms(secret)}, key=len, reverse=True)
    body, headers = response.content, response.headers.raw
    if not any(form in part for form in forms for part in (body, *(value for _, value in headers))):
        return response
    cleaned = [(name, _cleaned(value, forms)) for name, value in headers if name.lower() != b"content-length"]
    return httpx.Response(
        response.status_code, headers=cleaned, content=_cleaned(body, forms), request=response.request
    )


def _secrets(header: str) -> Iterator[str]:
    """The credentials as they were sent, and what is packed in those of a basic login."""
    scheme, _, sent = header.partition(" ")
    yield sent
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(sent, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return
        yield pair
        yield pair.partition(":")[2]


def _forms(secret: str) -> Iterator[bytes]:
    if len(secret) < _SHORTEST:
        return
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        yield form.encode()


def _cleaned(text: bytes, forms: list[bytes]) -> bytes:
    for form in forms:
        text = text.replace(form, MASK.encode())
    return text
