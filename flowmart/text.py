"""Words and numbers as people read them on a terminal."""

from __future__ import annotations

import json
import re
from datetime import datetime, tzinfo

from rich.cells import cell_len, set_cell_size

from connectors.base import Identity

_KINDS = {
    "jira_cloud": "Jira Cloud",
    "jira_data_center": "Jira Data Center",
    "azure_devops": "Azure DevOps",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = ("B", "kB", "MB", "GB", "TB")
_ROUNDS_UP, _TENTHS_BELOW = 999.5, 9.95
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """One line without control characters: names from a tracker must not steer the terminal or end a comment."""
    return "".join(c if c.isprintable() else _UNREADABLE for c in " ".join(text.split()))


def harmless(text: str) -> str:
    """Lines as they are, but without control characters, as `printable` does it for one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _LAYOUT else " " if c.isspace() else _UNREADABLE for c in text)


_LAYOUT = "\n\t"


def harmless_json(text: str) -> str:
    """JSON in which every character that could steer a terminal, or end a line for some program, is escaped."""
    return text if text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


_UNPRINTABLE = re.compile(r"[^\n\t -~]")
"""Candidates: most other characters turn out to be letters."""


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def clipped(text: str, width: int) -> str:
    """The text, cut with an ellipsis where it takes more than `width` columns."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(width - 1, 0)).rstrip()}…"


def duration(seconds: float) -> str:
    """`8 s`, `4 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{max(whole, 0)} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def count(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: int) -> str:
    """`512 B`, `8.2 kB`, `183 MB`, `1.4 GB`: in thousands, to two or three digits."""
    value, units = float(number), iter(_UNITS)
    unit = next(units)
    while value >= _ROUNDS_UP and (larger := next(units, None)) is not None:
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if value < _TENTHS_BELOW and unit != "B" else f"{value:,.0f} {unit}"


def server(identity: Identity) -> str:
    """`Jira Cloud 1001.0.0`."""
    kind = _KINDS.get(identity.kind, identity.kind)
    return f"{kind} {identity.version}" if identity.version else kind


def instant(moment: datetime, zone: tzinfo) -> str:
    """`2026-10-02 04:15 CEST`."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
