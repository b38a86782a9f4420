"""What the headers of an answer say about the pace: how long to wait, and whether to slow down. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_TOO_MANY_REQUESTS = 429
_SMALL_SHARE = 0.2
"""Below this share of the allowance requests are spaced out."""
_LONGEST_WAIT_SECONDS = 366 * 86_400.0
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_FIRST_EPOCH, _FIRST_MILLISECONDS = 1e8, 1e11
"""A reset below the first is seconds from now; from the second on it is in milliseconds."""
_REASON_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`wait_seconds`: nobody may ask again before; None when nothing (or nothing but 0) is said."""

    wait_seconds: float | None = None
    slow: bool = False
    """The allowance runs low, or is used up."""
    spacing_seconds: float | None = None
    """How far apart requests should be, where the headers tell."""
    reason: str = ""


def read_advice(response: httpx.Response, now: datetime) -> Advice:
    """What an answer of any status says. Headers that make no sense say nothing."""
    headers = response.headers
    if not any(name in headers for name in _TOLD):
        return Advice(slow=response.status_code == _TOO_MANY_REQUESTS)
    remaining, until_reset = _number(headers, "X-RateLimit-Remaining"), _until_reset(headers, now)
    delay = _number(headers, "X-RateLimit-Delay")
    return Advice(
        wait_seconds=_wait(response, remaining, until_reset, now),
        slow=response.status_code == _TOO_MANY_REQUESTS or bool(delay) or _is_low(headers, remaining),
        spacing_seconds=delay or _spacing(headers, remaining, until_reset),
        reason=reason_of(response),
    )


_TOLD = (
    "Retry-After",
    "X-RateLimit-Remaining",
    "X-RateLimit-NearLimit",
    "X-RateLimit-Delay",
)


def asked_wait(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that the tracker asks to wait."""
    return read_advice(response, now).wait_seconds


def reason_of(response: httpx.Response) -> str:
    """Which limit it is, in the tracker's word; empty when it does not tell."""
    said = response.headers.get("RateLimit-Reason") or response.headers.get("X-RateLimit-Resource") or ""
    return " ".join(said.split())[:_REASON_LENGTH]


def _wait(response: httpx.Response, remaining: float | None, until_reset: float | None, now: datetime) -> float | None:
    """Retry-After goes before the reset, which is when *all* of the allowance is back; 0 on a success means none."""
    asked = _retry_after(response.headers, now)
    if asked:
        return asked
    if asked is not None and response.status_code not in RETRIED_STATUSES:
        return None
    return until_reset or None if remaining == 0 else None


def _retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds of the header in either of its forms; None without one, or with one that cannot be read."""
    value = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(value):
        return _bounded(float(value))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return _until(moment, now)


def _until_reset(headers: httpx.Headers, now: datetime) -> float | None:
    value = headers.get("X-RateLimit-Reset", "").strip()
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number < _FIRST_EPOCH:
            return number
        return _bounded((number / 1000 if number >= _FIRST_MILLISECONDS else number) - now.timestamp())
    try:
        return _until(datetime.fromisoformat(value), now)
    except (ValueError, OverflowError):
        return None


def _until(moment: datetime, now: datetime) -> float:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _bounded((moment - now).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST_WAIT_SECONDS)


def _is_low(headers: httpx.Headers, remaining: float | None) -> bool:
    if headers.get("X-RateLimit-NearLimit", "").strip().lower() == "true":
        return True
    limit = _number(headers, "X-RateLimit-Limit")
    return remaining is not None and limit is not None and remaining < limit * _SMALL_SHARE


def _spacing(headers: httpx.Headers, remaining: float | None, until_reset: float | None) -> float | None:
    """What a bucket is filled with in its interval, or what is left until the reset, evenly."""
    interval, filled = _number(headers, "X-RateLimit-Interval-Seconds"), _number(headers, "X-RateLimit-FillRate")
    if interval and filled:
        return interval / filled
    return until_reset / remaining if until_reset and remaining else None


def _number(headers: httpx.Headers, name: str) -> float | None:
    value = headers.get(name, "").strip()
    return float(value) if _NUMBER.fullmatch(value) else None
