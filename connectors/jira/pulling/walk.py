"""Cuts queries into windows that can be walked side by side, and tells when a walk ended too early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from connectors.errors import UnexpectedResponse
from connectors.http.flight import in_order
from connectors.jira.gateway import answers
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.gateway.values import epoch_milliseconds, instant
from connectors.jira.pulling.bookmark import Group, Window

WINDOW_ISSUES = 1_000
"""Queries with more issues are cut."""
ATTEMPTS = 3
_MINUTE = 60_000
_PROJECTS_ASKED = 100

Span = tuple[int, int]
"""Creation instants [from, to), epoch milliseconds; whole minutes, so that JQL's precision does not matter."""


class _Created(msgspec.Struct):
    created: answers.Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A part of the scope that is walked in full once, and from then on for changes."""

    key: str
    """Stable: `project:10001`, `filter:10100`, `query`."""
    clause: str
    label: str
    """For people."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask for, and which units the tracker refuses to search."""

    groups: list[Group]
    windows: list[Window]
    problems: list[str]

    def take(self, question: Question, windows: Iterable[Window]) -> None:
        """Add a question with its windows."""
        self.windows.extend(windows)
        self.groups.append(question.group)


@dataclass(frozen=True, slots=True)
class Question:
    """Units that are asked for in one query, with a condition."""

    units: Sequence[Unit]
    condition: str = ""
    is_increment: bool = False

    @property
    def group(self) -> Group:
        """As a walk keeps it."""
        return Group(self.jql, [unit.key for unit in self.units], self.condition, self.is_increment)

    @property
    def jql(self) -> str:
        """The query, without order."""
        if len(self.units) == 1:
            clause = self.units[0].clause
        else:
            clause = f"project in ({', '.join(unit.key.removeprefix('project:') for unit in self.units)})"
        return f"{clause} AND {self.condition}" if self.condition else clause


def plan(dialect: Dialect, pool: ThreadPoolExecutor, width: int, questions: Iterable[Question]) -> Plan:
    """The windows of the questions. Increments are not counted: as a rule one page is all of them."""
    made = Plan([], [], [])
    asked = list(questions)
    whole = [question for question in asked if not question.is_increment]
    counts = in_order(pool, lambda question: _count(dialect, question.jql), whole, width)
    for question, count in zip(whole, counts, strict=True):
        if isinstance(count, int):
            window = Window(len(made.groups), None, None, count)
            made.take(question, cut(dialect, pool, width, window, question.jql))
        else:
            [unit] = question.units
            made.problems.append(refusal(unit.key, unit.label, count))
    for question in asked:
        if question.is_increment:
            made.take(question, [Window(len(made.groups), None, None, None)])
    return made


def refusal(key: str, label: str, reason: UnexpectedResponse) -> str:
    """The problem that a unit cannot be searched. Only projects may be refused; anything else of the config raises."""
    if key.startswith("project:"):
        return f"{label} cannot be searched: {reason}"
    raise UnexpectedResponse(f"{label} is refused: {reason}", status=reason.status) from reason


def in_groups(units: Sequence[Unit], condition: str, *, is_increment: bool = False) -> list[Question]:
    """Projects many at once, as long as their clauses are plain; anything else alone."""
    plain = [unit for unit in units if unit.clause == f"project = {unit.key.removeprefix('project:')}"]
    others = [unit for unit in units if unit not in plain]
    some = [plain[first : first + _PROJECTS_ASKED] for first in range(0, len(plain), _PROJECTS_ASKED)]
    return [Question(group, condition, is_increment) for group in (*some, *((unit,) for unit in others))]


def halves(dialect: Dialect, window: Window, jql: str) -> list[Window]:
    """The window as two, for another attempt; empty when it cannot be cut or was tried often enough."""
    edges = _edges(dialect, window.query(jql)) if window.attempt + 1 < ATTEMPTS else None
    if edges is None:
        return []
    middle = _minute((edges[0] + edges[1]) // 2)
    if not edges[0] < middle < edges[1]:
        return []
    ends = ((window.since, middle), (middle, window.until))
    found = (Window(window.group, since, until, 0, window.attempt + 1) for since, until in ends)
    return [msgspec.structs.replace(half, count=dialect.count(half.query(jql))) for half in found]


def _count(dialect: Dialect, query: str) -> int | UnexpectedResponse:
    try:
        return dialect.count(query)
    except UnexpectedResponse as error:
        if error.status == 400:  # noqa: PLR2004
            return error
        raise


def cut(dialect: Dialect, pool: ThreadPoolExecutor, width: int, whole: Window, jql: str) -> Iterator[Window]:
    """Windows of about `WINDOW_ISSUES`; the first and the last are open, so that nothing lies outside."""
    group, count = whole.group, whole.count or 0
    edges = _edges(dialect, jql) if count > WINDOW_ISSUES else None
    if edges is None:
        yield whole
        return
    spans = _evenly(edges, -(-count // WINDOW_ISSUES))
    ready: list[tuple[Span, int]] = []
    while spans:
        queries = [Window(group, since, until, 0).query(jql) for since, until in spans]
        counted = list(zip(spans, in_order(pool, dialect.count, queries, width), strict=True))
        crowded = [span for span, n in counted if n > 2 * WINDOW_ISSUES and len(_evenly(span, 2)) > 1]
        ready += [(span, n) for span, n in counted if span not in crowded]
        spans = [half for span in crowded for half in _evenly(span, 2)]
    merged = _merged(sorted(ready))
    for number, ((since, until), n) in enumerate(merged):
        last = number + 1 == len(merged)
        yield Window(group, since if number else None, None if last else until, n)


def _edges(dialect: Dialect, query: str) -> Span | None:
    """The span from the first creation to the minute after the last; None if there is none."""
    first, last = dialect.edge(query, "created ASC"), dialect.edge(query, "created DESC")
    if first is None or last is None:
        return None
    return _created(first) // _MINUTE * _MINUTE, _minute(_created(last)) + _MINUTE


def _created(found: answers.FoundIssue) -> int:
    try:
        fields = msgspec.json.decode(found.fields, type=_Created)
        return epoch_milliseconds(instant(fields.created))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnexpectedResponse(f"issue {found.id} has no readable creation date: {error}") from error


def _minute(milliseconds: int) -> int:
    return milliseconds // _MINUTE * _MINUTE


def _evenly(span: Span, parts: int) -> list[Span]:
    since, until = span
    cuts = sorted({_minute(since + (until - since) * number // parts) for number in range(1, parts)} - {since, until})
    inner = [cut for cut in cuts if since < cut < until]
    return list(zip([since, *inner], [*inner, until], strict=True))


def _merged(windows: Iterable[tuple[Span, int]]) -> list[tuple[Span, int]]:
    """Neighbours that together stay small become one."""
    merged: list[tuple[Span, int]] = []
    for span, count in windows:
        if merged and merged[-1][1] + count <= WINDOW_ISSUES:
            merged[-1] = ((merged[-1][0][0], span[1]), merged[-1][1] + count)
        else:
            merged.append((span, count))
    return merged
