"""Reads the part that JQL and WIQL share: clauses joined by AND, OR, NOT and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable

from simulator.company import Issue

Predicate = Callable[[Issue], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*')|(?P<field>\[[^\]]+\])
    |(?P<symbol><=|>=|!=|<>|!~|[=<>~(),])|(?P<word>[^\s"'\[\]=<>!~(),]+))""",
    re.VERBOSE,
)


class QueryError(Exception):
    """The query cannot be read; the text is what the tracker tells its user."""


class Cursor:
    """A place in the tokens of a query. A token is its kind (`string`, `field`, `symbol`, `word`) and its text.

    With `has_escapes` a backslash quotes the next character of a string.
    """

    def __init__(self, text: str, *, has_escapes: bool) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise QueryError(f"Error in the JQL Query: unexpected character near '{text[place : place + 10]}'.")
            kind = found.lastgroup or ""
            self._tokens.append(
                (kind, _unquoted(found[kind], has_escapes) if kind in {"string", "field"} else found[kind])
            )
            place = found.end()
        self._place = 0

    def at_end(self) -> bool:
        """Nothing is left."""
        return self._place >= len(self._tokens)

    def take(self) -> tuple[str, str]:
        """The next token."""
        if self.at_end():
            raise QueryError("Error in the JQL Query: the query ends too early.")
        self._place += 1
        return self._tokens[self._place - 1]

    def ahead(self, *texts: str) -> bool:
        """Whether these words or symbols, in any case, come next."""
        coming = self._tokens[self._place : self._place + len(texts)]
        return [(k in {"word", "symbol"}, text.lower()) for k, text in coming] == [(True, t.lower()) for t in texts]

    def take_if(self, *texts: str) -> bool:
        """Step over these words or symbols, in any case, if all of them come next."""
        if not self.ahead(*texts):
            return False
        self._place += len(texts)
        return True

    def expect(self, text: str) -> None:
        """Step over this word or symbol."""
        if not self.take_if(text):
            raise QueryError(f"Error in the JQL Query: '{text}' is expected.")


def _unquoted(token: str, has_escapes: bool) -> str:  # noqa: FBT001 - one caller
    text = token[1:-1].replace("''", "'")
    return re.sub(r"\\(.)", r"\1", text) if has_escapes else text


def read_condition(cursor: Cursor, clause: Callable[[Cursor], Predicate]) -> Predicate:
    """A condition up to the end or to a word that is none of its own; `clause` reads one comparison."""
    parts = [_conjunction(cursor, clause)]
    while cursor.take_if("or"):
        parts.append(_conjunction(cursor, clause))
    return parts[0] if len(parts) == 1 else lambda issue: any(part(issue) for part in parts)


def _conjunction(cursor: Cursor, clause: Callable[[Cursor], Predicate]) -> Predicate:
    parts = [_factor(cursor, clause)]
    while cursor.take_if("and"):
        parts.append(_factor(cursor, clause))
    return parts[0] if len(parts) == 1 else lambda issue: all(part(issue) for part in parts)


def _factor(cursor: Cursor, clause: Callable[[Cursor], Predicate]) -> Predicate:
    if cursor.take_if("not"):
        inner = _factor(cursor, clause)
        return lambda issue: not inner(issue)
    if cursor.take_if("("):
        inner = read_condition(cursor, clause)
        cursor.expect(")")
        return inner
    return clause(cursor)


def read_list(cursor: Cursor) -> list[tuple[str, str]]:
    """The tokens of `(a, b, c)`."""
    cursor.expect("(")
    values = [cursor.take()]
    while cursor.take_if(","):
        values.append(cursor.take())
    cursor.expect(")")
    return values
