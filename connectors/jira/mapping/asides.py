"""What hangs on an issue: comments, mostly without their texts, and booked time; as much as came with the issue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from connectors.jira.gateway.answers import Account
from connectors.jira.gateway.aside_answers import CommentAnswer, WholeIssue, WorklogAnswer
from connectors.jira.gateway.values import instant, optional_instant, readable_text
from warehouse.records import Comment, Worklog, qualified_id

Author = Callable[[Account | None], str | None]
"""Notes a person and gives the native id."""


@dataclass(frozen=True, slots=True)
class Asides:
    """The comments and worklogs of a page of issues, and the issues (native ids) of which there are more."""

    comments: list[Comment] = field(default_factory=list)
    commented: list[str] = field(default_factory=list)
    """Qualified ids of the issues of which all comments are here."""
    worklogs: list[Worklog] = field(default_factory=list)
    more_comments: list[str] = field(default_factory=list)
    more_worklogs: list[str] = field(default_factory=list)
    stores_text: bool = False
    """Whether comments are mapped with their texts."""

    def take(self, source_id: str, native_issue: str, told: WholeIssue, author: Author) -> None:
        """Add what came with an issue."""
        if told.comment is not None:
            if told.comment.total > len(told.comment.comments):
                self.more_comments.append(native_issue)
            else:
                self.take_comments(source_id, native_issue, told.comment.comments, author)
        if told.worklog is not None:
            self.take_worklogs(source_id, native_issue, told.worklog.worklogs, author)
            if told.worklog.total > len(told.worklog.worklogs):
                self.more_worklogs.append(native_issue)

    def take_comments(self, source_id: str, native: str, found: Iterable[CommentAnswer], author: Author) -> None:
        """Add all comments of an issue."""
        self.commented.append(qualified_id(source_id, native))
        with_text = self.stores_text
        self.comments.extend(map_comment(source_id, native, one, author, with_text=with_text) for one in found)

    def take_worklogs(self, source_id: str, native: str, found: Iterable[WorklogAnswer], author: Author) -> None:
        """Add worklogs of an issue."""
        self.worklogs.extend(map_worklog(source_id, native, worklog, author) for worklog in found)


def map_comment(
    source_id: str, native_issue: str, answer: CommentAnswer, author: Author, *, with_text: bool
) -> Comment:
    """The row of a comment."""
    who = author(answer.author)
    return Comment(
        comment_id=qualified_id(source_id, answer.id),
        issue_id=qualified_id(source_id, native_issue),
        author_id=None if who is None else qualified_id(source_id, who),
        created_at=instant(answer.created),
        updated_at=optional_instant(answer.updated),
        body=readable_text(msgspec.json.decode(answer.body)) if with_text else None,
    )


def map_worklog(source_id: str, native_issue: str, answer: WorklogAnswer, author: Author) -> Worklog:
    """The row of booked time."""
    who = author(answer.author)
    return Worklog(
        worklog_id=qualified_id(source_id, answer.id),
        issue_id=qualified_id(source_id, native_issue),
        author_id=None if who is None else qualified_id(source_id, who),
        started_at=instant(answer.started),
        seconds=answer.time_spent_seconds,
        updated_at=instant(answer.updated),
    )
