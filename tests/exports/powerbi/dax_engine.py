"""A small engine for the part of DAX that our measures use, so that their numbers can be compared with stored ones.

It knows filter context and its spreading from the one side to the many, row context, CALCULATE with KEEPFILTERS,
REMOVEFILTERS, ALL and USERELATIONSHIP. Of a filter on a column without KEEPFILTERS it knows the one on dates only.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exports.model import Model

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\")|(?P<column>'[^']+'\[[^\]]+\])|(?P<table>'[^']+')|(?P<measure>\[[^\]]+\])"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<sign>&&|\|\||<=|>=|<>|[-+*/=<>(){},]))"
)
_LEVELS: Sequence[Sequence[str]] = (("||",), ("&&",), ("=", "<>", "<=", ">=", "<", ">", "IN"), ("+", "-"), ("*", "/"))


@dataclass(frozen=True)
class Data:
    """All rows by the names that people see, and how tables relate."""

    model: Model
    rows: Mapping[str, Sequence[Row]]
    measures: Mapping[str, str]

    def links(self, table: str) -> Iterator[tuple[str, str, str, bool]]:
        """Of a table: its foreign key, the table that filters it, that one's key, and whether it does so by default."""
        for each in self.model.relationships:
            many, one = self.model.table(each.table), self.model.table(each.to_table)
            if many.display == table:
                key = one.column(each.to_column).display
                yield many.column(each.column).display, one.display, key, each.is_active


@dataclass(frozen=True)
class Context:
    """What is filtered, which relationships are switched over, and the values at hand."""

    data: Data
    filters: Mapping[str, Sequence[Test]] = field(default_factory=dict)
    switched: Mapping[tuple[str, str], str] = field(default_factory=dict)
    current: Mapping[str, Row] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def where(self, table: str, test: Test) -> Context:
        """With one filter more."""
        return replace(self, filters={**self.filters, table: (*self.filters.get(table, ()), test)})

    def rows(self, table: str) -> list[Row]:
        """The rows of a table that its own filters and those of the tables above let through."""
        found = [row for row in self.data.rows[table] if all(test(row) for test in self.filters.get(table, ()))]
        for foreign, one, key, is_active in self.data.links(table):
            is_used = self.switched.get((table, one), foreign if is_active else "") == foreign
            if is_used and self.is_filtered(one):
                keys = {row[key] for row in self.rows(one)}
                found = [row for row in found if row[foreign] in keys]
        return found

    def is_filtered(self, table: str) -> bool:
        """Whether any filter reaches the table."""
        return bool(self.filters.get(table)) or any(
            self.is_filtered(one) for _, one, _, is_active in self.data.links(table) if is_active
        )


class Parsed(tuple[Any, ...]):
    """A piece of an expression: its kind, then its parts."""

    __slots__ = ()


def evaluate(dax: str, context: Context) -> Any:
    """The value of an expression; None is BLANK."""
    tokens = [(str(found.lastgroup), found[found.lastgroup or 0]) for found in _TOKEN.finditer(dax)]
    assert not _TOKEN.sub("", dax).strip(), dax
    reader = _Reader(tokens)
    tree = reader.block()
    assert not reader.left, dax
    return _value(tree, context)


class _Reader:
    """Turns tokens into a tree."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens

    def block(self) -> Parsed:
        """`VAR … RETURN …`, or an expression."""
        named = []
        while self._next() == "VAR":
            self._take()
            name = self._take()[1]
            assert self._take()[1] == "="
            named.append((name, self.block()))
        if named:
            assert self._take()[1] == "RETURN"
        return Parsed(("let", named, self._level(0))) if named else self._level(0)

    def _level(self, level: int) -> Parsed:
        if level == len(_LEVELS):
            return self._single()
        left = self._level(level + 1)
        while self._next() in _LEVELS[level]:
            sign = self._take()[1]
            left = Parsed(("sign", sign, left, self._level(level + 1)))
        return left

    def _single(self) -> Parsed:
        kind, text = self._take()
        if text == "NOT":
            return Parsed(("not", self._level(2)))
        if text in {"(", "{"}:
            inner = self._list({"(": ")", "{": "}"}[text])
            return Parsed(("set", inner)) if text == "{" else inner[0]
        if kind == "word" and self._next() == "(":
            self._take()
            return Parsed(("call", text, self._list(")")))
        return Parsed((kind, text))

    def _list(self, end: str) -> list[Parsed]:
        found = []
        while self._next() != end:
            found.append(self.block())
            if self._next() == ",":
                self._take()
        self._take()
        return found

    def _next(self) -> str:
        return self.left[0][1] if self.left else ""

    def _take(self) -> tuple[str, str]:
        return self.left.pop(0)


def _value(tree: Parsed, context: Context) -> Any:
    kind, *parts = tree
    if kind == "let":
        for name, inner in parts[0]:
            more = {name: _value(inner, context)}
            if isinstance(more[name], list):
                more[f"{name} of"] = _table_of(inner, context)
            context = replace(context, variables={**context.variables, **more})
        return _value(parts[1], context)
    if kind == "call":
        return _FUNCTIONS[parts[0]](parts[1], context)
    if kind == "sign":
        return _sign(parts[0], parts[1], parts[2], context)
    if kind == "not":
        return not _value(parts[0], context)
    if kind == "set":
        return [_value(inner, context) for inner in parts[0]]
    return _plain(kind, parts[0], context)


def _plain(kind: str, text: str, context: Context) -> Any:
    if kind == "column":
        table, column = _column(text)
        return context.current[table][column]
    if kind == "table":
        return context.rows(text[1:-1])
    if kind == "measure":
        inner = replace(_transition(context), variables={})
        return evaluate(context.data.measures[text[1:-1]], inner)
    if kind == "word":
        return context.variables[text]
    return text[1:-1] if kind == "text" else float(text)


def _sign(sign: str, left: Parsed, right: Parsed, context: Context) -> Any:
    if sign == "||":
        return _value(left, context) or _value(right, context)
    if sign == "&&":
        return _value(left, context) and _value(right, context)
    one, other = _value(left, context), _value(right, context)
    if (None in (one, other) and sign in {"*", "/"}) or (one is None and other is None and sign in {"+", "-"}):
        return None
    return _SIGNS[sign](one, other)


_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "IN": lambda one, other: one in other,
    "=": operator.eq,
    "<>": operator.ne,
    "+": lambda one, other: (one or 0) + (other or 0),
    "-": lambda one, other: (one or 0) - (other or 0),
    "*": operator.mul,
    "/": operator.truediv,
    "<=": lambda one, other: (one or 0) <= (other or 0),
    ">=": lambda one, other: (one or 0) >= (other or 0),
    "<": lambda one, other: (one or 0) < (other or 0),
    ">": lambda one, other: (one or 0) > (other or 0),
}
"""What a sign makes of two values; BLANK counts as 0 where it is added or compared."""


def _column(text: str) -> tuple[str, str]:
    table, _, column = text.partition("[")
    return table[1:-1], column[:-1]


def _transition(context: Context) -> Context:
    """Row context becomes filters, as CALCULATE does it: the current rows and no others."""
    for table, row in context.current.items():
        context = context.where(table, lambda one, row=row: all(one[name] == value for name, value in row.items()))
    return replace(context, current={})


def _over(parts: Sequence[Parsed], context: Context) -> Iterator[tuple[Row, Context]]:
    """The rows of the first part, each with the context in which it is the current one."""
    table = _table_of(parts[0], context)
    for row in _value(parts[0], context):
        yield row, replace(context, current={**context.current, table: row})


def _table_of(tree: Parsed, context: Context) -> str:
    """The table that an expression's rows are of."""
    if tree[0] == "word":
        return str(context.variables[f"{tree[1]} of"])
    names = re.findall(r"'([^']+)'", repr(tree).replace('"', ""))
    return next(name for name in names if name in context.data.rows)


def _numbers(parts: Sequence[Parsed], context: Context) -> list[Any]:
    """Values of a column that are not BLANK."""
    table, column = _column(parts[0][1])
    return [row[column] for row in context.rows(table) if row[column] is not None]


def _each(parts: Sequence[Parsed], context: Context) -> list[Any]:
    """Values of the second part for each row of the first, without BLANK."""
    values = [_value(parts[1], inner) for _, inner in _over(parts, context)]
    return [value for value in values if value is not None]


def _percentile(parts: Sequence[Parsed], context: Context) -> Any:
    values = sorted(_each(parts, context))
    if not values:
        return None
    place = (len(values) - 1) * _value(parts[2], context)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _divide(parts: Sequence[Parsed], context: Context) -> Any:
    above, below = (_value(part, context) for part in parts)
    return None if not below or above is None else above / below


def _calculate(parts: Sequence[Parsed], context: Context) -> Any:
    changed = _transition(context)
    for part in parts[1:]:
        changed = _changed(part, changed, context)
    return _value(parts[0], changed)


def _changed(tree: Parsed, context: Context, outer: Context) -> Context:
    """The context with what one argument of CALCULATE says."""
    if tree[:2] == ("call", "KEEPFILTERS"):
        return _narrowed(tree[2][0], context, outer)
    if tree[:2] == ("call", "USERELATIONSHIP"):
        (table, foreign), (one, _) = (_column(part[1]) for part in tree[2])
        return replace(context, switched={**context.switched, (table, one): foreign})
    if tree[:2] in {("call", "REMOVEFILTERS"), ("call", "ALL")}:
        table = tree[2][0][1][1:-1]
        above = {table} if tree[1] == "REMOVEFILTERS" else {table, *(one for _, one, _, _ in context.data.links(table))}
        return replace(context, filters={t: tests for t, tests in context.filters.items() if t not in above})
    return _narrowed(tree, context, outer)


def _narrowed(tree: Parsed, context: Context, outer: Context) -> Context:
    """A condition on one table narrows that; `FILTER(ALL(column), condition)` is its condition."""
    condition = tree[2][1] if tree[:2] == ("call", "FILTER") else tree
    table = _table_of(condition, context)
    inner = replace(outer, current={})
    return context.where(table, lambda row: bool(_value(condition, replace(inner, current={table: row}))))


def _is_one(parts: Sequence[Parsed], context: Context) -> bool:
    return len(_values(parts, context)) == 1


def _values(parts: Sequence[Parsed], context: Context) -> list[Row]:
    """Rows of one column, each value once."""
    table, column = _column(parts[0][1])
    return [{column: value} for value in dict.fromkeys(row[column] for row in context.rows(table))]


def _if(parts: Sequence[Parsed], context: Context) -> Any:
    chosen = parts[1:2] if _value(parts[0], context) else parts[2:3]
    return _value(chosen[0], context) if chosen else None


def _lowest(parts: Sequence[Parsed], context: Context) -> Any:
    if parts[0][0] == "column":
        return min(_numbers(parts, context), default=None)
    return min((value for value in (_value(part, context) for part in parts) if value is not None), default=None)


_FUNCTIONS: Mapping[str, Callable[[Sequence[Parsed], Context], Any]] = {
    "AVERAGE": lambda parts, context: _mean(_numbers(parts, context)),
    "CALCULATE": _calculate,
    "CALCULATETABLE": _calculate,
    "COUNT": lambda parts, context: len(_numbers(parts, context)) or None,
    "COUNTROWS": lambda parts, context: len(_value(parts[0], context)) or None,
    "DISTINCTCOUNT": lambda parts, context: len(set(_numbers(parts, context))) or None,
    "DIVIDE": _divide,
    "FALSE": lambda _, __: False,
    "FILTER": lambda parts, context: [row for row, inner in _over(parts, context) if _value(parts[1], inner)],
    "HASONEVALUE": _is_one,
    "IF": _if,
    "ISBLANK": lambda parts, context: _value(parts[0], context) is None,
    "ISCROSSFILTERED": lambda parts, context: context.is_filtered(parts[0][1][1:-1]),
    "MAX": lambda parts, context: max(_numbers(parts, context), default=None),
    "MAXX": lambda parts, context: max(_each(parts, context), default=None),
    "MIN": _lowest,
    "PERCENTILEX.INC": _percentile,
    "SUM": lambda parts, context: sum(found) if (found := _numbers(parts, context)) else None,
    "SUMX": lambda parts, context: sum(found) if (found := _each(parts, context)) else None,
    "TRUE": lambda _, __: True,
    "VALUES": _values,
}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
