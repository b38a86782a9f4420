"""Who is in a group of the organisation or collection, those of groups within it included, or why that is not told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.azure_devops.gateway.groups import Graph, Identities
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping.groups import (
    FoundGroup,
    keys_of_identity,
    keys_of_subject,
    matching,
    of_identity,
    of_subject,
)
from connectors.errors import AuthenticationError, NotFound, PermissionMissing, UnexpectedResponse
from connectors.groups import NAMED_IN, UNTIL_THEN, Members
from connectors.http.flight import in_order
from connectors.lazy import cached_property

_SCOPES = {Graph: "Graph (Read)", Identities: "Identity (Read)"}
_SEARCHES = ("LocalGroupName", "General")
_MOST_NAMED = 3
_Opened = tuple[set[tuple[str, ...]], list[FoundGroup]]
"""People and groups."""


class GroupDirectory:
    """Groups as one run sees them: all of the Services are listed once, a Server is searched for each name."""

    def __init__(self, source_id: str, gateway: Gateway, width: int) -> None:
        self._source_id = source_id
        self._gateway = gateway
        self._width = width
        self._needed = "Graph (Read), or on a Server Identity (Read)"

    def ask(self, name: str) -> Members | str:
        """Who is in the group of that name, or one line that says what is missing."""
        try:
            return self._members(name)
        except (AuthenticationError, PermissionMissing) as error:
            # a token without the scope is answered like one that is dead
            if isinstance(error, AuthenticationError):
                self._gateway.is_still_in()
            return (
                f"the members of group {name!r} are not shown: give the token the scope {self._needed}, or take the "
                f"group out of {NAMED_IN}; {UNTIL_THEN} ({error})"
            )
        except (NotFound, UnexpectedResponse) as error:
            return f"the members of group {name!r} cannot be read; {UNTIL_THEN} ({error})"

    @cached_property
    def _book(self) -> Graph | Identities:
        book = self._gateway.group_book()
        self._needed = _SCOPES[type(book)]
        return book

    @cached_property
    def _listed(self) -> Sequence[FoundGroup]:
        return [of_subject(each) for each in self._book.groups()] if isinstance(self._book, Graph) else ()

    def _members(self, name: str) -> Members | str:
        found = self._find(name)
        if not found:
            return (
                f"there is no group {name!r}, or the account may not see it: correct its name in {NAMED_IN}, e.g. "
                f"[Project]\\Group; one of this source alone is written {self._source_id}:NAME; {UNTIL_THEN}"
            )
        if len(found) > 1:
            named = ", ".join(sorted(group.shown for group in found)[:_MOST_NAMED])
            return f"{len(found)} groups are called {name!r}: write which one in {NAMED_IN}, e.g. {named}; {UNTIL_THEN}"
        return self._everybody(found[0])

    def _find(self, name: str) -> Sequence[FoundGroup]:
        book = self._book
        if isinstance(book, Graph):
            return matching(self._listed, name)
        for search in _SEARCHES:
            if found := matching([of_identity(one) for one in book.named(search, name) if one.is_container], name):
                return found
        return ()

    def _everybody(self, group: FoundGroup) -> Members:
        """Level by level, each group once: groups may be in one another."""
        people: set[tuple[str, ...]] = set()
        seen, level = {group.key: group}, [group]
        while level:
            told, within = self._opened([each.key for each in level])
            people |= told
            level = [each for each in {one.key: one for one in within}.values() if each.key not in seen]
            seen |= {each.key: each for each in level}
        return Members(people, tuple(_of_entra(group, seen.values())))

    def _opened(self, keys: Sequence[str]) -> _Opened:
        book = self._book
        if isinstance(book, Graph):
            lists = in_order(self._gateway.pool, book.members, keys, self._width)
            subjects = list(book.subjects(sorted({each for members in lists for each in members})))
            people = {keys_of_subject(each) for each in subjects if each.subject_kind != "group"}
            return people, [of_subject(each) for each in subjects if each.subject_kind == "group"]
        ids = sorted({each for one in book.with_members(keys) for each in one.member_ids or ()})
        identities = list(book.by_id(ids))
        people = {keys_of_identity(each) for each in identities if not each.is_container}
        return people, [of_identity(each) for each in identities if each.is_container]


def _of_entra(group: FoundGroup, all_of_it: Iterable[FoundGroup]) -> Iterable[str]:
    named = sorted(each.shown for each in all_of_it if each.is_of_entra)
    if named:
        yield (
            f"{group.shown} is or holds groups of Microsoft Entra ({', '.join(named[:_MOST_NAMED])}): of their members "
            "Azure DevOps knows those only who have signed in to it"
        )
