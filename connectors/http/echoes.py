"""Takes a login out of answers that repeat it: an error text of a tracker goes to logs and into the warehouse."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

import httpx

from connectors.secret_forms import forms

MASK = b"***"


def without_login(response: httpx.Response) -> httpx.Response:
    """The answer, in body and headers without the credentials that its request was signed with.

    A success is given back as it is: what a tracker holds is its own, and no message shows it.
    """
    said = response.request.headers.get("authorization")
    if said is None or response.is_success:
        return response
    known = sorted({form.encode() for secret in _secrets(said) for form in forms(secret)}, key=len, reverse=True)
    body, headers = response.content, response.headers.raw
    if not any(form in part for form in known for part in (body, *(value for _, value in headers))):
        return response
    cleaned = [(name, _cleaned(value, known)) for name, value in headers if name.lower() != b"content-length"]
    return httpx.Response(
        response.status_code, headers=cleaned, content=_cleaned(body, known), request=response.request
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


def _cleaned(text: bytes, known: list[bytes]) -> bytes:
    for form in known:
        text = text.replace(form, MASK)
    return text
