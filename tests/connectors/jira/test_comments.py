"""Comments: who wrote one when, all of an issue's, and never its text."""

from __future__ import annotations

import pytest

from tests.connectors.jira.fake_jira import Connect, FakeJira, comment, inline, issue, many, pull, refusal
from warehouse.records import Comment, Issue, User


def test_comments_come_with_their_issues_and_without_their_texts(jira: FakeJira, connect: Connect) -> None:
    ann = {"accountId": "ann", "displayName": "Ann", "active": True}
    jira.issues = [issue(1, comment=inline("comment", [comment(500, author=ann), comment(501)]))]
    pulled = pull(connect())
    rows = pulled.rows(Comment)
    assert [(row.comment_id, row.issue_id, row.author_id) for row in rows] == [
        ("acme:500", "acme:1", "acme:ann"),
        ("acme:501", "acme:1", None),
    ]
    assert "acme:ann" in {row.user_id for row in pulled.rows(User)}
    assert {row.body for row in rows} == {None}
    assert "comment" not in pulled.rows(Issue)[0].custom_fields
    assert jira.asked("/issue/1/comment") == []


def test_the_rest_is_asked_for_a_hundred_at_a_time(jira: FakeJira, connect: Connect) -> None:
    rows = [comment(n) for n in range(250)]
    jira.issues, jira.comments = [issue(1, comment=inline("comment", rows, 50))], {"1": rows}
    assert len({row.comment_id for row in pull(connect(), "issues").rows(Comment)}) == 250
    assert len(jira.asked("/issue/1/comment")) == 3


def test_the_comments_of_an_issue_are_replaced(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1, comment=inline("comment", [])), *many(3)[1:]]
    parts = [p for page in pull(connect(), "issues").pages for p in page.replacements if p.record_type is Comment]
    assert [(part.scope, list(part.values)) for part in parts] == [("issue_id", ["acme:1"])]


@pytest.mark.parametrize("status", [403, 404])
def test_comments_that_are_not_shown_in_full_stay_as_they_are(jira: FakeJira, connect: Connect, status: int) -> None:
    jira.issues = [issue(1, comment=inline("comment", [comment(n) for n in range(5)], 2))]
    jira.overrides["GET /rest/api/2/issue/1/comment"] = lambda _: refusal(status, "No permission")
    pulled = pull(connect(), "issues")
    parts = [p for page in pulled.pages for p in page.replacements if p.record_type is Comment]
    assert [list(part.values) for part in parts] == [[]]
    assert "the comments of issue 1 are not shown in full" in pulled.notes[0]
