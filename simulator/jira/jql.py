"""The part of JQL that the simulated sites understand, with the refusals of the real ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.boolean_query import Cursor, Predicate, QueryError, read_condition, read_list
from simulator.company import Issue
from simulator.jira.entities import CATEGORIES
from simulator.jira.index import indexed
from simulator.jira.issue_values import field_value, resolved_at
from simulator.jira.site import BOARDS, Site

UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
MOST_ORDER_FIELDS = 7
_DATES = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
_RELATIVE = re.compile(r"-(\d+)([wdhm])")
_UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000}
_SYNONYMS = {"issuekey": "key", "issue": "key", "type": "issuetype", "createddate": "created", "updateddate": "updated"}
_ORDERS: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}

_EMPTY = "empty", ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read: which issues, their order (field, descending), and what it names that is not there."""

    condition: Predicate
    order: tuple[tuple[str, bool], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A query being read. If it is lenient, values that are not there find nothing and leave a warning."""

    site: Site
    is_lenient: bool
    warnings: list[str] = field(default_factory=list)

    def test(self, name: str, value: tuple[str, str]) -> Predicate:
        """Whether an issue's field has this value."""
        if value == _EMPTY:
            return _EMPTINESS[name]
        try:
            return _MATCHERS[name](self.site, value[1])
        except QueryError as error:
            if not self.is_lenient:
                raise
            self.warnings.append(str(error))
            return lambda _: False


def read_jql(site: Site, text: str, *, is_lenient: bool = False) -> Query:
    """The query; `QueryError` with the site's words when it cannot be read or, on a Cloud, has no restriction."""
    cursor, reading = Cursor(text, has_escapes=True), _Reading(site, is_lenient)
    condition = _condition(cursor, reading)
    order: list[tuple[str, bool]] = []
    if cursor.take_if("order", "by"):
        order.append(_order_term(cursor))
        while cursor.take_if(","):
            order.append(_order_term(cursor))
    if not cursor.at_end():
        raise QueryError(f"Error in the JQL Query: Expecting operator but got '{cursor.take()[1]}'.")
    if len(order) > MOST_ORDER_FIELDS and site.dialect.is_cloud:
        raise QueryError("JQL can be ordered by at most 7 fields.")
    return Query(condition, tuple(order), tuple(reading.warnings))


def _condition(cursor: Cursor, reading: _Reading) -> Predicate:
    has_order_only = cursor.at_end() or cursor.ahead("order", "by")
    if has_order_only and reading.site.dialect.is_cloud:
        raise QueryError(UNBOUNDED)
    return (lambda _: True) if has_order_only else read_condition(cursor, lambda c: _clause(reading, c))


def search(site: Site, query: Query, reconciled: Collection[int] = ()) -> list[Issue]:
    """The issues that the query finds in the index, in its order; the newest first where it names none."""
    found = [issue for issue in indexed(site, reconciled) if query.condition(issue)]
    for name, is_descending in reversed(query.order or (("created", True),)):
        key = _sort_key(site, name)
        found.sort(key=lambda issue: (key(issue), issue.id), reverse=is_descending)
    return [site.product.issues[issue.id] for issue in found]


def _order_term(cursor: Cursor) -> tuple[str, bool]:
    name = _canonical(cursor.take()[1])
    if cursor.take_if("desc"):
        return name, True
    cursor.take_if("asc")
    return name, False


def _canonical(name: str) -> str:
    return _SYNONYMS.get(name.lower(), name.lower())


def _sort_key(site: Site, name: str) -> Callable[[Issue], Any]:
    project_keys = {number: project.key for number, project in site.product.projects.items()}
    keys: dict[str, Callable[[Issue], Any]] = {
        "id": lambda i: i.id,
        "key": lambda i: (project_keys[i.state["project"]], i.state["number"]),
        "project": lambda i: project_keys[i.state["project"]],
        "created": lambda i: i.created_at,
        "updated": lambda i: i.updated_at,
        "status": lambda i: i.state["status"],
        "issuetype": lambda i: i.state["type"],
        "priority": lambda i: i.state["priority"],
        "rank": lambda i: i.state.get("rank", i.id),
    }
    if name not in keys:
        raise QueryError(f"Not able to sort using field '{name}'.")
    return keys[name]


def _clause(reading: _Reading, cursor: Cursor) -> Predicate:
    site = reading.site
    name = _canonical(cursor.take()[1])
    if name == "cf":
        name = f"customfield_{cursor.take()[1]}"
    operator, values = _comparison(cursor)
    if values == [_EMPTY] and name not in _EMPTINESS and name in site.fields.ids:
        return lambda issue: bool(field_value(site, issue, name)) == (operator == "!=")
    if name in {"created", "updated", "resolved", "resolutiondate"}:
        return _date_clause(site, name, operator, values)
    if name == "id" and operator in _ORDERS:
        compare, limit = _ORDERS[operator], int(values[0][1])
        return lambda issue: compare(issue.id, limit)
    if name == "key" and operator in _ORDERS:
        return _key_range(site, operator, values[0][1])
    if name not in _MATCHERS:
        raise QueryError(f"Field '{name}' does not exist or you do not have permission to view it.")
    if operator not in {"=", "in", "!=", "not in"}:
        raise QueryError(f"The operator '{operator}' is not supported by the '{name}' field.")
    tests = [reading.test(name, value) for value in values]
    if operator in {"=", "in"}:
        return lambda issue: any(test(issue) for test in tests)
    return lambda issue: not any(test(issue) for test in tests)


def _comparison(cursor: Cursor) -> tuple[str, list[tuple[str, str]]]:
    """Operator and values of a clause; `is empty` reads as `= EMPTY`."""
    if cursor.take_if("not", "in"):
        return "not in", [_value(token) for token in read_list(cursor)]
    if cursor.take_if("in"):
        return "in", [_value(token) for token in read_list(cursor)]
    if cursor.take_if("is", "not"):
        cursor.take()
        return "!=", [_EMPTY]
    if cursor.take_if("is"):
        cursor.take()
        return "=", [_EMPTY]
    kind, operator = cursor.take()
    if kind != "symbol":
        raise QueryError(f"Error in the JQL Query: Expecting operator but got '{operator}'.")
    value = _value(cursor.take())
    if cursor.take_if("("):
        cursor.expect(")")
        value = "function", value[1]
    return operator, [value]


def _value(token: tuple[str, str]) -> tuple[str, str]:
    is_empty = token[0] == "word" and token[1].lower() in {"empty", "null"}
    return _EMPTY if is_empty else token


def _date_clause(site: Site, name: str, operator: str, values: list[tuple[str, str]]) -> Predicate:
    moments: dict[str, Callable[[Issue], int | None]] = {
        "created": lambda i: i.created_at,
        "updated": lambda i: i.updated_at,
    }
    moment_of = moments.get(name, resolved_at)
    if values == [_EMPTY]:
        return lambda issue: (moment_of(issue) is None) == (operator == "=")
    if operator not in _ORDERS:
        raise QueryError(f"The operator '{operator}' is not supported by the '{name}' field.")
    compare, limit = _ORDERS[operator], _instant(site, name, values[0])

    def holds(issue: Issue) -> bool:
        at = moment_of(issue)
        return at is not None and compare(at, limit)

    return holds


def _instant(site: Site, name: str, value: tuple[str, str]) -> int:
    """Unquoted numbers are epoch milliseconds; quoted dates are read in the user's zone, to the minute."""
    kind, text = value
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return site.company.now - int(relative[1]) * _UNITS[relative[2]]
    if kind == "word" and text.lstrip("-").isdigit():
        return int(text)
    for form in _DATES:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(site.user_zone))
        except ValueError:
            continue
        return round(moment.timestamp()) * 1000
    raise QueryError(
        f"Date value '{text}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _missing(field: str, value: str) -> QueryError:
    return QueryError(f"The value '{value}' does not exist for the field '{field}'.")


def _project(site: Site, value: str) -> Predicate:
    wanted = {p.id for p in site.projects() if value.lower() in {str(p.id), p.key.lower(), p.name.lower()}}
    if not wanted:
        raise _missing("project", value)
    return lambda issue: issue.state["project"] in wanted


def _key(site: Site, value: str) -> Predicate:
    issue = site.find(value)
    if issue is None:
        raise QueryError(f"An issue with key '{value}' does not exist for field 'key'.")
    return lambda other: other.id == issue.id


def _key_range(site: Site, operator: str, value: str) -> Predicate:
    """The issues of the same project with smaller or larger numbers."""
    key, _, number = value.upper().rpartition("-")
    project = next((p.id for p in site.projects() if p.key == key), None)
    if project is None or not number.isdigit():
        raise QueryError(f"An issue with key '{value}' does not exist for field 'key'.")
    compare, limit = _ORDERS[operator], int(number)
    return lambda issue: issue.state["project"] == project and compare(issue.state["number"], limit)


def _id(site: Site, value: str) -> Predicate:
    """A Data Center insists that the issue is there."""
    if not value.isdigit():
        raise _missing("id", value)
    if not site.dialect.is_cloud and site.find(value) is None:
        raise QueryError(f"A value with ID '{value}' does not exist for the field 'id'.")
    return lambda issue: issue.id == int(value)


def _names(site: Site, number: int, name: str) -> set[str]:
    """What people may call a status or type: by its id, in English, or in the language of the site."""
    return {str(number), name.lower(), site.told(name).lower()}


def _type(site: Site, value: str) -> Predicate:
    wanted = {kind.id for kind in site.product.types.values() if value.lower() in _names(site, kind.id, kind.name)}
    if not wanted:
        raise _missing("issuetype", value)
    return lambda issue: issue.state["type"] in wanted


def _status(site: Site, value: str) -> Predicate:
    statuses = site.product.statuses.values()
    wanted = {s.id for s in statuses if value.lower() in _names(site, s.id, s.name) and not s.is_retired}
    if not wanted:
        raise _missing("status", value)
    return lambda issue: issue.state["status"] in wanted


def _status_category(site: Site, value: str) -> Predicate:
    known = {str(x).lower(): name for name, c in CATEGORIES.items() for x in (c["id"], c["key"], c["name"])}
    if value.lower() not in known:
        raise _missing("statusCategory", value)
    return lambda issue: site.product.category(issue) == known[value.lower()]


def _filter(_: Site, value: str) -> Predicate:
    board = next((b for b in BOARDS if value in {str(b.filter_id), f"Filter for {b.name}"}), None)
    if board is None:
        raise _missing("filter", value)
    return lambda issue: issue.state["project"] in board.project_ids


def _labels(_: Site, value: str) -> Predicate:
    return lambda issue: value in (issue.state.get("labels") or ())


def _person(field: str) -> Callable[[Site, str], Predicate]:
    def matcher(site: Site, value: str) -> Predicate:
        names = {name: p.id for p in site.company.people.values() for name in (site.person_id(p.id), p.email, p.login)}
        person = names.get(value)
        return lambda issue: person is not None and issue.state.get(field) == person

    return matcher


def _text(field: str) -> Callable[[Site, str], Predicate]:
    return lambda _, value: lambda issue: str(issue.state.get(field, "")).lower() == value.lower()


def _resolution(_: Site, value: str) -> Predicate:
    wanted = None if value.lower() == "unresolved" else value.lower()
    return lambda issue: (issue.state.get("resolution") or "").lower() == (wanted or "")


def _sprint(site: Site, value: str) -> Predicate:
    sprints = [s for s in site.product.sprints.values() if not s.is_deleted]
    wanted = {s.id for s in sprints if value in {str(s.id), site.sprint_name(s)}}
    if not wanted:
        raise _missing("sprint", value)
    return lambda issue: any(number in wanted for number in issue.state.get("sprints") or ())


def _parent(site: Site, value: str) -> Predicate:
    parent = site.find(value)
    if parent is None:
        raise _missing("parent", value)
    return lambda issue: issue.state.get("parent") == parent.id


_MATCHERS: dict[str, Callable[[Site, str], Predicate]] = {
    "project": _project,
    "key": _key,
    "id": _id,
    "issuetype": _type,
    "status": _status,
    "statuscategory": _status_category,
    "filter": _filter,
    "labels": _labels,
    "assignee": _person("assignee"),
    "reporter": _person("reporter"),
    "priority": _text("priority"),
    "resolution": _resolution,
    "sprint": _sprint,
    "parent": _parent,
}
_STATE_NAMES = {"sprint": "sprints", "issuetype": "type", "statuscategory": "status", "key": "project", "id": "project"}


def _is_empty(name: str) -> Predicate:
    return lambda issue: not issue.state.get(_STATE_NAMES.get(name, name))


_EMPTINESS = {name: _is_empty(name) for name in _MATCHERS}
