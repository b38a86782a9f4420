"""Puts what is to be told into one message: a title with the counts, a line for each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from flowmart.telling.receivers import Kind, Message
from flowmart.text import count, instant, printable
from warehouse.notices import Notice

_SHOWN = 20
FAILURE, ALERTS = "failure", "alerts"


def compose(notices: Sequence[Notice], zone: tzinfo, signature: str) -> Message:
    """The message about these; `signature` says whose run it was."""
    failures = [each for each in notices if each.recovered_at is None and each.kind == FAILURE]
    alerts = [each for each in notices if each.recovered_at is None and each.kind == ALERTS]
    over = [each for each in notices if each.recovered_at is not None]
    counts = [
        *([count(len(failures), "failure")] if failures else []),
        *([count(len(alerts), "alert")] if alerts else []),
        *([f"{len(over)} over"] if over else []),
    ]
    parts = [
        *_part("Failed:", [each.content for each in failures]),
        *_part("Alerts:", [each.content for each in alerts]),
        *_part("Over:", [f"{each.content} (since {instant(each.first_at, zone)})" for each in over]),
    ]
    kind: Kind = "failure" if failures else "warning" if alerts else "success"
    return Message(f"flowmart: {', '.join(counts)}", "\n".join([*parts, signature]), kind)


def _part(head: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield head
    yield from (f"- {printable(line)}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"- and {len(lines) - _SHOWN} more"
    yield ""
