"""Walks the kinds of lists that Jira has: linked by tokens, by `startAt`, and those of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from connectors.errors import UnexpectedResponse
from connectors.http import SourceHttp
from connectors.jira.gateway import answers

T = TypeVar("T")
TokenPage = TypeVar("TokenPage", answers.SearchPage, answers.ChangelogPage)

LISTED = 100
"""Rows asked for in a page of a list; the server may give fewer."""


def by_token(http: SourceHttp, path: str, body: Mapping[str, Any], type_: type[TokenPage]) -> Iterator[TokenPage]:
    """Pages that a token links; a token that comes twice is refused."""
    token: str | None = None
    seen: set[str] = set()
    while True:
        page = http.fetch("POST", path, type_, body={**body, "nextPageToken": token} if token else body)
        yield page
        token = page.next_page_token
        if not token:
            return
        if token in seen:
            raise UnexpectedResponse(f"POST /{path} gave the same page token twice; the pages would never end")
        seen.add(token)


def by_start(
    http: SourceHttp, path: str, type_: type[T], *, size: int = LISTED, params: Mapping[str, Any] | None = None
) -> Iterator[T]:
    """Items of a list that is paged by `startAt`; it ends where the server says so or a page is empty."""
    start = 0
    while True:
        asked = {**(params or {}), "startAt": start, "maxResults": size}
        page = http.fetch("GET", path, answers.Values, params=asked)
        for raw in page.values:
            yield each(raw, type_)
        if page.is_last or not page.values:
            return
        start += len(page.values)


def by_library(page: Callable[[int], Any], type_: type[T]) -> Iterator[T]:
    """Items of one of the library's lists, which itself stops at the first short page."""
    start = 0
    while True:
        found = page(start)
        yield from (msgspec.convert(item.raw, type_) for item in found)
        if found.isLast or not len(found):
            return
        start += len(found)


def each(raw: msgspec.Raw, type_: type[T]) -> T:
    """An item of a list; `UnexpectedResponse` when it cannot be read."""
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnexpectedResponse(f"an item of a list cannot be read: {error}") from error
