"""How often a law is tried: `$FLOWMART_LAW_EXAMPLES` multiplies; with 4 each is tried on more than 500 histories."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

_TIMES = float(os.environ.get("FLOWMART_LAW_EXAMPLES", "1"))


def tried(times: int) -> Any:
    """Hypothesis' settings for so many examples."""
    return settings(
        max_examples=max(1, round(times * _TIMES)),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
