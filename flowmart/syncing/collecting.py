"""Has the collector of rings of objects look seldom while a sync makes millions of objects that are in none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 50_000
"""After so many new objects the collector looks at the youngest; Python's own 700 is a part of each page's rows."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Within, what was loaded before is left out of every look: going through it took a seventh of a sync."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
