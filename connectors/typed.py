"""Types made ready for msgspec, which looks into a type at its first use and must not do so in two threads at once."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_LOCK = threading.Lock()
_READY: dict[Any, Any] = {}


def ready(type_: type[T]) -> type[T]:
    """The type, looked into: decode and convert with what this gives.

    A second thread that meets a type half looked into brings the whole process down. Of equal types (`Page[Issue]`
    made twice) it is always the first that is given, since what msgspec found out hangs on it.
    """
    found: type[T] | None = _READY.get(type_)
    if found is None:
        with _LOCK:
            found = _READY.get(type_, type_)
            msgspec.json.Decoder(found)
            _READY[type_] = found
    return found
