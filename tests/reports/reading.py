"""The page's data as tests read it: rows instead of columns, ids instead of places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from metrics.periods import STARTS
from reports.base import Order
from reports.data import page_data

Data = Mapping[str, Any]
Group = tuple[str, str | None, str]
_EPOCH = date(1970, 1, 1)


def data_of(engine: Engine, order: Order) -> Data:
    """What the page would hold."""
    with engine.connect() as connection:
        return page_data(connection, order)


def rows(table: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """The rows of a table by column."""
    names = list(table)
    yield from (dict(zip(names, row, strict=True)) for row in zip(*table.values(), strict=True))


def day(number: int) -> date:
    """The reverse of `epoch_day`."""
    return _EPOCH + timedelta(days=number)


def starts(number: int) -> Iterator[tuple[str, date]]:
    """The week and the month that the day is in."""
    yield from ((period, start(day(number))) for period, start in STARTS.items())


def sums(pairs: Iterator[tuple[Any, float]]) -> dict[Any, float]:
    """Key → sum; what sums up to nothing is left out."""
    found: defaultdict[Any, float] = defaultdict(float)
    for key, value in pairs:
        found[key] += value
    return {key: round(value, 6) for key, value in found.items() if round(value, 6)}
