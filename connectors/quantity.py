"""Reads numbers as fields of trackers hold them."""

from __future__ import annotations

import math


def finite(value: object) -> float | None:
    """A finite number, also one sent as text; None for anything else, such as a flag or the text of another field."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:  # which Python would read over
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
