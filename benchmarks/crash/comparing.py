"""Compares a warehouse with one that nothing disturbed: every table row by row, the log of runs by its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, inspect

from warehouse.tables import METADATA

Row = tuple[Any, ...]
Tables = Mapping[str, Sequence[Row]]
"""Table → its rows by key, as the database has them."""

_LOG = "sync_runs"
_OF_JOBS = "job_runs"
"""Tells of each run how it ended, so it differs where one was killed."""
_CENSUS = "census"
_OF_ITS_OWN = {"alerts.run_id", "privacy.salt"}
"""Each run has a name of its own, and each warehouse its chance."""
_SHOWN = 100


def read_tables(engine: Engine) -> Tables:
    """All rows of all tables that are there, not only of those that we know; the engine is disposed of."""
    known, quote = inspect(engine), engine.dialect.identifier_preparer.quote
    found: dict[str, Sequence[Row]] = {}
    with engine.connect() as connection:
        for name in known.get_table_names():
            keys = ", ".join(known.get_pk_constraint(name)["constrained_columns"])
            columns = ", ".join(quote(c["name"]) for c in known.get_columns(name) if _is_compared(name, c["name"]))
            rows = connection.exec_driver_sql(f"SELECT {columns} FROM {name} ORDER BY {keys}")
            found[name] = [without_order(row) if name == "bookmarks" else tuple(row) for row in rows]
    engine.dispose()
    return found


def _is_compared(table: str, column: str) -> bool:
    return f"{table}.{column}" not in _OF_ITS_OWN


def without_order(row: Sequence[Any]) -> Row:
    """Values of a bookmark: what it remembers stands in it in the order in which the tracker's answers came."""
    return tuple(
        msgspec.json.encode(msgspec.json.decode(value), order="sorted").decode()
        if isinstance(value, str) and value.startswith("{")
        else value
        for value in row
    )


def differences(found: Tables, expected: Tables, *, with_log: bool = True) -> Iterator[str]:
    """A line for each table that differs, with its first row that does; nothing if all is as it should be.

    The log of runs is compared of runs that have ended.
    """
    if found.keys() != expected.keys():
        yield f"tables that only one of the two has: {sorted(found.keys() ^ expected.keys())}"
        return
    for name in sorted(expected):
        if name not in {_LOG, _OF_JOBS} and found[name] != expected[name]:
            yield f"{name}: {_first(name, found[name], expected[name])}"
    if with_log:
        yield from _in_the_log(_named(found[_LOG]), _named(expected[_LOG]))


def _first(name: str, found: Sequence[Row], expected: Sequence[Row]) -> str:
    told = f"{len(found)} rows, expected {len(expected)}"
    known = METADATA.tables[name].columns.keys() if name in METADATA.tables else []
    columns = [column for column in known if _is_compared(name, column)]
    for ours, theirs in zip(found, expected, strict=False):
        if ours != theirs:
            pairs = zip(columns or map(str, range(len(ours))), ours, theirs, strict=True)
            differ = "; ".join(_unlike(column, one, other) for column, one, other in pairs if one != other)
            return f"{told}; {ours[0] if ours[0] == theirs[0] else 'row'}: {differ}"
    return told


def _unlike(column: str, found: object, expected: object) -> str:
    one, other = repr(found), repr(expected)
    at = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, at - _SHOWN // 2)
    return f"{column} is {one[start : start + _SHOWN]}, expected {other[start : start + _SHOWN]}"


def _named(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [dict(zip(METADATA.tables[_LOG].columns.keys(), row, strict=True)) for row in rows]


def _in_the_log(found: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Killed runs may have left streams that seem to run on; else all streams are done, each in some run.

    A census that was killed when all that it found was committed, but not yet that it ended, is not taken again.
    """
    done, wanted = _streams(found, "done"), _streams(expected, "done")
    broken_off = {(source, stream) for source, stream in _streams(found, "running") if stream == _CENSUS}
    if done - wanted or wanted - done - broken_off:
        yield f"{_LOG}: {sorted(done ^ wanted)} was done in one of the two only"
    last = max(found, key=lambda row: row["started_at"])["run_id"]
    for row in found:
        outcome = "done" if row["run_id"] == last or row["finished_at"] is not None else "running"
        if row["outcome"] != outcome or row["error"] is not None:
            yield f"{_LOG}: {row['sync_run_id']} is {row['outcome']}, finished {row['finished_at']}: {row['error']}"


def _streams(rows: Sequence[Mapping[str, Any]], outcome: str) -> set[tuple[str, str]]:
    return {(row["source_id"], row["stream"]) for row in rows if row["outcome"] == outcome}
