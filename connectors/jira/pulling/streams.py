"""The streams of a site's own things: projects, fields, types, statuses, people, boards, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC

from connectors.base import Page, Replacement
from connectors.errors import NotFound, PermissionMissing
from connectors.http.flight import in_order
from connectors.jira.gateway import answers
from connectors.jira.mapping.entities import (
    column_id,
    map_board,
    map_board_sprint,
    map_columns,
    map_field,
    map_issue_type,
    map_project,
    map_sprint,
    map_status,
    map_user,
    map_version,
    snapshot,
)
from connectors.jira.pulling.bookmark import digest, digests_text, ids_text, read_digests, remembered_ids
from connectors.jira.pulling.listed_statuses import ListedStatuses, read_statuses
from connectors.jira.pulling.people import listed, read_people
from connectors.jira.pulling.site import Site
from warehouse.records import BoardColumn, BoardColumnStatus, Record, Source, qualified_id

_MOST_COLUMNS = 100
"""A column is known by its place: the places that a board may have had are made empty before they are filled."""


class SiteStreams:
    """Pages of each stream. Lists that change seldom are asked for once a week, the others whole in each run.

    The bookmark of projects holds what was asked for earlier. Those of statuses and boards hold the ids ever listed:
    rows of what is listed no longer stay as they are. That of versions tells how each was found last.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._source_id = site.settings.source_id
        self.known_people: frozenset[str] = frozenset()
        """Those whom the list has named in this run."""
        self.stored_people: Mapping[str, str] = {}
        """Those whom it named on an earlier night, with their digests; empty when it was asked for in this run."""
        self.may_ask_for_people = True
        self._remembered_statuses: frozenset[str] = frozenset()
        self._listed_statuses: Sequence[answers.Status] | None = None
        self._remembered_sprints: frozenset[str] = frozenset()

    @property
    def known_statuses(self) -> frozenset[str]:
        """Ids of the statuses that are listed now or were once."""
        return self._remembered_statuses.union(self.listed_statuses)

    @property
    def listed_statuses(self) -> Mapping[str, answers.Status]:
        """The statuses of the newest list, by id."""
        listed = self._site.statuses if self._listed_statuses is None else self._listed_statuses
        return {status.id: status for status in listed}

    @property
    def known_sprints(self) -> frozenset[str]:
        """Ids of the sprints that boards show now or once did."""
        lists = self._site.sprint_lists.by_board.values()
        return self._remembered_sprints.union(str(sprint.id) for sprints in lists for sprint in sprints)

    @property
    def known_types(self) -> frozenset[str]:
        """Ids of the issue types that are listed."""
        return frozenset(issue_type.id for issue_type in self._site.issue_types)

    def projects(self, bookmark: str | None) -> Iterator[Page]:
        """The source itself and its projects; then, without rows, what need not be asked for every night."""
        site = self._site
        site.remembered.load(bookmark)
        url, kind = site.settings.url.rstrip("/"), site.dialect.kind
        source = Source(source_id=self._source_id, kind=kind, url=url, version=site.server.version)
        rows = [map_project(self._source_id, project) for project in site.projects.found]
        yield Page(records=[source, *rows], problems=site.projects.problems)
        yield Page(bookmark=site.kept())

    def fields(self, _: str | None) -> Iterator[Page]:
        """All fields with their roles."""
        found = self._site.fields
        rows = [map_field(self._source_id, field, found) for field in found.fields]
        yield Page(records=rows, problems=found.problems)

    def issue_types(self, _: str | None) -> Iterator[Page]:
        """All issue types."""
        yield Page(records=[map_issue_type(self._source_id, item) for item in self._site.issue_types])

    def statuses(self, bookmark: str | None) -> Iterator[Page]:
        """The statuses in use; on most nights none, because they are as they were."""
        site, now = self._site.settings.url, self._site.settings.now()
        kept = read_statuses(bookmark)
        self._remembered_statuses = frozenset(kept.ever)
        if kept.is_young(site, now):
            self._listed_statuses = kept.listed
            return
        listed = list(self._site.statuses)
        rows = [map_status(self._source_id, status) for status in listed]
        yield Page(records=rows, bookmark=ListedStatuses(site, now, listed, sorted(self.known_statuses)).text())

    def users(self, bookmark: str | None) -> Iterator[Page]:
        """People and apps, a page at a time; without the permission only those that issues name are known."""
        settings = self._site.settings
        site, now = settings.url, settings.now()
        if not settings.lists_people:
            self.may_ask_for_people = False
            return
        kept = read_people(bookmark, site, now)
        if kept is not None:
            self.stored_people = kept.people
            return
        everybody: list[answers.Account] = []
        try:
            for page in self._site.dialect.users():
                people = [account for account in page if account.native_id]
                everybody += people
                self.known_people = self.known_people.union(account.native_id for account in people)
                yield Page(records=[map_user(self._source_id, account) for account in people])
        except PermissionMissing as error:
            self.may_ask_for_people = False
            yield Page(notes=[f"people are taken from issues only: {error}"])
        else:
            yield Page(bookmark=listed(site, now, everybody, settings.people).text())

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
            replacements=self._columns(),
            bookmark=ids_text(self.known_sprints),
            notes=(*boards.notes, *lists.notes),
            problems=boards.problems,
        )

    def _columns(self) -> list[Replacement]:
        """The columns of the boards that show their set-up, and what each column shows."""
        told = self._site.boards.configurations
        mapped = [map_columns(self._source_id, number, answer) for number, answer in told.items()]
        boards = [qualified_id(self._source_id, number) for number in told]
        places = [column_id(board, place) for board in boards for place in range(_MOST_COLUMNS)]
        return [
            Replacement(
                record_type=BoardColumn,
                scope="board_id",
                values=boards,
                records=[column for columns, _ in mapped for column in columns],
            ),
            Replacement(
                record_type=BoardColumnStatus,
                scope="board_column_id",
                values=places,
                records=[status for _, statuses in mapped for status in statuses],
            ),
        ]

    def versions(self, bookmark: str | None) -> Iterator[Page]:
        """The versions of the projects, and a snapshot of each that is new or not as it was."""
        site, known = self._site, read_digests(bookmark)

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
                rows = [map_version(self._source_id, project.id, version) for version in found]
                new = {row.version_id: digest(row) for row in rows}
                changed = [row for row in rows if known.get(row.version_id) != new[row.version_id]]
                known |= new
                seen_on = site.settings.now().astimezone(UTC).date()
                snapshots = [snapshot(row, seen_on) for row in changed]
                yield Page(records=[*rows, *snapshots], bookmark=digests_text(known))
