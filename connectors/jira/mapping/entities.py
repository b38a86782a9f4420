"""Maps what a site has besides issues: projects, people, fields, statuses, boards, sprints, versions."""

from __future__ import annotations

from datetime import date

from connectors.jira.gateway import answers
from connectors.jira.gateway.board_answers import BoardConfiguration
from connectors.jira.gateway.values import optional_day, optional_instant
from connectors.jira.mapping.fields import FieldMap
from warehouse.records import (
    Board,
    BoardColumn,
    BoardColumnStatus,
    BoardSprint,
    Field,
    IssueType,
    Project,
    Sprint,
    Status,
    User,
    Version,
    VersionSnapshot,
    qualified_id,
)


def map_project(source_id: str, answer: answers.Project) -> Project:
    """The row of a project."""
    return Project(project_id=qualified_id(source_id, answer.id), source_id=source_id, key=answer.key, name=answer.name)


def map_user(source_id: str, answer: answers.Account) -> User:
    """The row of a person; the mail address is empty where the person hides it."""
    return User(
        user_id=qualified_id(source_id, answer.native_id),
        source_id=source_id,
        display_name=answer.display_name or answer.native_id,
        email=answer.email_address or None,
        is_active=answer.active,
    )


def map_field(source_id: str, answer: answers.Field, fields: FieldMap) -> Field:
    """The row of a field; its kind is the stable type of a custom field, else the type of its values."""
    schema = answer.schema
    return Field(
        field_id=qualified_id(source_id, answer.id),
        source_id=source_id,
        name=fields.names[answer.id],
        kind=(schema.custom or schema.type or None) if schema else None,
        role=fields.roles.get(answer.id),
    )


def map_status(source_id: str, answer: answers.Status) -> Status:
    """The row of a status, with the tracker's category: `new`, `indeterminate`, `done`, `undefined`."""
    owner = answer.scope.project if answer.scope else None
    return Status(
        status_id=qualified_id(source_id, answer.id),
        source_id=source_id,
        project_id=qualified_id(source_id, owner.id) if owner else None,
        issue_type=None,
        name=answer.name,
        category=(answer.status_category.key.lower() or None) if answer.status_category else None,
    )


def historic_status(source_id: str, native_id: str, name: str) -> Status:
    """The row of a status that only history knows."""
    return map_status(source_id, answers.Status(id=native_id, name=name))


def level_of(answer: answers.IssueType) -> str:
    """`subtask`, `standard` or `portfolio`."""
    height = answer.hierarchy_level
    if height is None:  # Data Center knows no heights
        return "subtask" if answer.subtask else "standard"
    if height < 0:
        return "subtask"
    return "portfolio" if height > 0 else "standard"


def map_issue_type(source_id: str, answer: answers.IssueType) -> IssueType:
    """The row of an issue type."""
    return IssueType(
        issue_type_id=qualified_id(source_id, answer.id),
        source_id=source_id,
        name=answer.name,
        level=level_of(answer),
    )


def map_board(source_id: str, answer: answers.Board) -> Board:
    """The row of a board; one that lives with a person has no project."""
    return Board(
        board_id=qualified_id(source_id, answer.id),
        source_id=source_id,
        project_id=qualified_id(source_id, answer.project_id) if answer.project_id else None,
        name=answer.name,
        kind=answer.type,
    )


def column_id(board_id: str, place: int) -> str:
    """The id of a board's column: columns have none of their own."""
    return qualified_id(board_id, place)


def map_columns(
    source_id: str, board: int, answer: BoardConfiguration
) -> tuple[list[BoardColumn], list[BoardColumnStatus]]:
    """The rows of a board's columns, and of the statuses that each shows."""
    board_id = qualified_id(source_id, board)
    found = answer.column_config.columns if answer.column_config else []
    columns = [
        BoardColumn(
            board_column_id=column_id(board_id, place),
            board_id=board_id,
            place=place,
            name=column.name,
            item_limit=column.max,
        )
        for place, column in enumerate(found)
    ]
    statuses = [
        BoardColumnStatus(
            board_column_status_id=qualified_id(row.board_column_id, status),
            board_column_id=row.board_column_id,
            status_id=qualified_id(source_id, status),
        )
        for row, column in zip(columns, found, strict=True)
        for status in dict.fromkeys(status.id for status in column.statuses)
    ]
    return columns, statuses


def map_sprint(source_id: str, answer: answers.Sprint) -> Sprint:
    """The row of a sprint, from a board's list or from a value of the Sprint field; a future one may have no dates."""
    sprint_id = qualified_id(source_id, answer.id)
    board = answer.origin_board_id if answer.origin_board_id is not None else answer.board_id
    return Sprint(
        sprint_id=sprint_id,
        iteration_id=sprint_id,
        source_id=source_id,
        board_id=None if board is None else qualified_id(source_id, board),
        name=answer.name,
        state=answer.state.lower(),
        goal=answer.goal or None,
        start_at=optional_instant(answer.start_date),
        end_at=optional_instant(answer.end_date),
        activated_at=optional_instant(answer.activated_date),
        completed_at=optional_instant(answer.complete_date),
    )


def deleted_sprint(source_id: str, native_id: str, name: str) -> Sprint:
    """The row of a sprint that only history knows."""
    return map_sprint(source_id, answers.Sprint(id=int(native_id), name=name, state="closed"))


def map_board_sprint(source_id: str, board_id: int, sprint_id: int) -> BoardSprint:
    """The row that tells that a board shows a sprint."""
    board = qualified_id(source_id, board_id)
    return BoardSprint(
        board_sprint_id=qualified_id(board, sprint_id), board_id=board, sprint_id=qualified_id(source_id, sprint_id)
    )


def map_version(source_id: str, project_id: str, answer: answers.Version) -> Version:
    """The row of a version of a project."""
    return Version(
        version_id=qualified_id(source_id, answer.id),
        project_id=qualified_id(source_id, project_id),
        name=answer.name,
        is_released=answer.released,
        released_on=optional_day(answer.release_date),
        start_on=optional_day(answer.start_date),
        is_archived=answer.archived,
    )


def snapshot(version: Version, seen_on: date) -> VersionSnapshot:
    """The row that tells how a version was found on a day."""
    return VersionSnapshot(
        version_snapshot_id=qualified_id(version.version_id, seen_on.isoformat()),
        version_id=version.version_id,
        seen_on=seen_on,
        name=version.name,
        is_released=version.is_released,
        is_archived=version.is_archived,
        released_on=version.released_on,
        start_on=version.start_on,
    )
