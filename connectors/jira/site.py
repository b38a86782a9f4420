"""What a run learns once about a site: projects, boards, fields. Each is asked for when it is first needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.flight import in_order
from connectors.jira import answers
from connectors.jira.dialect import Dialect
from connectors.jira.epics import with_epics
from connectors.jira.fields import FieldMap, choose_fields
from connectors.jira.gateway import Gateway, Refused
from connectors.jira.settings import JiraSettings
from connectors.jira.walk import Unit

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
    configurations: Mapping[int, answers.BoardConfiguration] = field(default_factory=dict)
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
    ) -> None:
        self.gateway = gateway
        self.settings = settings
        self.pool = pool
        self.width = width
        self._choose_dialect = choose_dialect

    @cached_property
    def server(self) -> answers.ServerInfo:
        """What the server is."""
        return self.gateway.server_info()

    @cached_property
    def dialect(self) -> Dialect:
        """The way in which this server is asked for people, projects and issues."""
        return self._choose_dialect(self.server)

    @cached_property
    def url(self) -> str:
        """The address for people: as configured, unless that is Atlassian's gateway."""
        configured = self.settings.url.rstrip("/")
        return self.server.base_url.rstrip("/") if "//api.atlassian.com/" in configured else configured

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
            return Boards(notes=(f"boards and sprints are left out: {error}",), is_open=False)
        found = list(in_order(self.pool, self._placed, found, self.width))
        answered = in_order(self.pool, self.gateway.board_configuration, [board.id for board in found], self.width)
        configurations: dict[int, answers.BoardConfiguration] = {}
        notes = []
        for board, answer in zip(found, answered, strict=True):
            if isinstance(answer, Refused):
                notes.append(f"board {board.id} ({board.name}): its configuration is not shown: {answer.reason}")
            else:
                configurations[board.id] = answer
        return Boards(found=tuple(found), configurations=configurations, notes=tuple(notes), problems=tuple(problems))

    def _placed(self, board: answers.Board) -> answers.Board:
        """The board with the project that it belongs to, where it names no place itself."""
        project = None if board.location else self.dialect.project_of_board(board.id)
        return msgspec.structs.replace(board, location=answers.BoardLocation(int(project))) if project else board

    def _find_boards(self, problems: list[str]) -> list[answers.Board]:
        if self.settings.boards:
            asked = {number: self.gateway.board(number) for number in self.settings.boards}
            problems += [f"board {n} is not there or not visible to the account" for n, b in asked.items() if b is None]
            return [board for board in asked.values() if board is not None]
        if not self.settings.projects:
            return self.gateway.boards()
        keys = [project.key for project in self.projects.found]
        lists = in_order(self.pool, self.gateway.boards, keys, self.width)
        return list({board.id: board for boards in lists for board in boards}.values())

    @cached_property
    def sprint_lists(self) -> SprintLists:
        """The sprints of the boards; a board without sprints, or one that the tracker refuses, is left out."""
        asked = [board for board in self.boards.found if board.type != "kanban"]
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
        return with_epics(self.gateway.issue_types(), self.dialect, lambda: self.fields)

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
