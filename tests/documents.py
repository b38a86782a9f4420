"""Documents that show queries with their results, and values as they show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

DOCS = Path(__file__).parents[1] / "docs"
_EXAMPLE = re.compile(r"```sql\n([^`]*)```\n\ngives\n\n((?:\|.*\|\n)+)")


def examples(document: str) -> list[tuple[str, str]]:
    """Each query of a document, and the table that it is said to give."""
    return _EXAMPLE.findall(document)


def gives_what_is_shown(connection: Connection, query: str, table: str) -> None:
    """The query has the columns and rows of the table, in its order."""
    head, _, *lines = table.splitlines()
    told = [cells(line) for line in lines]
    result = connection.execute(text(query))
    assert list(result.keys()) == cells(head), query
    found: Sequence[Sequence[Any]] = result.all()
    assert len(found) == len(told), query
    assert [list(map(shown, row, words)) for row, words in zip(found, told, strict=True)] == told, query


def cells(line: str) -> list[str]:
    """The cells of a line of a table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def shown(value: Any, told: str) -> str:
    """A value as documents show it: numbers with at most three decimals, instants by the minute."""
    if value is None:
        return "NULL"
    if isinstance(value, bool) or told in {"true", "false"}:
        return str(bool(value)).lower()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    if isinstance(value, (str, date)):
        return str(value)
    return f"{value:.3f}".rstrip("0").rstrip(".")
