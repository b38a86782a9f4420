"""Walks the three kinds of lists that Azure DevOps has: header token, `$top`/`$skip`, and reporting feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import httpx

from connectors.azure_devops.gateway.answers import Batch
from connectors.errors import UnexpectedResponse

T = TypeVar("T")

PAGE_SIZE = 100
TOKEN_HEADER = "x-ms-continuationtoken"  # noqa: S105 - the name of a header


def by_header(fetch: Callable[[dict[str, Any]], tuple[list[T], str | None]]) -> Iterator[T]:
    """Every row of a list that names its next page in a header; `fetch` takes parameters, gives rows and that token."""
    token = None
    while True:
        rows, following = fetch({"$top": PAGE_SIZE, **({"continuationToken": token} if token else {})})
        yield from rows
        if not following:
            return
        if following == token:
            raise UnexpectedResponse("Azure DevOps named the page that it had just given as the next one")
        token = following


def by_skip(fetch: Callable[[int, int], list[T]], size: int = PAGE_SIZE) -> Iterator[T]:
    """Every row of a list that is asked for by position; `fetch` takes `$top` and `$skip`."""
    skip = 0
    before: list[T] = []
    while True:
        rows = fetch(size, skip)
        if rows and rows == before:
            raise UnexpectedResponse(
                f"Azure DevOps gave the same {len(rows)} rows of a list again when asked to skip them"
            )
        yield from rows
        if len(rows) < size:
            return
        skip += len(rows)
        before = rows


def feed(
    pool: ThreadPoolExecutor, fetch: Callable[[str | None], Batch[T]], token: str | None
) -> Iterator[tuple[Batch[T], str | None]]:
    """Batches of a reporting feed from `token` on, each with the token that goes on after it, the last one's too.

    The next batch is fetched while the caller works on one.
    """
    asked = token
    flying: Future[Batch[T]] | None = pool.submit(fetch, asked)
    try:
        while flying is not None:
            batch = flying.result()
            following = token_after(batch) or asked
            if not batch.is_last_batch and following == asked:
                raise UnexpectedResponse("an Azure DevOps feed says that it goes on, but names no new token")
            asked = following
            flying = None if batch.is_last_batch else pool.submit(fetch, asked)
            yield batch, following
    finally:
        if flying is not None and not flying.cancel():
            wait([flying])  # nothing is sent after the caller has gone on


def token_after(batch: Batch[T]) -> str | None:
    """Where the feed goes on: the token itself, or the one within `nextLink` (the links feed may give only that)."""
    if batch.continuation_token is not None:
        return str(batch.continuation_token)
    return httpx.URL(batch.next_link).params.get("continuationToken") if batch.next_link else None
