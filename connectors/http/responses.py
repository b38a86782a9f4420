"""What an answer means: its body as a typed value, or the `SourceError` that fits."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import msgspec

from connectors.errors import (
    AuthenticationError,
    NotFound,
    PermissionMissing,
    SourceError,
    TrackerUnavailable,
    UnexpectedResponse,
)
from connectors.http import certificates
from connectors.http.rates import RETRIED_STATUSES, asked_wait, reason_of
from connectors.typed import ready

T = TypeVar("T")

_MESSAGE_LENGTH = 300
_DENIED = "X-Authentication-Denied-Reason"
_SURROGATE = re.compile(rb"\\u[dD]")
r"""Nearly: `\uD7FF` and an escaped backslash before `ud` are found too, and left alone later."""
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""In JSON text: an escaped backslash, a surrogate pair, or half a pair."""


def decode(response: httpx.Response, type_: type[T]) -> T:
    """The answer's JSON as `type_`; `UnexpectedResponse` when it is none or has another shape.

    Half a surrogate pair, which JSON lets through and Unicode does not, arrives as U+FFFD.
    """
    try:
        return msgspec.json.decode(without_lone_surrogates(response.content), type=ready(type_))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        kind = response.headers.get("content-type", "no content type")
        raise UnexpectedResponse(
            f"{_asked(response)} answered {response.status_code} ({kind}) with a body that cannot be read: {error}",
            status=response.status_code,
        ) from error


def without_lone_surrogates(body: bytes) -> bytes:
    r"""JSON in which halves of surrogate pairs are `\ufffd`; the same object when there are none."""
    if _SURROGATE.search(body) is None:  # on large bodies much cheaper than `in`, which skips little
        return body
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], body)


def raise_for_status(response: httpx.Response) -> None:
    """Raise the `SourceError` that fits an answer other than 2xx."""
    status = response.status_code
    if response.is_success:
        return
    text = f"{_asked(response)} answered {status}: {error_message(response)}"
    if status == httpx.codes.UNAUTHORIZED:
        raise AuthenticationError(f"the login is refused: {text}; check the token")
    if status == httpx.codes.FORBIDDEN:
        raise _forbidden(response, text)
    if status == httpx.codes.NOT_FOUND:
        raise NotFound(text)
    if status in RETRIED_STATUSES or response.is_server_error:
        reason = reason_of(response)
        raise TrackerUnavailable(
            f"{text}{f' ({reason})' if reason else ''}; the next run goes on from here",
            retry_after_seconds=asked_wait(response, datetime.now(UTC)),
        )
    raise UnexpectedResponse(text, status=status)


def _forbidden(response: httpx.Response, text: str) -> SourceError:
    denied = response.headers.get(_DENIED, "")
    if "CAPTCHA" not in denied.upper():
        return PermissionMissing(f"the account lacks a permission: {text}")
    return AuthenticationError(
        f"the login is refused until a CAPTCHA is solved: {text}; log in once with the browser as this account "
        "and check its token, or use a personal access token, which needs no CAPTCHA"
    )


def error_message(response: httpx.Response) -> str:
    """What the tracker says went wrong, in one short line."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = response.headers.get("content-type", "").partition(";")[0]
        return f"no explanation ({kind or 'empty'})"
    said: list[str] = []
    if isinstance(body, dict):
        said += [str(m) for m in body.get("errorMessages") or []]
        said += (
            [f"{k}: {v}" for k, v in (body.get("errors") or {}).items()] if isinstance(body.get("errors"), dict) else []
        )
        said += [str(body["message"])] if body.get("message") else []
    return " ".join("; ".join(said).split())[:_MESSAGE_LENGTH] or "no explanation"


def unreachable(error: httpx.RequestError, url: httpx.URL) -> SourceError:
    """What a failed connection means to a person."""
    where = f"{url.scheme}://{url.netloc.decode('ascii')}"
    if distrusted := certificates.meaning(error):
        return TrackerUnavailable(f"{where} {distrusted}")
    reason = " ".join(str(error).split())[:_MESSAGE_LENGTH] or type(error).__name__
    return TrackerUnavailable(f"{where} cannot be reached: {reason}; check the address, the network and the proxy")


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"
