"""Walks a query of Jira Data Center to its end, however many issues it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import UnexpectedResponse
from connectors.http import SourceHttp
from connectors.jira.gateway import answers

SEARCH = "rest/api/2/search"
REACH = 10_000
"""How far `startAt` and `maxResults` may reach together; beyond it newer servers refuse to search."""


def search_pages(
    http: SourceHttp, jql: str, body: Mapping[str, Any], size: int, reach: int = REACH
) -> Iterator[tuple[list[answers.FoundIssue], bool]]:
    """Pages of a query in the order of ids, each with whether more are to come; an issue comes once.

    They are asked for by `startAt` as far as that reaches, then by `id >`. The server may order and compare by the
    number of the id or by that of the key, as long as it does both alike. A walk that ends early is not told from a
    short one here: the caller counts.
    """
    query, start, last = jql, 0, ""
    seen: set[str] = set()
    while True:
        if start >= reach:
            query, start = f"({jql}) AND id > {last}", 0
        asked = {"jql": f"{query} ORDER BY id ASC", "startAt": start, "maxResults": min(size, reach - start)}
        page = http.fetch("POST", SEARCH, answers.StartPage, body={**body, **asked})
        if not page.issues:
            if start < page.total:
                yield [], True  # the server says that there are more: whoever walks must not take this for the end
            return
        if start == 0 and page.issues[0].id in seen:
            raise UnexpectedResponse(
                f"POST /{SEARCH} does not heed `id > {last}`: it gave issue {page.issues[0].id} again; "
                f"issues beyond the first {reach} of a query cannot be read from this server"
            )
        new = {issue.id: issue for issue in page.issues if issue.id not in seen}
        seen.update(new)
        start += len(page.issues)  # the server's own cap may be lower than what was asked for
        last = page.issues[-1].id
        if new:
            yield list(new.values()), start < page.total
        if start >= page.total:
            return
