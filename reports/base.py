"""What a report is asked for, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PERIODS = ("4w", "13w", "26w", "52w", "all")
"""How far back the page can look: whole weeks up to its last day, or everything."""


class ReportError(Exception):
    """The report cannot be written; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the page says of itself, and what it shows first."""

    title: str = "Delivery report"
    made_at: datetime
    timezone: str
    """IANA name: days of the warehouse are local days there, and the page shows instants there."""
    period: str = "13w"
    """One of `PERIODS`: what is chosen when the page is opened."""
