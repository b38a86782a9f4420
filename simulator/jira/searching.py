"""What both flavours' searches share: finding by JQL, kept while nothing changes, and changes amid a walk."""

from __future__ import annotations

from simulator.boolean_query import QueryError
from simulator.company import Issue
from simulator.jira.answers import refuse
from simulator.jira.jql import read_jql, search
from simulator.jira.site import Site

Found = tuple[list[Issue], tuple[str, ...]]


def found_issues(
    site: Site, jql: str, *, is_lenient: bool = False, reconciled: frozenset[int] = frozenset()
) -> list[Issue]:  # fmt: skip
    """What the query finds; a refusal in the site's words when it cannot be read."""
    return found_with_warnings(site, jql, is_lenient=is_lenient, reconciled=reconciled)[0]


def found_with_warnings(
    site: Site, jql: str, *, is_lenient: bool, reconciled: frozenset[int] = frozenset()
) -> Found:  # fmt: skip
    """What the query finds, and what it names that is not there."""
    key = ("jql", jql, is_lenient, reconciled, site.company.now, site.view)
    issues, warnings = site.results.get(
        site.company.age, key, lambda: list(_found(site, jql, reconciled, is_lenient=is_lenient))
    )
    return issues, warnings


def _found(site: Site, jql: str, reconciled: frozenset[int], *, is_lenient: bool) -> Found:
    try:
        query = read_jql(site, jql, is_lenient=is_lenient)
        return search(site, query, reconciled), query.warnings
    except QueryError as error:
        raise refuse(str(error)) from error
    except ValueError as error:
        raise refuse(f"Error in the JQL Query: {error}") from error


def mutate_before(site: Site, jql: str, page: int) -> None:
    """If this page of each walk was chosen: somebody edits the first issue that the walk gave, so that it moves."""
    if page == site.mutate_on_page:
        found = found_issues(site, jql, is_lenient=True)
        if found:
            site.mutate(found[0])
