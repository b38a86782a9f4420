"""What both trackers need to speak HTTP: compact JSON, opaque page tokens, a bounded cache, and refusals."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
JSON_TYPE = "application/json;charset=UTF-8"


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """Ends the handling of a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def dumps(value: object) -> str:
    """Compact JSON."""
    return _ENCODER.encode(value)


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return text_answer(dumps(value), status, headers)


def text_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of JSON that is text already."""
    return Response(text.encode("utf-8", "replace"), status, headers, media_type=JSON_TYPE)


async def read_body(request: Request) -> dict[str, Any] | None:
    """The request's JSON object; None when it is something else."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def digest(*parts: object) -> str:
    """A short fingerprint, the same in each process."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:10]


def make_token(bound_to: str, place: int) -> str:
    """An opaque page token that is good for one query only."""
    return base64.urlsafe_b64encode(f"{bound_to}:{place}".encode()).decode().rstrip("=")


def read_token(token: str, bound_to: str) -> int | None:
    """The place that a token stands for; None for a token of another query or of none."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        owner, _, place = text.partition(":")
        return int(place) if owner == bound_to else None
    except ValueError:
        return None


def whole_number(text: str | None, default: int) -> int:
    """The number of a query parameter, or the default when it is absent or none."""
    try:
        return max(0, int(text)) if text else default
    except ValueError:
        return default


def credentials(request: Request) -> tuple[str, str]:
    """User and password of basic authentication; two empty texts without one."""
    kind, _, packed = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(packed).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


class Cache(Generic[T]):
    """Keeps what was made until the world changes, and of that only what was asked for lately."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._age = -1
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, age: int, key: Hashable, make: Callable[[], T]) -> T:
        """The value kept under this key, made now if there is none of this age of the world."""
        if age != self._age:
            self._kept.clear()
            self._age = age
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._kept[key] = make()
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return made
