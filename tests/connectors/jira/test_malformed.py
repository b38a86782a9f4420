"""An issue that cannot be read is told as malformed, with its id and what is wrong, and nothing else of it is."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import UnexpectedResponse
from connectors.jira.mapping.issues import MappedPage
from tests.connectors.jira.fake_jira import Connect, FakeJira, Json, history, issue, many, status_item
from tests.connectors.jira.test_census import gives_by_id, is_open, located
from tests.connectors.jira.test_mapping import mapped, one


def left_out(page: MappedPage) -> list[tuple[str, str, str]]:
    """Id, label and reason of what cannot be read; nothing else of it is there."""
    ids = {one.issue_id for one in page.malformed}
    parts = [*page.records, *(row for part in page.replacements for row in part.records), *page.asides.worklogs]
    assert not any(getattr(row, "issue_id", None) in ids for row in parts)
    assert not any(ids.intersection(part.values) for part in page.replacements)
    return [(one.issue_id, one.label, one.reason) for one in page.malformed]


def test_trap_05_an_answer_without_fields_is_malformed() -> None:
    ((issue_id, label, _),) = left_out(mapped({"id": "42"}))
    assert (issue_id, label) == ("acme:42", "issue 42")


def test_a_malformed_issue_is_left_out_and_named_and_the_others_are_as_without_it() -> None:
    good, links = issue(1, labels=["a"]), {"3": [history(7, status_item(("1", "To Do"), ("2", "Done")))]}
    page = mapped(good, issue(2, status="Open", labels=["b"]), issue(3), histories=links)
    assert left_out(page) == [("acme:2", "ABC-2", "Expected `object`, got `str` - at `$.status`")]
    assert page.issue_ids == ("acme:1", "acme:3", "acme:2")
    alone = mapped(good, issue(3), histories=links)
    assert (page.records, page.replacements, page.mentions) == (alone.records, alone.replacements, alone.mentions)


def test_a_page_of_which_most_cannot_be_read_is_refused() -> None:
    bad = [issue(number, status="Open") for number in range(1, 7)]
    good = [issue(number) for number in range(7, 11)]
    with pytest.raises(UnexpectedResponse, match=r"6 of 10 issues of a page cannot be read, such as ABC-1 .*status"):
        mapped(*bad, *good)


def test_booked_time_that_does_not_tell_its_seconds_is_no_zero() -> None:
    times = dict.fromkeys(("started", "updated", "created"), "2026-03-01T10:00:00.000+0000")
    booked = {"total": 1, "worklogs": [{"id": "5", "timeSpent": "4d", **times}]}
    ((_, _, reason),) = left_out(mapped(issue(1, worklog=booked)))
    assert "timeSpentSeconds" in reason


@pytest.mark.parametrize(
    "fields",
    [
        {"timeoriginalestimate": 2**40},
        {"created": "2026-03-01T10:00:00.000"},
        {"created": "9999-12-31T23:59:59.000-1200"},
        {"updated": 1e300},
        {"duedate": "2026-02-30"},
        {"labels": ["x" * 501]},
        {"fixVersions": [{"name": "1.0"}]},
        {"customfield_20": "no sprint"},
    ],
    ids=str,
)
def test_what_no_column_can_hold_is_malformed(fields: Json) -> None:
    answer = issue(1)
    answer["fields"] |= fields
    assert len(left_out(mapped(answer))) == 1


@pytest.mark.parametrize("value", ["nan", "inf", "1_000", True, [], 10**400], ids=str)
def test_points_that_are_no_number_are_none(value: Any) -> None:
    assert one(customfield_16=value).story_points is None


@pytest.mark.parametrize("native", ["seven", "1_0", -1, 2**63])
def test_a_history_with_a_number_that_is_none_makes_its_issue_malformed(native: object) -> None:
    page = mapped(issue(1), histories={"1": [{**history(7), "id": native}]})
    ((_, label, reason),) = left_out(page)
    assert (label, "history entry" in reason) == ("ABC-1", True)


def test_a_census_finds_an_issue_there_though_it_cannot_be_read(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(3)
    is_open(jira)
    gives_by_id(jira, issue(7), issue(8, status="Open"))
    found = {one.issue_id: one for one in located(connect(), 7, 8, 9)}
    assert [found[f"acme:{number}"].absence for number in (7, 8, 9)] == [None, None, "deleted"]
    page = found["acme:8"].page
    assert page is not None
    assert [one.label for one in page.malformed] == ["ABC-8"]
