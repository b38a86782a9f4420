"""The form that the page's data has: tables by column, texts that repeat by their place in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

_EPOCH = date(1970, 1, 1)


def epoch_day(day: date | None) -> int | None:
    """Days since 1970-01-01, which the page counts in."""
    return None if day is None else (day - _EPOCH).days


def by_column(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Name → the column's values; as many values in each."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    lists = list(columns.values())
    for row in rows:
        for values, value in zip(lists, row, strict=True):
            values.append(value)
    return columns


def plain(value: float | None) -> float | int | None:
    """The number without `.0`, which costs two characters in each row."""
    return int(value) if value is not None and value == int(value) else value


class Places:
    """Text or id → its place in the list of all that were asked for."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Those known come first, in their order."""
        self._places: dict[str, int] = {}
        for text in known:
            self.of(text)

    def of(self, text: str | None) -> int | None:
        """Its place; a new text goes to the end, and None stays None."""
        return None if text is None else self._places.setdefault(text, len(self._places))

    def find(self, text: str | None) -> int | None:
        """Its place; None where it was never asked for."""
        return None if text is None else self._places.get(text)

    def all(self) -> list[str]:
        """The texts in order of their places."""
        return list(self._places)


class Issues:
    """The issues that anything in the page names, each once."""

    def __init__(self, places: Mapping[str, Places]) -> None:
        """`places` has those of `project`, `board`, `type` and `address`."""
        self._places = places
        self._rows: dict[str, tuple[Any, ...]] = {}
        self._number: dict[str, int] = {}

    def add(self, issue_id: str, row: Row[Any]) -> int:
        """Take the issue up, if it is not there, and give its place. `row` has key, url, summary, project_id, …."""
        if issue_id not in self._rows:
            base, tail = _address(row.url)
            self._number[issue_id] = len(self._rows)
            self._rows[issue_id] = (
                row.key,
                self._places["address"].of(base),
                None if tail == row.key else tail,
                (row.summary or "")[:_LONGEST_TITLE],
                self._places["project"].of(row.project_id),
                self._places["board"].of(row.board_id),
                self._places["type"].of(row.issue_type),
            )
        return self._number[issue_id]

    def columns(self) -> dict[str, list[Any]]:
        """`address` and `tail` make the URL, with `tail` None for the key; `address` None: there is nothing to open."""
        names = ("key", "address", "tail", "title", "project", "board", "type")
        return by_column(names, self._rows.values())


_LONGEST_TITLE = 160


def _address(url: str | None) -> tuple[str | None, str | None]:
    """Up to the last slash, and the rest. What is no web address is left out: the page must not run it."""
    if not url or not url.startswith(("https://", "http://")):
        return None, None
    base, slash, tail = url.rpartition("/")
    return base + slash, tail
