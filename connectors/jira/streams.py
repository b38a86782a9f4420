"""The streams of a site's own things: projects, fields, types, statuses, people, boards, versions."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Page
from connectors.errors import NotFound, PermissionMissing
from connectors.flight import in_order
from connectors.jira import answers
from connectors.jira.bookmark import ids_text, remembered_ids
from connectors.jira.entities import (
    map_board,
    map_board_sprint,
    map_field,
    map_issue_type,
    map_project,
    map_sprint,
    map_status,
    map_user,
    map_version,
)
from connectors.jira.site import Site
from warehouse.records import Record, Source


class SiteStreams:
    """Pages of each stream; each run reads the whole lists, which are short.

    The bookmarks of statuses and boards hold the ids ever listed: rows of what is listed no longer stay as they are.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._source_id = site.settings.source_id
        self.known_people: frozenset[str] = frozenset()
        self.may_ask_for_people = True
        self._remembered_statuses: frozenset[str] = frozenset()
        self._remembered_sprints: frozenset[str] = frozenset()

    @property
    def known_statuses(self) -> frozenset[str]:
        """Ids of the statuses that are listed now or were once."""
        return self._remembered_statuses.union(status.id for status in self._site.statuses)

    @property
    def known_sprints(self) -> frozenset[str]:
        """Ids of the sprints that boards show now or once did."""
        lists = self._site.sprint_lists.by_board.values()
        return self._remembered_sprints.union(str(sprint.id) for sprints in lists for sprint in sprints)

    def projects(self, _: str | None) -> Iterator[Page]:
        """The source itself and its projects."""
        site = self._site
        url, kind = site.settings.url.rstrip("/"), site.dialect.kind
        source = Source(source_id=self._source_id, kind=kind, url=url, version=site.server.version)
        rows = [map_project(self._source_id, project) for project in site.projects.found]
        yield Page(records=[source, *rows], problems=site.projects.problems)

    def fields(self, _: str | None) -> Iterator[Page]:
        """All fields with their roles."""
        found = self._site.fields
        rows = [map_field(self._source_id, field, found) for field in found.fields]
        yield Page(records=rows, problems=found.problems)

    def issue_types(self, _: str | None) -> Iterator[Page]:
        """All issue types."""
        yield Page(records=[map_issue_type(self._source_id, item) for item in self._site.issue_types])

    def statuses(self, bookmark: str | None) -> Iterator[Page]:
        """The statuses in use."""
        self._remembered_statuses = remembered_ids(bookmark)
        rows = [map_status(self._source_id, status) for status in self._site.statuses]
        yield Page(records=rows, bookmark=ids_text(self.known_statuses))

    def users(self, _: str | None) -> Iterator[Page]:
        """People and apps, a page at a time; without the permission only those that issues name are known."""
        try:
            for page in self._site.dialect.users():
                people = [account for account in page if account.native_id]
                self.known_people = self.known_people.union(account.native_id for account in people)
                yield Page(records=[map_user(self._source_id, account) for account in people])
        except PermissionMissing as error:
            self.may_ask_for_people = False
            yield Page(notes=[f"people are taken from issues only: {error}"])

    def boards(self, bookmark: str | None) -> Iterator[Page]:
        """Boards, the sprints that they show, and which board shows which."""
        self._remembered_sprints = remembered_ids(bookmark)
        boards, lists = self._site.boards, self._site.sprint_lists
        sprints = {sprint.id: sprint for shown in lists.by_board.values() for sprint in shown}
        rows: list[Record] = [map_board(self._source_id, board) for board in boards.found]
        rows += [map_sprint(self._source_id, sprint) for sprint in sprints.values()]
        rows += [
            map_board_sprint(self._source_id, board, sprint.id)
            for board, shown in lists.by_board.items()
            for sprint in shown
        ]
        yield Page(
            records=rows,
            bookmark=ids_text(self.known_sprints),
            notes=(*boards.notes, *lists.notes),
            problems=boards.problems,
        )

    def versions(self, _: str | None) -> Iterator[Page]:
        """The versions of the projects."""
        site = self._site

        def ask(project: answers.Project) -> list[answers.Version] | str:
            try:
                return list(site.gateway.versions(project.id))
            except (PermissionMissing, NotFound) as error:
                return f"the versions of project {project.key} are not shown: {error}"

        answered = in_order(site.pool, ask, site.projects.found, site.width)
        for project, found in zip(site.projects.found, answered, strict=True):
            if isinstance(found, str):
                yield Page(notes=[found])
            elif found:
                yield Page(records=[map_version(self._source_id, project.id, version) for version in found])
