"""The shapes of comments and worklogs, as far as they are read."""

from __future__ import annotations

import msgspec

from connectors.jira.gateway.answers import Account, Answer, Id, IssueFields, Moment, Seconds


class CommentAnswer(Answer, frozen=True, gc=False, rename="camel"):
    """A comment; its text stays as it came, since mostly nobody reads it."""

    id: Id
    created: Moment
    updated: Moment | None = None
    author: Account | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class CommentPage(Answer, frozen=True, gc=False, rename="camel"):
    """Comments of one issue; `total` tells the truth, the list may be shorter."""

    comments: tuple[CommentAnswer, ...] = ()
    total: int = 0


class WorklogAnswer(Answer, frozen=True, gc=False, rename="camel"):
    """Booked time; its comment is skipped."""

    id: Id
    started: Moment
    updated: Moment
    time_spent_seconds: Seconds
    author: Account | None = None
    issue_id: str = ""


class WorklogPage(Answer, frozen=True, gc=False, rename="camel"):
    """Worklogs of one issue; `total` tells the truth, the list holds at most 20 within an issue."""

    worklogs: tuple[WorklogAnswer, ...] = ()
    total: int = 0


class ChangedWorklog(Answer, frozen=True, gc=False, rename="camel"):
    """A worklog that was written or deleted, and when (epoch milliseconds)."""

    worklog_id: int
    updated_time: int


class WorklogFeed(Answer, frozen=True, gc=False, rename="camel"):
    """A page of changed worklogs; `until` is where the next one begins. The end has either of two names."""

    values: list[ChangedWorklog]
    until: int
    last_page: bool | None = None
    is_last_page: bool | None = None

    @property
    def is_last(self) -> bool:
        """Whether no page follows; where the answer does not say, an empty page is the last."""
        told = self.last_page if self.last_page is not None else self.is_last_page
        return not self.values if told is None else told


class WholeIssue(IssueFields, frozen=True, gc=False):
    """The system fields of an issue, and those that hold comments and worklogs; None where they are not shown."""

    comment: CommentPage | None = None
    worklog: WorklogPage | None = None
