"""What a run learns once about a site: projects, boards, fields. Each is asked for when it is first needed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.http.flight import in_order
from connectors.jira.gateway import answers
from connectors.jira.gateway.board_answers import BoardConfiguration, Features
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.gateway.site_gateway import Gateway, Refused
from connectors.jira.gateway.values import epoch_milliseconds, instant
from connectors.jira.mapping.fields import FieldMap, choose_fields
from connectors.jira.pulling.epics import with_epics
from connectors.jira.pulling.walk import Unit
from connectors.jira.settings import JiraSettings
from connectors.lazy import cached_property
from connectors.remembered import Remembered

T = TypeVar("T")

_SPRINTS = "jsw.agility.sprints"
_ORDER = re.compile(r"\s*\border\s+by\s[^\"']*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Projects:
    """The projects of the scope, and what is amiss with the configured ones."""

    found: tuple[answers.Project, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    """The boards of the scope with their set-up and their sprints, as far as the tracker tells."""

    found: tuple[answers.Board, ...] = ()
    configurations: Mapping[int, BoardConfiguration] = field(default_factory=dict)
    without_sprints: frozenset[int] = frozenset()
    """Numbers of team-managed boards on which sprints are switched off."""
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_open: bool = True
    """Whether the account may see boards at all."""


@dataclass(frozen=True, slots=True)
class SprintLists:
    """The sprints that each board shows, by the board's number."""

    by_board: Mapping[int, tuple[answers.Sprint, ...]]
    notes: tuple[str, ...]


class Site:
    """One site as one run sees it. Used by one thread; asks on several."""

    def __init__(
        self,
        gateway: Gateway,
        choose_dialect: Callable[[answers.ServerInfo], Dialect],
        settings: JiraSettings,
        pool: ThreadPoolExecutor,
        width: int,
        server: answers.ServerInfo | None = None,
    ) -> None:
        self.gateway = gateway
        self.settings = settings
        self.pool = pool
        self.width = width
        self.server_if_known = server
        """What the server is, if it was asked already."""
        self._choose_dialect = choose_dialect
        self.remembered = Remembered(settings.site_hash(), settings.now())
        """What changes seldom and need not be asked every night."""

    @cached_property
    def server(self) -> answers.ServerInfo:
        """What the server is."""
        self.server_if_known = self.server_if_known or self.gateway.server_info()
        return self.server_if_known

    @cached_property
    def began_at(self) -> int:
        """When the run began, epoch milliseconds: by the server's clock, if that is behind ours.

        What changes from then on is left to the next run. Our clock alone would lose what a server that is behind
        writes meanwhile.
        """
        ours, theirs = self.settings.now(), self.server.server_time
        return epoch_milliseconds(ours if theirs is None else min(ours, instant(theirs)))

    @cached_property
    def dialect(self) -> Dialect:
        """The way in which this server is asked for people, projects and issues."""
        return self._choose_dialect(self.server)

    @cached_property
    def url(self) -> str:
        """The address for people: as configured, unless that is Atlassian's gateway."""
        configured = self.settings.url.rstrip("/")
        return self.server.base_url.rstrip("/") if self.settings.is_at_gateway else configured

    @cached_property
    def projects(self) -> Projects:
        """The configured projects that are visible; without a configured list all visible ones."""
        visible = self.dialect.projects()
        if not self.settings.projects:
            return Projects(tuple(visible))
        by_key = {project.key.casefold(): project for project in visible}
        found: dict[str, answers.Project] = {}
        problems = []
        for key in self.settings.projects:
            project = by_key.get(key.casefold()) or self.gateway.project(key)
            if project is None:
                problems.append(f"project {key} is not there or not visible to the account")
            elif project.archived:
                problems.append(f"project {key} is archived; its issues cannot be searched")
            else:
                found[project.id] = project
        return Projects(tuple(found.values()), tuple(problems))

    @cached_property
    def boards(self) -> Boards:
        """The configured boards, else those of the configured projects, else all."""
        problems: list[str] = []
        try:
            found = self._find_boards(problems)
        except (PermissionMissing, NotFound) as error:
            said = f"boards and sprints are left out: {error}"
            if self.settings.boards:  # nothing at all is pulled then
                return Boards(problems=(said,), is_open=False)
            return Boards(notes=(said,), is_open=False)
        found = self._placed(found)
        configurations, hidden = self._remembered_of(
            found, "configuration", BoardConfiguration, self.gateway.board_configuration
        )
        simple = [board for board in found if board.type == "simple"]
        features, _ = self._remembered_of(simple, "features", Features, self.gateway.features)
        notes: list[str] = []
        for board in found:
            if board.id in hidden:
                said = f"board {board.id} ({board.name}): its configuration is not shown: {hidden[board.id].reason}"
                # a board that is configured brings its issues
                is_problem = bool(self.settings.boards) or hidden[board.id].is_failure
                (problems if is_problem else notes).append(said)
        return Boards(
            found=tuple(found),
            configurations=configurations,
            without_sprints=frozenset(number for number, told in features.items() if not _has_sprints(told)),
            notes=tuple(notes),
            problems=tuple(problems),
        )

    def _remembered_of(
        self, boards: Sequence[answers.Board], what: str, type_: type[T], fetch: Callable[[int], T | Refused]
    ) -> tuple[dict[int, T], dict[int, Refused]]:
        """What each board tells of itself, by its number. A refusal is not kept: it is asked for again every night."""

        def answer(number: int) -> T:
            told = fetch(number)
            if isinstance(told, Refused):
                raise _NotToldError(told)
            return told

        def ask(board: answers.Board) -> T | Refused:
            try:
                return self.remembered.ask(f"board {board.id} {what}", type_, lambda: answer(board.id))
            except _NotToldError as refusal:
                return refusal.refused

        told: dict[int, T] = {}
        refused: dict[int, Refused] = {}
        for board, found in zip(boards, in_order(self.pool, ask, boards, self.width), strict=True):
            if isinstance(found, Refused):
                refused[board.id] = found
            else:
                told[board.id] = found
        return told, refused

    def _placed(self, boards: Sequence[answers.Board]) -> list[answers.Board]:
        """The boards with the projects that they belong to, also those that name no place themselves."""
        homeless = [board for board in boards if board.location is None]
        told, _ = self._remembered_of(homeless, "project", str, self.dialect.project_of_board)
        places = {number: answers.BoardLocation(int(project)) for number, project in told.items() if project}
        return [msgspec.structs.replace(each, location=places.get(each.id, each.location)) for each in boards]

    def _find_boards(self, problems: list[str]) -> list[answers.Board]:
        if self.settings.boards:
            asked = {number: self.gateway.board(number) for number in self.settings.boards}
            problems += [f"board {n} is not there or not visible to the account" for n, b in asked.items() if b is None]
            return [board for board in asked.values() if board is not None]
        if not self.settings.projects:
            return self.gateway.boards()
        keys = [project.key for project in self.projects.found]
        listed = self.gateway.few_boards(len(keys) - 1) if len(keys) > 1 else None
        if listed is None:
            return list(self._boards_by_project(keys).values())
        # which of them show issues of the projects is asked once, and again when there is a new board
        names = msgspec.json.encode(sorted(board.id for board in listed))
        shown = self.remembered.ask(
            f"boards of the projects among {hashlib.sha256(names).hexdigest()[:16]}",
            list[int],
            lambda: sorted(self._boards_by_project(keys)),
        )
        return [board for board in listed if board.id in frozenset(shown)]

    def _boards_by_project(self, keys: Sequence[str]) -> dict[int, answers.Board]:
        """The boards that show issues of the projects, by number."""
        lists = in_order(self.pool, self.gateway.boards, keys, self.width)
        return {board.id: board for boards in lists for board in boards}

    @cached_property
    def sprint_lists(self) -> SprintLists:
        """The sprints of the boards; a board without sprints, or one that the tracker refuses, is left out."""
        off = self.boards.without_sprints
        asked = [board for board in self.boards.found if board.type != "kanban" and board.id not in off]
        answered = in_order(self.pool, self.gateway.sprints, [board.id for board in asked], self.width)
        lists: dict[int, tuple[answers.Sprint, ...]] = {}
        notes = []
        for board, answer in zip(asked, answered, strict=True):
            if not isinstance(answer, Refused):
                lists[board.id] = tuple(answer)
            elif answer.status == 400 and board.type == "scrum" and "support sprints" not in answer.reason:  # noqa: PLR2004
                raise UnexpectedResponse(f"the sprints of board {board.id}: {answer.reason}", status=answer.status)
            else:
                notes.append(f"board {board.id} ({board.name}) shows no sprints: {answer.reason}")
        return SprintLists(lists, tuple(notes))

    @cached_property
    def fields(self) -> FieldMap:
        """All fields and their roles."""
        boards = self.boards
        estimated_by = [
            (board.project_id, configuration.estimation.field.field_id)
            for board in boards.found
            if (configuration := boards.configurations.get(board.id)) is not None
            and configuration.estimation is not None
            and configuration.estimation.field is not None
        ]
        return choose_fields(self.gateway.fields(), self.settings.fields, estimated_by)

    @cached_property
    def issue_types(self) -> tuple[answers.IssueType, ...]:
        """All issue types."""

        def ask() -> list[answers.IssueType]:
            return with_epics(self.gateway.issue_types(), self.dialect, lambda: self.fields)

        return tuple(self.remembered.ask("issue types", list[answers.IssueType], ask))

    @cached_property
    def link_types(self) -> tuple[answers.LinkType, ...]:
        """All types of links."""
        return tuple(self.remembered.ask("link types", list[answers.LinkType], self.gateway.link_types))

    def kept(self) -> str:
        """What a bookmark keeps of this run; all that is remembered is asked for by then."""
        _ = self.issue_types, self.link_types, self.boards
        return self.remembered.text()

    @cached_property
    def statuses(self) -> tuple[answers.Status, ...]:
        """The statuses that workflows use today."""
        return tuple(self.gateway.statuses())

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The parts of the scope whose issues are pulled: boards by their filters, or projects, or the query."""
        query = f"({_ORDER.sub('', self.settings.jql)})" if self.settings.jql else ""
        if self.settings.boards:
            return tuple(self._board_units(query))
        if self.settings.projects or not query:
            return tuple(
                Unit(
                    key=f"project:{project.id}",
                    clause=_and(f"project = {project.id}", query),
                    label=f"project {project.key}",
                )
                for project in self.projects.found
            )
        return (Unit(key="query", clause=query, label="the jql of the source"),)

    def _board_units(self, query: str) -> list[Unit]:
        units: dict[str, Unit] = {}
        ids = [project.id for project in self.projects.found] if self.settings.projects else []
        within = f"project in ({', '.join(ids)})" if ids else ""
        for board in self.boards.found:
            configuration = self.boards.configurations.get(board.id)
            if configuration is None or configuration.filter is None:
                continue
            clause = _and(_and(f"filter = {configuration.filter.id}", within), query)
            units[configuration.filter.id] = Unit(
                key=f"filter:{configuration.filter.id}", clause=clause, label=f"the filter of board {board.id}"
            )
        return list(units.values())

    @property
    def held_projects(self) -> frozenset[str] | None:
        """Keys of the projects that are pulled whole; None when the scope is a query or boards."""
        if self.settings.boards or self.settings.jql:
            return None
        return frozenset(project.key for project in self.projects.found)


def _and(left: str, right: str) -> str:
    return f"{left} AND {right}" if left and right else left or right


def _has_sprints(features: Features) -> bool:
    """Unless the feature is there and switched off, the board is asked."""
    return all(feature.state == "ENABLED" for feature in features.features if feature.feature_id == _SPRINTS)


class _NotToldError(Exception):
    """Carries a refusal past what is remembered."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused
