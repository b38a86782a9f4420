"""Refreshes the datasets of exports in Power BI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flowmart.config import Config
from flowmart.errors import JobFailed

if TYPE_CHECKING:
    from connectors.http import HttpSettings


def refresh(config: Config, names: Iterable[str], http: HttpSettings | None = None) -> list[str]:
    """Start the refresh of the dataset of each of these exports that has one; what went wrong, a line each.

    A refresh that was accepted goes on in Power BI; nobody waits for its end.
    """
    problems = []
    for name in names:
        wanted = config.exports[name].refresh
        if wanted is not None:
            from flowmart.power_bi_service import start_refresh  # here, since few need what it takes to log in

            problem = start_refresh(config, wanted, http)
            problems += [] if problem is None else [f"exports.{name}.refresh: {problem}"]
    return problems


def require_refreshed(problems: Sequence[str]) -> None:
    """Raise `JobFailed` with the problems, if there are any."""
    if problems:
        raise JobFailed("; ".join(problems))
