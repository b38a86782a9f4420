"""Asks for the comments and worklogs that did not come with their issues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from connectors.base import Replacement
from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.http.flight import in_order
from connectors.jira.mapping.issues import MappedPage
from connectors.jira.pulling.site import Site
from connectors.malformed import UNREADABLE, why
from warehouse.records import Comment, Worklog, qualified_id

T = TypeVar("T")
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Completed:
    """All that hangs on the issues of a page."""

    worklogs: Sequence[Worklog]
    comments: Replacement
    notes: Sequence[str]


def completed(site: Site, mapped: MappedPage, held: frozenset[str]) -> Completed:
    """The comments and worklogs of a page, the missing ones fetched.

    Worklogs beyond those that came are not fetched for issues that are `held` (qualified ids): the warehouse has
    theirs, and the feed of worklogs tells what changes. People are noted in the page's mentions.
    """
    asides, source_id, author = mapped.asides, site.settings.source_id, mapped.mentions.person
    wanted = [native for native in asides.more_worklogs if qualified_id(source_id, native) not in held]
    notes: list[str] = []
    for native, comments in _asked(site, site.gateway.comments, asides.more_comments, "comments", notes):
        with _named(native, "comments"):
            asides.take_comments(source_id, native, comments, author)
    for native, worklogs in _asked(site, site.gateway.worklogs, wanted, "worklogs", notes):
        with _named(native, "worklogs"):
            asides.take_worklogs(source_id, native, worklogs, author)
    replaced = Replacement(record_type=Comment, scope="issue_id", values=asides.commented, records=asides.comments)
    return Completed(asides.worklogs, replaced, notes)


@contextmanager
def _named(native: str, what: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise UnexpectedResponse(f"the {what} of issue {native} cannot be read: {why(error)}") from error


def _asked(
    site: Site, fetch: Callable[[str], list[T]], issues: Sequence[str], what: str, notes: list[str]
) -> list[tuple[str, list[T]]]:
    """By native issue id; an issue that does not show them is left out and noted."""

    def ask(native: str) -> list[T] | str:
        try:
            return fetch(native)
        except (NotFound, PermissionMissing) as error:
            return str(error)
        except UnexpectedResponse as error:
            if error.status != _REFUSED:
                raise
            return str(error)

    found: list[tuple[str, list[T]]] = []
    for native, answered in zip(issues, in_order(site.pool, ask, issues, site.width), strict=True):
        if isinstance(answered, str):
            notes.append(f"the {what} of issue {native} are not shown in full: {answered}")
        else:
            found.append((native, answered))
    return found
