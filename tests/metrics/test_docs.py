"""docs/metrics.md tells of a small company and what queries give for it: both are held to the code, on both engines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics.settings import DefectRule, Defects, MetricSettings, Workflow
from tests.documents import DOCS, examples, gives_what_is_shown
from warehouse.records import IssueChange, IssueLink, IssueVersion, Record, Version
from warehouse.tables import COMPUTED, table

PLACE = DOCS / "metrics.md"
DOCUMENT = PLACE.read_text(encoding="utf-8")
EXAMPLES = examples(DOCUMENT)
DAYS = re.findall(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2} (?:Jan|Feb|Mar))\b", DOCUMENT)
MOMENTS = re.compile(r"\b[A-Z][a-z]{2} (\d{1,2} (?:Jan|Feb|Mar) \d\d:\d\d)\b")

RULES = MetricSettings(
    workflow=Workflow(waiting=frozenset({"Review"})),
    defects=Defects(
        rules=(
            DefectRule(name="found in production", escaped=True, field="found_in", values=frozenset({"Production"})),
            DefectRule(name="found in test", escaped=False, field="found_in", values=frozenset({"Test"})),
        ),
        severity_weights={"Critical": 5, "Major": 2},
    ),
)


def moment(words: str) -> datetime:
    """The instant of 2026 that words such as `9 Mar 13:00` name."""
    return datetime.strptime(f"2026 {words}", "%Y %d %b %H:%M").replace(tzinfo=UTC)


def on(words: str) -> float:
    """The same in the builders' hours."""
    return hours(moment(words))


def hours(instant: datetime) -> float:
    """An instant in the hours that the builders count in, which begin on Monday 2 March."""
    return (instant - moment("2 Mar 00:00")) / timedelta(hours=1)


def doing(issue: Any, words: str) -> Any:
    return issue.then(on(words), status="Doing")


def done(issue: Any, words: str, resolution: str = "Done") -> Any:
    return issue.then(on(words), status="Done", resolution=resolution)


def reopened(issue: Any, words: str) -> Any:
    return issue.then(on(words), status="Doing", resolution=None)


def edited(issue: Any, words: str, field: str, before: str | None, after: str | None) -> Any:
    """Changes a field whose value the builder of histories does not follow."""
    issue.entries += 1
    issue.changes.append(
        IssueChange(
            change_id=f"{issue.issue_id}:{issue.entries}:0",
            issue_id=issue.issue_id,
            entry_number=issue.entries,
            ordinal=0,
            changed_at=moment(words),
            author_id=None,
            field=field,
            field_id=None,
            from_value=None,
            from_text=before,
            to_value=None,
            to_text=after,
        )
    )
    return issue


def early_issues(life: Any) -> Iterator[Any]:
    """PAY-1 to PAY-10: what sprints 1 to 5 delivered."""

    def issue(number: int, points: float, sprint: int, started: str, created: str | None = None, **more: Any) -> Any:
        born = on(started) - 72 if created is None else on(created)
        kind = "Bug" if created else "Story"
        own = life(number, created=born, issue_type=kind, story_points=points, sprint_ids=str(sprint), others=more)
        return doing(own, started)

    yield done(issue(1, 3, 1, "2 Feb 09:00"), "3 Feb 09:00")
    yield done(issue(2, 5, 1, "2 Feb 09:00"), "5 Feb 09:00")
    yield done(issue(3, 5, 2, "9 Feb 09:00"), "11 Feb 09:00")
    in_test = issue(4, 5, 2, "9 Feb 09:00", "4 Feb 09:00", severity="Minor", found_in="Test")
    yield done(reopened(done(in_test, "10 Feb 09:00"), "12 Feb 09:00"), "13 Feb 09:00")
    yield done(issue(5, 8, 3, "16 Feb 09:00"), "20 Feb 09:00")
    yield done(issue(6, 1, 3, "16 Feb 09:00"), "16 Feb 21:00")
    yield done(issue(7, 8, 4, "23 Feb 09:00"), "26 Feb 09:00")
    escaped = issue(8, 3, 4, "23 Feb 09:00", "18 Feb 09:00", severity="Major", found_in="Production")
    yield done(escaped, "25 Feb 09:00")
    yield done(issue(9, 5, 5, "2 Mar 09:00", "26 Feb 09:00", severity="Major"), "5 Mar 09:00")
    yield done(issue(10, 8, 5, "2 Mar 09:00"), "6 Mar 09:00").then(on("9 Mar 10:00"), sprint="5,6")


def late_issues(life: Any) -> Iterator[Any]:
    """PAY-11 to PAY-19: what happened in sprints 6 and 7."""

    def issue(number: int, points: float | None, created: str, sprint: str | None = "6", **more: Any) -> Any:
        kind = more.pop("issue_type", "Story")
        return life(number, created=on(created), issue_type=kind, story_points=points, sprint_ids=sprint, others=more)

    reviewed = doing(issue(11, 5, "5 Mar 10:00"), "9 Mar 09:00").then(on("10 Mar 15:00"), status="Review")
    flagged = edited(doing(reviewed, "11 Mar 09:00"), "11 Mar 11:00", "flagged", None, "Impediment")
    yield done(edited(flagged, "11 Mar 15:00", "flagged", "Impediment", None), "12 Mar 15:00")
    grown = doing(issue(12, 3, "5 Mar 10:00"), "9 Mar 13:00").then(on("10 Mar 10:00"), points=5)
    yield done(reopened(done(grown, "10 Mar 13:00"), "11 Mar 09:00"), "13 Mar 09:00")
    returned = doing(issue(13, 8, "5 Mar 10:00"), "6 Mar 09:00").then(on("6 Mar 17:00"), status="To Do")
    yield doing(returned, "11 Mar 09:00").then(on("13 Mar 17:00"), sprint="6,7")
    yield issue(14, 2, "5 Mar 10:00").then(on("11 Mar 12:00"), sprint=None)
    bug = issue(15, 2, "10 Mar 10:00", issue_type="Bug", severity="Critical", found_in="Production")
    yield done(edited(bug, "11 Mar 09:00", "found_in", None, "Production"), "12 Mar 10:00")
    yield done(issue(16, None, "5 Mar 10:00"), "12 Mar 11:00", "Won't Do")
    yield doing(issue(17, 5, "13 Mar 09:00", "7"), "16 Mar 09:00")
    part = issue(18, None, "9 Mar 09:30", issue_type="Sub-task", level="subtask", parent_id="acme:11")
    yield done(doing(part, "9 Mar 10:00"), "11 Mar 10:00")
    deleted = issue(19, 3, "10 Mar 09:00", None, absence="deleted", deleted_at=moment("11 Mar 16:00"))
    yield doing(deleted, "10 Mar 11:00")


def sprints_of(sprint: Any) -> Iterator[Record]:
    """Seven weeks from Monday 09:00 to Friday 17:00; the last goes on."""
    for number in range(1, 8):
        start = on("2 Feb 09:00") + 168 * (number - 1)
        yield sprint(number, start, start + 104, "closed" if number < 7 else "active")


def other_records() -> Iterator[Record]:
    """Versions 1.0 and 1.1, the bugs that 1.0 brought, and what blocks PAY-13."""
    for number, name, day in ((100, "1.0", date(2026, 2, 6)), (101, "1.1", None)):
        version_id = f"acme:{number}"
        yield Version(version_id=version_id, project_id="acme:10", name=name, is_released=True, released_on=day)
    for number in (4, 8, 15):
        yield IssueVersion(
            issue_version_id=f"acme:{number}:affects:100",
            issue_id=f"acme:{number}",
            version_id="acme:100",
            role="affects",
        )
    yield IssueLink(
        link_id="acme:1000",
        issue_id="acme:17",
        other_issue_id="acme:13",
        other_key="PAY-13",
        link_type="Blocks",
        direction="outward",
        created_at=moment("17 Mar 12:00"),
    )


@pytest.fixture
def acme(company: Any, life: Any, sprint: Callable[..., Record]) -> Any:
    """The company that the document tells of, computed on Wednesday 18 March at noon."""
    company.settings, company.now = RULES, on("18 Mar 12:00")
    company.holds(*sprints_of(sprint), *early_issues(life), *late_issues(life), *other_records())
    return company.computes()


def test_each_query_gives_what_the_document_shows(acme: Any) -> None:
    with acme.engine.connect() as connection:
        for query, given in EXAMPLES:
            gives_what_is_shown(connection, query, given)


def test_each_query_has_a_result() -> None:
    assert len(EXAMPLES) == DOCUMENT.count("```sql\n")


def test_each_computed_table_and_the_findings_are_queried() -> None:
    asked = {name for query, _ in EXAMPLES for name in re.findall(r"(?:FROM|JOIN) (\w+)", query)}
    assert {one.name for one in COMPUTED} | {"data_quality"} <= asked


@pytest.mark.parametrize("name", [one.name for one in COMPUTED])
def test_each_column_is_explained(name: str) -> None:
    chapter = re.split(r"\n##+ ", DOCUMENT[DOCUMENT.index(f"\n### `{name}`\n") + 1 :])[0]
    key, names = f"{name.removesuffix('s')}_id", table(name).columns.keys()
    assert {name for name in names if f"`{name}`" not in chapter} <= {key}


def test_the_told_histories_are_those_of_the_company(life: Any) -> None:
    for issue in late_issues(life):
        (story,) = re.findall(rf"^\| PAY-{issue.number} \|(.*)\|$", DOCUMENT.split("## Facts")[0], re.MULTILINE)
        happened = {issue.created, *(hours(change.changed_at) for change in issue.changes)}
        assert {on(words) for words in MOMENTS.findall(story)} == happened


def test_its_weekdays_are_right() -> None:
    assert DAYS
    assert [f"{moment(f'{day} 00:00'):%a}" for _, day in DAYS] == [name for name, _ in DAYS]


def test_its_links_lead_somewhere() -> None:
    headings = re.findall(r"^##+ (.*)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(([^)]+)\)", DOCUMENT)
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert all((PLACE.parent / link).exists() for link in links if not link.startswith("#"))
