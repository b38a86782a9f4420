"""What Jira Cloud and Data Center are asked for in different ways: people, projects, issues with their histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connectors.jira.gateway import answers
from connectors.jira.gateway.site_gateway import Refused


@dataclass(frozen=True, slots=True)
class Found:
    """Issues with their complete histories by native issue id, oldest first or not; without any they are left out."""

    issues: Sequence[answers.FoundIssue]
    histories: Mapping[str, Sequence[answers.History]]
    has_more: bool = False
    """Whether the server promises more issues after these, where it does not tell how many there are."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Native id → why, of issues whose histories came in a shape that cannot be read."""


class Dialect(Protocol):
    """One flavour of Jira. Methods are safe to call from several threads; they raise `SourceError`s only."""

    @property
    def kind(self) -> str:
        """`jira_cloud` or `jira_data_center`."""
        ...

    @property
    def counts_exactly(self) -> bool:
        """Whether `count` can be relied on to the last issue."""
        ...

    @property
    def links_epics_by_key(self) -> bool:
        """Whether issues tell the epic that they belong to by its key, in a custom field, instead of by `parent`."""
        ...

    def myself(self) -> answers.Account:
        """Whom the login belongs to; `AuthenticationError` when it is refused."""
        ...

    def projects(self) -> list[answers.Project]:
        """All live projects that the account sees."""
        ...

    def users(self) -> Iterator[list[answers.Account]]:
        """Pages of all people and apps; raises `PermissionMissing` without the permission to browse users."""
        ...

    def people(self, natives: Sequence[str]) -> list[answers.Account]:
        """Those of the people, by native id, that the server still tells about."""
        ...

    def project_of_board(self, board_id: int) -> str | Refused:
        """Native id of the one project of a board that names no place; empty without one or with several."""
        ...

    def count(self, jql: str) -> int:
        """How many issues a query has; on Cloud about how many."""
        ...

    def edge(self, jql: str, order: str, field: str = "created") -> answers.FoundIssue | None:
        """The first issue of a query in that order, with one field only; None if there is none."""
        ...

    def search(self, jql: str, left_out: Iterable[str] = ()) -> Iterator[Found]:
        """Pages of a query's issues, by id, with all fields but `left_out`; a page may be short or empty."""
        ...

    def keys(self, jql: str) -> Iterator[Sequence[answers.FoundIssue]]:
        """Pages of a query's issues with nothing but id and key, as many a page as the server gives."""
        ...

    def by_id(self, natives: Sequence[str], left_out: Iterable[str] = ()) -> Found:
        """Issues by native id, wherever they are now; those that are gone or not for this account are left out."""
        ...

    def ids_of(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Key → native id; keys of issues that are gone, renamed or not for this account are left out."""
        ...
