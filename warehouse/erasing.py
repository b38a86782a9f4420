"""Takes a person out of every table: ids become NULL, rows about them go, and values that name them lose them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, String, Table, Text, cast, delete, func, literal, or_, select, true, update

from warehouse.records import native_id, qualified_id
from warehouse.stale import mark_stale_where
from warehouse.tables import LOADED, METADATA
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import issue_changes, issue_snapshots, issues, sources, users
from warehouse.tables.operational import bookmarks, data_quality, sync_runs
from warehouse.tables.side import user_groups
from warehouse.types import JsonText

_POINTS_AT_PEOPLE = "users.user_id"
_ROWS_OF_PEOPLE = frozenset({"user_groups", "capacities", "days_off"})
"""Tables whose rows are about the person: without one they say nothing, or something else."""
_ERASED = "[erased]"


Texts = list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """By what a person of a source is found; compared without regard to case."""

    source_id: str
    natives: frozenset[str]
    """The tracker's ids of them, or their pseudonym."""
    names: frozenset[str]
    """Names and addresses."""

    @property
    def user_ids(self) -> list[str]:
        """Their ids as other tables have them."""
        return sorted(qualified_id(self.source_id, native) for native in self.natives)

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds them in a text, as whole words."""
        words = "|".join(re.escape(word) for word in sorted(self.words, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)

    @property
    def words(self) -> frozenset[str]:
        """All that they are called."""
        return self.natives | self.names

    def are_meant(self, text: str) -> bool:
        """Whether the text is nothing but this person: an id, a name, an address, or `Name <id>`."""
        bare = text.strip().casefold()
        inner = bare[:-1].rpartition("<")[2] if bare.endswith(">") else bare
        return any(word.casefold() in {bare, inner} for word in self.words)


Without = Callable[[Texts, Traces], Texts]
"""Texts of a row → the same without the person."""


def erase(connection: Connection, traces: Traces) -> Mapping[str, int]:
    """Erase the person in the caller's transaction; table → rows that were changed or deleted."""
    done: Counter[str] = Counter()
    mark_stale_where(connection, select(issues.c.issue_id).where(issues.c.reporter_id.in_(traces.user_ids)))
    for column in pointing_at_people():
        done[column.table.name] += _forget_ids(connection, column, traces.user_ids)
    done["users"] += connection.execute(delete(users).where(users.c.user_id.in_(traces.user_ids))).rowcount
    for table, columns, without in _REWRITTEN:
        done[table.name] += _rewrite(connection, table, columns, traces, without)
    done["data_quality"] += _delete(connection, data_quality, ("entity_id", "evidence", "advice"), traces)
    done["bookmarks"] += _forget_bookmarks(connection, traces, with_groups=bool(done["user_groups"]))
    done["sources"] += connection.execute(
        update(sources)
        .where(sources.c.source_id == traces.source_id, sources.c.account.in_(traces.natives))
        .values(account=None)
    ).rowcount
    return {name: rows for name, rows in done.items() if rows}


def with_logins(connection: Connection, traces: Traces) -> Traces:
    """The traces with logins that only groups know: a Server's groups name people by domain and login too."""
    known = select(users.c.user_id)
    ids = connection.scalars(
        select(user_groups.c.user_id).where(
            user_groups.c.source_id == traces.source_id, user_groups.c.user_id.not_in(known)
        )
    )
    logins = {word.partition("@")[0].casefold() for word in traces.words if "@" in word}
    more = {native for native in map(native_id, ids) if native.rpartition("\\")[2].casefold() in logins}
    return replace(traces, natives=traces.natives | more)


def mentions(connection: Connection, traces: Traces) -> Mapping[str, int]:
    """`table.column` → rows whose text still has one of the person's words; texts are left as they are."""
    found: dict[str, int] = {}
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, (String, JsonText)):
                told = connection.scalars(
                    select(cast(column, Text)).where(_of_source(table, traces), _has_word(column, traces))
                )
                if rows := sum(1 for text in told if traces.pattern.search(text)):
                    found[f"{table.name}.{column.name}"] = rows
    return found


def pointing_at_people() -> Iterator[Column[Any]]:
    """The columns of loaded tables that hold ids of people."""
    for table in LOADED:
        for column in table.columns:
            if (column.comment or "").startswith(_POINTS_AT_PEOPLE):
                yield column


def _forget_ids(connection: Connection, column: Column[Any], user_ids: list[str]) -> int:
    table = column.table
    if table.name in _ROWS_OF_PEOPLE:
        return connection.execute(delete(table).where(column.in_(user_ids))).rowcount
    return connection.execute(update(table).where(column.in_(user_ids)).values({column.name: None})).rowcount


def _rewrite(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    traces: Traces,
    without: Without,
) -> int:
    """Put what `without` makes of them in the place of texts that may name the person."""
    key = next(iter(table.primary_key))
    columns = [table.c[name] for name in names]
    wanted = select(key, *(cast(column, Text) for column in columns)).where(_of_source(table, traces))
    found = connection.execute(wanted.where(or_(*(_has_word(column, traces) for column in columns)))).all()
    done = 0
    for one, *texts in found:
        new = without(texts, traces)
        if new != texts:
            values = {column.name: _bound(column, text) for column, text in zip(columns, new, strict=True)}
            connection.execute(update(table).where(key == one).values(values))
            done += 1
    return done


def _bound(column: Column[Any], text: str | None) -> Any:  # noqa: ANN401 - a value or an expression
    """PostgreSQL would take a text for JSON of a text."""
    return cast(literal(text, Text()), column.type) if type(column.type) is JsonText else text


def _delete(connection: Connection, table: Table, names: Iterable[str], traces: Traces) -> int:
    told = or_(*(_has_word(table.c[name], traces) for name in names))
    return connection.execute(delete(table).where(_of_source(table, traces), told)).rowcount


def _forget_bookmarks(connection: Connection, traces: Traces, *, with_groups: bool) -> int:
    """Those that name the person: the stream begins anew. Groups may know them by more ids than are known here."""
    quoted = [f'"{_in_json(native)}"' for native in traces.natives]
    named = or_(*(bookmarks.c.content.contains(word, autoescape=True) for word in quoted))
    named = or_(named, bookmarks.c.stream == "groups") if with_groups else named
    return connection.execute(delete(bookmarks).where(bookmarks.c.source_id == traces.source_id, named)).rowcount


def _of_source(table: Table, traces: Traces) -> Any:  # noqa: ANN401 - a condition
    """Rows of the person's source, where the table tells."""
    if "source_id" in table.c:
        return table.c.source_id == traces.source_id
    if "issue_id" in table.c:
        return table.c.issue_id.startswith(f"{traces.source_id}:", autoescape=True)
    return true()


def _has_word(column: Column[Any], traces: Traces) -> Any:  # noqa: ANN401 - a condition
    """Whether the text has one of the words, as it is written or in small letters."""
    text = cast(column, Text) if type(column.type) is JsonText else column
    words = {form for word in traces.words for form in (word, _in_json(word))}
    return or_(
        *(text.contains(word, autoescape=True) for word in words),
        *(func.lower(text).contains(word.lower(), autoescape=True) for word in words),
    )


def _in_json(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)[1:-1]


def _halves(texts: Texts, traces: Traces) -> Texts:
    """Ids and names before and after: names go where the ids beside them do, or stand alone."""
    before, before_text, after, after_text = texts
    return [*_half(before, before_text, traces), *_half(after, after_text, traces)]


def _half(value: str | None, text: str | None, traces: Traces) -> Texts:
    kept = None if value is None else _listed(value, traces)
    if text is None or (value is not None and kept == value):
        return [kept, text]  # somebody of the same name is not the one
    kept_text = _listed(text, traces)
    return [kept, kept if value is not None and (kept is None or kept_text == text) else kept_text]


def _listed(text: str, traces: Traces) -> str | None:
    """A person, or a list of people in brackets or without, without this one."""
    if traces.are_meant(text):
        return None
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    parts = bare.split(", ")
    kept = [part for part in parts if not traces.are_meant(part)]
    if len(kept) == len(parts):
        return text
    joined = ", ".join(kept)
    return None if not kept else f"[{joined}]" if bare != text else joined


def _json(texts: Texts, traces: Traces) -> Texts:
    """JSON without the values that are this person."""
    return [None if text is None else _json_without(text, traces) for text in texts]


def _json_without(text: str, traces: Traces) -> str:
    found = json.loads(text)
    kept = _without(found, traces)
    return text if kept == found else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _without(value: Any, traces: Traces) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _without(item, traces) for key, item in value.items() if not _is_person(item, traces)}
    if isinstance(value, list):
        return [_without(item, traces) for item in value if not _is_person(item, traces)]
    return value


def _is_person(value: object, traces: Traces) -> bool:
    return isinstance(value, str) and traces.are_meant(value)


def _own_lines(texts: Texts, traces: Traces) -> Texts:
    """Lines of ours without their words."""
    return [None if text is None else traces.pattern.sub(_ERASED, text) for text in texts]


_REWRITTEN: Sequence[tuple[Table, tuple[str, ...], Without]] = (
    (issue_changes, ("from_value", "from_text", "to_value", "to_text"), _halves),
    (issues, ("custom_fields",), _json),
    (issue_snapshots, ("content",), _json),
    (sync_runs, ("error",), _own_lines),
    (defects, ("escape_evidence",), _own_lines),  # what a rule about a field of people matched
)


class Called(NamedTuple):
    """A row of `users`."""

    user_id: str
    source_id: str
    display_name: str
    email: str | None

    def is_called(self, word: str) -> bool:
        """Whether that is their id (with the source or without), name or address, in any case of letters."""
        names = (self.user_id, native_id(self.user_id), self.display_name, self.email or "")
        return bool(word) and word.casefold() in {name.casefold() for name in names}


def everybody(connection: Connection) -> list[Called]:
    """All people, by id."""
    of = users.c
    return [
        Called(*row)
        for row in connection.execute(select(of.user_id, of.source_id, of.display_name, of.email).order_by(of.user_id))
    ]
