"""The part of WIQL that the simulated organisation understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.azure_devops.organization import Organization, area, iteration
from simulator.azure_devops.reporting import read_instant
from simulator.boolean_query import Cursor, Predicate, QueryError, read_condition, read_list
from simulator.company import Issue, Project

_FILLED = {
    "Microsoft.VSTS.Common.Severity": "severity",
    "Microsoft.VSTS.Scheduling.StoryPoints": "points",
    "Custom.Environment": "found_in",
    "Microsoft.VSTS.Build.FoundIn": "build",
}
"""Fields that may be asked whether they are filled (`<> ''`), and where a value lies."""
_FROM = re.compile(r"\bfrom\s+workitems\b", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


class _Reader:
    """Reads the clauses of one query."""

    def __init__(self, organization: Organization, project: Project | None, *, precise: bool) -> None:
        self._product = organization.product
        self._revising = organization.feed.revising
        self._project = project
        self._precise = precise
        self._zone = ZoneInfo(organization.zone)
        self.asks_for_deleted = False

    def clause(self, cursor: Cursor) -> Predicate:
        """One comparison."""
        kind, name = cursor.take()
        if kind not in {"field", "word"}:
            raise QueryError("the query has an error: a field is expected.")
        key = self.key(name)
        if cursor.take_if("in"):
            values = [self._value(name, token) for token in read_list(cursor)]
            return lambda issue: key(issue) in values
        if cursor.take_if("under"):
            path = str(self._value(name, cursor.take()))
            return lambda issue: str(key(issue)).lower() == path or str(key(issue)).lower().startswith(path + "\\")
        if cursor.take_if("contains"):
            part = str(self._value(name, cursor.take()))
            return lambda issue: part in str(key(issue)).lower()
        operator = cursor.take()[1]
        if operator not in _COMPARE:
            raise QueryError(f"the operator {operator} is not known.")
        compare, value = _COMPARE[operator], self._value(name, cursor.take())
        if name.lower() == "system.isdeleted" and value is True:
            self.asks_for_deleted = True
        return lambda issue: compare(key(issue), value)

    def key(self, name: str) -> Callable[[Issue], Any]:
        """How a field is read off an item, texts in lower case."""
        product = self._product
        known: dict[str, Callable[[Issue], Any]] = {
            "system.id": lambda i: i.id,
            "system.teamproject": lambda i: product.projects[i.state["project"]].name.lower(),
            "system.workitemtype": lambda i: product.type_of(i).name.lower(),
            "system.state": lambda i: product.statuses[i.state["status"]].name.lower(),
            "system.title": lambda i: i.state["summary"].lower(),
            "system.tags": lambda i: "; ".join(i.state.get("labels") or ()).lower(),
            "system.areapath": lambda i: area(product, i.state)[1].lower(),
            "system.iterationpath": lambda i: iteration(product, i.state)[1].lower(),
            "system.isdeleted": lambda i: i.deleted_at is not None,
            "system.changeddate": lambda i: self._instant(max((e.at for e in self._revising(i)), default=i.created_at)),
            "system.createddate": lambda i: self._instant(i.created_at),
        }
        if name in _FILLED:
            return lambda i: "" if i.state.get(_FILLED[name]) is None else str(i.state[_FILLED[name]])
        if name.lower() not in known:
            raise QueryError(f"the query references a field that does not exist: {name}.")
        return known[name.lower()]

    def _instant(self, at: int) -> int:
        """The instant, or its day where the caller is."""
        return at if self._precise else datetime.fromtimestamp(at / 1000, self._zone).toordinal()

    def _value(self, name: str, token: tuple[str, str]) -> Any:  # noqa: ANN401 - of the field's type
        kind, text = token
        if text.lower() == "@project":
            if self._project is None:
                raise QueryError("@project is used outside of a project.")
            return self._project.name.lower()
        if kind == "word" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if name.lower() == "system.id":
            return int(text)
        if name.lower() in {"system.changeddate", "system.createddate"}:
            if "T" in text and not self._precise:
                raise QueryError("you cannot supply a time with the date when running a query using date precision.")
            return self._instant(read_instant(text, self._zone))
        return text.lower()


def read_wiql(organization: Organization, text: str, project: Project | None, *, precise: bool) -> list[Issue]:
    """The items that the query finds, in its order (by id where it names none); `QueryError` when it cannot be read."""
    parts = _FROM.split(text, maxsplit=1)
    if len(parts) != 2 or not parts[0].strip().lower().startswith("select"):
        raise QueryError("the query is expected to be SELECT … FROM WorkItems WHERE ….")
    reader = _Reader(organization, project, precise=precise)
    cursor = Cursor(parts[1], has_escapes=False)
    holds: Predicate = lambda _: True  # noqa: E731 - the condition of a query without one
    if cursor.take_if("where"):
        try:
            holds = read_condition(cursor, reader.clause)
        except ValueError as error:
            raise QueryError(f"a value cannot be read: {error}") from error
    issues = organization.product.issues.values()
    found = [
        i for i in issues if organization.sees(i) and (i.deleted_at is None or reader.asks_for_deleted) and holds(i)
    ]
    if cursor.take_if("order", "by"):
        _sort(cursor, reader, found)
    if not cursor.at_end():
        raise QueryError(f"the query has an error near {cursor.take()[1]}.")
    return found


def _sort(cursor: Cursor, reader: _Reader, found: list[Issue]) -> None:
    terms: list[tuple[Callable[[Issue], Any], bool]] = []
    while not terms or cursor.take_if(","):
        key = reader.key(cursor.take()[1])
        is_descending = cursor.take_if("desc")
        if not is_descending:
            cursor.take_if("asc")
        terms.append((key, is_descending))
    for key, is_descending in reversed(terms):
        found.sort(key=key, reverse=is_descending)
