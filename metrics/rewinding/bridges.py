"""Labels, components and versions of issues as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from metrics.rewinding.history import Known, Later, source_of
from warehouse.bulk import insert_rows
from warehouse.fetching import fetch_rows
from warehouse.records import native_id
from warehouse.tables.loaded import issue_components, issue_labels, issue_versions

_ROLES = {"fix_versions": "fix", "affects_versions": "affects"}

Row = tuple[Any, ...]
Changes = Sequence[Later]


def rewind_bridges(connection: Connection, known: Known, batch: Mapping[str, Changes]) -> None:
    """Make the rows of these issues what they were before their later changes."""
    for table, fields, rows_then in (
        (issue_labels, {"labels"}, _labels_then),
        (issue_components, {"components"}, _components_then),
        (issue_versions, _ROLES.keys(), _versions_then),
    ):
        concerned = {
            issue_id: own
            for issue_id, changes in batch.items()
            if (own := [change for change in changes if change.field in fields])
        }
        if concerned:
            _replace(connection, known, table, concerned, rows_then)


def _replace(
    connection: Connection,
    known: Known,
    table: Table,
    concerned: Mapping[str, Changes],
    rows_then: Callable[[Known, str, Iterable[Row], Changes], Iterable[Row]],
) -> None:
    of_these = table.c.issue_id.in_(list(concerned))
    today: dict[str, list[Row]] = {}
    for row in fetch_rows(connection, select(table).where(of_these)):
        today.setdefault(row[1], []).append(row)
    connection.execute(delete(table).where(of_these))
    rows = (
        row
        for issue_id, changes in concerned.items()
        for row in rows_then(known, issue_id, today.get(issue_id, ()), changes)
    )
    insert_rows(connection, table, table.columns.keys(), rows)


def _labels_then(known: Known, issue_id: str, _: Iterable[Row], changes: Changes) -> Iterator[Row]:
    """Jira joins labels by blanks; Azure DevOps joins tags, which may hold blanks, by semicolons."""
    parts = (changes[0].text or "").split(";" if known.is_azure(issue_id) else None)
    for label in dict.fromkeys(part.strip() for part in parts):
        if label:
            yield f"{issue_id}:{label}", issue_id, label


def _components_then(_: Known, issue_id: str, today: Iterable[Row], changes: Changes) -> Iterator[Row]:
    steps = [(change.from_text or change.from_value, change.to_text or change.to_value) for change in changes]
    for name in held_then((row[2] for row in today), steps):
        yield f"{issue_id}:{name}", issue_id, name


def _versions_then(known: Known, issue_id: str, today: Iterable[Row], changes: Changes) -> Iterator[Row]:
    rows = list(today)
    for field, role in _ROLES.items():
        steps = [
            (
                _version(known, issue_id, change.from_value, change.from_text),
                _version(known, issue_id, change.to_value, change.to_text),
            )
            for change in changes
            if change.field == field
        ]
        for version_id in held_then((row[2] for row in rows if row[3] == role), steps):
            yield f"{issue_id}:{role}:{native_id(version_id)}", issue_id, version_id, role


def _version(known: Known, issue_id: str, value: str | None, text: str | None) -> str | None:
    source_id = source_of(issue_id)
    return f"{source_id}:{value}" if value else known.version_ids.get(f"{source_id}:{text}")


def held_then(today: Iterable[str], steps: Iterable[tuple[str | None, str | None]]) -> list[str]:
    """What a list held before the steps, each of which took one thing out of it, put one in, or both."""
    was_held: dict[str, bool] = {}
    for gone, come in steps:
        if gone is not None:
            was_held.setdefault(gone, True)
        if come is not None:
            was_held.setdefault(come, False)
    kept = [one for one in today if was_held.get(one, True)]
    return list(dict.fromkeys([*kept, *(one for one, was in was_held.items() if was)]))
