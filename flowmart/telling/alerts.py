"""What telling needs to know of alerts, whoever finds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Alert(Protocol):
    """Something that a rule found."""

    @property
    def cause(self) -> str:
        """Rule and what it is about: the same as long as it lasts."""
        ...

    @property
    def severity(self) -> str:
        """low, medium or high."""
        ...

    @property
    def text(self) -> str:
        """One line for people."""
        ...

    @property
    def url(self) -> str | None:
        """Where to look, if anywhere."""
        ...


class Alerts(Protocol):
    """What a run found."""

    @property
    def opened(self) -> Sequence[Alert]:
        """New ones."""
        ...

    @property
    def closed(self) -> Sequence[Alert]:
        """Those that are over."""
        ...

    @property
    def open(self) -> Sequence[Alert]:
        """All that there are now, the new ones too."""
        ...


def line(alert: Alert) -> str:
    """`high: PAY-12 is older than … (https://…)`."""
    where = f" ({alert.url})" if alert.url else ""
    return f"{alert.severity}: {alert.text}{where}"
