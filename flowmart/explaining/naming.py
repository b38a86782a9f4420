"""Finds what people name: issues by key, number, id, address or former key; sprints; projects and boards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from sqlalchemy import func, or_, select

from flowmart.errors import UsageError
from flowmart.explaining.reading import AnyRow, Source
from flowmart.naming import meant
from flowmart.text import count
from warehouse.tables.computed_sprints import sprint_issues
from warehouse.tables.loaded import issue_changes, issues, sprints

_NEAREST = 3
_KEY = re.compile(r"(.*?)(\d+)")


class FoundIssue(NamedTuple):
    """An issue that a word of the command line means."""

    asked: str
    found_by: str
    issue_id: str


def find_issues(source: Source, words: Sequence[str]) -> list[FoundIssue]:
    """Every issue that the words name, each once, in their order. Raises `UsageError` for words that name none."""
    found: dict[str, FoundIssue] = {}
    unknown = []
    for word in words:
        hits = _by_name(source, word) or _by_former_key(source, word)
        if not hits:
            unknown.append(f"no issue named {word}{_nearest_keys(source, word)}")
        for hit in hits:
            found.setdefault(hit.issue_id, hit)
    if unknown:
        raise UsageError("\n".join(unknown))
    return list(found.values())


def _by_name(source: Source, word: str) -> list[FoundIssue]:
    of, folded = issues.c, word.removeprefix("#").lower()
    rows = source.rows(
        select(of.issue_id, of.key)
        .where(or_(func.lower(of.key) == folded, func.lower(of.issue_id) == folded, of.url == word))
        .order_by(of.absence.is_not(None), of.issue_id)
    )
    kinds = {row.issue_id: _kind(row, folded) for row in rows}
    return [FoundIssue(word, kind, issue_id) for issue_id, kind in kinds.items()]


def _kind(row: AnyRow, folded: str) -> str:
    if row.key.lower() == folded:
        return "key"
    return "id" if row.issue_id.lower() == folded else "address"


def _by_former_key(source: Source, word: str) -> list[FoundIssue]:
    of, folded = issue_changes.c, word.lower()
    rows = source.rows(
        select(of.issue_id)
        .where(of.field == "key", or_(func.lower(of.from_text) == folded, func.lower(of.from_value) == folded))
        .distinct()
        .order_by(of.issue_id)
    )
    held = set(source.connection.scalars(select(issues.c.issue_id).where(issues.c.issue_id.in_([r[0] for r in rows]))))
    return [FoundIssue(word, "former key", row.issue_id) for row in rows if row.issue_id in held]


def _nearest_keys(source: Source, word: str) -> str:
    """`; nearest are PAY-12, PAY-13`: of the same project the nearest numbers, else of the project most alike."""
    by_prefix: dict[str, dict[int, str]] = {}
    for key in source.connection.scalars(select(issues.c.key)):
        match = _KEY.fullmatch(key)
        if match:
            by_prefix.setdefault(match[1].lower(), {})[int(match[2])] = key
    match = _KEY.fullmatch(word.removeprefix("#").lower())
    prefix, number = (match[1], int(match[2])) if match else (word.lower(), 0)
    alike = [prefix] if prefix in by_prefix else _alike(prefix, by_prefix)
    near = [
        numbers[n]
        for name in alike
        for numbers in (by_prefix[name],)
        for n in sorted(numbers, key=lambda n: abs(n - number))[:_NEAREST]
    ][:_NEAREST]
    return f"; nearest are {', '.join(near)}" if near else "; the warehouse holds no issues"


def _alike(prefix: str, known: Iterable[str]) -> list[str]:
    names = sorted(known)
    return get_close_matches(prefix, names, n=1, cutoff=0.3) or names


def find_sprint(source: Source, word: str, board: str | None = None) -> tuple[str, list[str]]:
    """The sprint with that id or name, and notes about others of its name in which no issue ever was.

    `board` names the board that owns it. Raises `UsageError` for none (with the nearest names) and for several (with
    their ids).
    """
    owners = None if board is None else find_boards(source, board)
    every = source.rows(select(sprints).order_by(sprints.c.sprint_id))
    rows = [row for row in every if owners is None or row.board_id in owners]
    exact = [row for row in rows if row.sprint_id == word]
    named = exact or [row for row in rows if row.name.casefold() == word.casefold()]
    if not named:
        raise UsageError(f"no sprint named {word!r}{_nearest_sprints(rows, word)}")
    sizes = _sizes(source, [row.sprint_id for row in named])
    filled = [row for row in named if sizes.get(row.sprint_id)]
    meant = filled if len(filled) == 1 else named
    if len(meant) > 1:
        listed = "; ".join(_candidate(source, row, sizes) for row in named)
        raise UsageError(f"{len(named)} sprints are named {word!r}; name one by its id, or add --board: {listed}")
    empty = [row for row in named if row is not meant[0]]
    return meant[0].sprint_id, [f"{row.sprint_id} has this name too, but no issue was ever in it" for row in empty]


def _sizes(source: Source, ids: Sequence[str]) -> Mapping[str, int]:
    of = sprint_issues.c
    rows = source.rows(select(of.sprint_id, func.count()).where(of.sprint_id.in_(ids)).group_by(of.sprint_id))
    return {row[0]: row[1] for row in rows}


def _candidate(source: Source, row: AnyRow, sizes: Mapping[str, int]) -> str:
    board = source.boards.get(row.board_id or "", row.board_id or "no board")
    return f"{row.sprint_id} ({board}, {row.state}, {count(sizes.get(row.sprint_id, 0), 'issue')})"


def _nearest_sprints(rows: Sequence[AnyRow], word: str) -> str:
    by_name = {row.name.casefold(): row.name for row in rows}
    near = get_close_matches(word.casefold(), sorted(by_name), n=_NEAREST, cutoff=0.3)
    return f"; nearest are {', '.join(by_name[name] for name in near)}" if near else "; the warehouse holds no sprints"


def find_projects(source: Source, word: str) -> list[str]:
    """Ids of the projects with that key, name or id, in any case. Raises `UsageError` for none."""
    folded = word.casefold()
    found = [
        project_id
        for project_id, one in source.projects.items()
        if folded in {project_id.casefold(), one.key.casefold(), one.name.casefold()}
    ]
    if not found:
        known = sorted({one.key for one in source.projects.values()})
        raise UsageError(f"no project named {word!r}{meant([word], known)}")
    return found


def find_boards(source: Source, word: str) -> list[str]:
    """Ids of the boards with that name or id, in any case. Raises `UsageError` for none."""
    folded = word.casefold()
    found = [one for one, name in source.boards.items() if folded in {one.casefold(), name.casefold()}]
    if not found:
        raise UsageError(f"no board named {word!r}{meant([word], sorted(set(source.boards.values())))}")
    return found


def only(what: str, word: str, ids: Sequence[str]) -> str:
    """The one id. Raises `UsageError` for several."""
    if len(ids) > 1:
        raise UsageError(f"{len(ids)} {what}s are named {word!r}; name one by its id: {', '.join(ids)}")
    return ids[0]
