"""The run's now: the clock, or `$FLOWMART_NOW` for reproducible runs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from flowmart.errors import UsageError

VARIABLE = "FLOWMART_NOW"


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def run_now(environment: Mapping[str, str], clock: Callable[[], datetime] = utc_now) -> datetime:
    """The instant that a run takes for now, in UTC. Raises `UsageError` when `$FLOWMART_NOW` is no ISO instant."""
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return clock()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"{VARIABLE}: {text!r} is no instant with a time zone, such as 2026-10-02T02:15:00Z")
    return moment.astimezone(UTC)


def new_run_id(now: datetime) -> str:
    """A name of its own for the run that begins at `now`; it stands in `sync_runs` and in the log."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
