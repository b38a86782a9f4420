"""Rows of loaded tables as they were at hour 10: what came later goes, what went later comes back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from metrics.rewinding.rewind import rewind, sprint_then
from tests.metrics.conftest import Company, Life, at, hours_of
from warehouse.records import (
    Comment,
    Field,
    IssueChange,
    IssueComponent,
    IssueLabel,
    IssueLink,
    IssueVersion,
    LinkEvent,
    Project,
    Record,
    Sprint,
    Version,
    VersionSnapshot,
    Worklog,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOUR = 10


def rewound(company: Company, *given: Life | Record, hour: float = HOUR, **scopes: Sequence[str]) -> Company:
    company.holds(*given)
    with company.engine.begin() as connection:
        rewind(connection, at(hour), ZoneInfo("UTC"), scopes)
    return company


def changed(
    field: str,
    before: tuple[str | None, str | None] = (None, None),
    after: tuple[str | None, str | None] = (None, None),
    **values: Any,
) -> IssueChange:
    """A change of issue 1 at hour 20; the halves are (value, text)."""
    given: dict[str, Any] = {"number": 1, "hour": 20, "issue_id": "acme:1", "field_id": None, **values}
    number, hour = given.pop("number"), given.pop("hour")
    return IssueChange(
        change_id=f"{given['issue_id']}:x{number}", entry_number=100 + number, ordinal=number, changed_at=at(hour),
        author_id=None, field=field, from_value=before[0], from_text=before[1], to_value=after[0], to_text=after[1],
        **given,
    )  # fmt: skip


def test_what_happened_exactly_then_had_happened(company: Company, life: type[Life]) -> None:
    found = rewound(company, life().then(HOUR, status="Doing").then(HOUR + 0.001, status="Done"))
    assert found.rows("issues", "status", "status_id") == [("Doing", "acme:2")]
    assert found.rows("issue_changes", "to_text") == [("Doing",)]


def test_an_issue_that_did_not_exist_yet_goes_with_all_that_names_it(company: Company, life: type[Life]) -> None:
    link = IssueLink(link_id="acme:5", issue_id="acme:1", other_issue_id="acme:2", other_key="PAY-2",
                     link_type="Blocks", direction="outward")  # fmt: skip
    label = IssueLabel(issue_label_id="acme:2:x", issue_id="acme:2", label="x")
    child = life(1, others={"parent_id": "acme:2"})
    found = rewound(company, child, life(2, created=11).then(12, status="Done"), link, label)
    assert found.rows("issues", "issue_id", "parent_id") == [("acme:1", None)]
    for name in ("issue_changes", "issue_links", "issue_labels"):
        assert found.rows(name) == []


def test_an_absent_issue_stays_absent(company: Company, life: type[Life]) -> None:
    gone = life(others={"absence": "deleted", "deleted_at": at(30)}).then(20, status="Done")
    found = rewound(company, gone)
    assert found.rows("issues", "absence", "status") == [("deleted", "To Do")]


def test_an_issue_was_updated_last_by_its_last_change(company: Company, life: type[Life]) -> None:
    commented = {"updated_at": at(15)}
    found = rewound(company, life(1, created=1).then(4, status="Done"), life(2, created=2, others=commented),
                    life(3).then(5, points=1).then(20, points=2))  # fmt: skip
    assert found.rows("issues", "issue_id", "updated_at") == [("acme:1", 4), ("acme:2", 2), ("acme:3", 5)]


def test_issues_outside_of_the_configured_projects_were_not_held_or_had_moved_away(
    company: Company, life: type[Life]
) -> None:
    came, back, inside = life(1, project="20"), life(2), life(3)
    found = rewound(
        company,
        came.then(20, project="10"),
        back.then(3, project="20").then(20, project="10"),
        inside.then(20, project="20"),
        acme=["pay"],
    )
    assert found.rows("issues", "issue_id", "absence") == [("acme:2", "moved_away"), ("acme:3", None)]


def test_labels_are_those_that_the_first_later_change_took_the_place_of(company: Company, life: type[Life]) -> None:
    now = [IssueLabel(issue_label_id=f"{i}:new", issue_id=i, label="new") for i in ("acme:1", "ado:2", "acme:3")]
    jira = changed("labels", (None, "a b"), (None, "new"))
    again = changed("labels", (None, "new c"), (None, "new"), number=2, hour=21)
    ado = changed("labels", ("big one; b",) * 2, ("new",) * 2, issue_id="ado:2")
    found = rewound(company, life(1), life(2, source_id="ado"), life(3), *now, jira, again, ado)
    assert found.rows("issue_labels", "issue_label_id", "label") == [
        ("acme:1:a", "a"), ("acme:1:b", "b"), ("acme:3:new", "new"), ("ado:2:b", "b"), ("ado:2:big one", "big one"),
    ]  # fmt: skip


def test_components_and_versions_that_came_go_and_those_that_went_come_back(company: Company, life: type[Life]) -> None:
    held = [
        IssueComponent(issue_component_id=f"acme:1:{name}", issue_id="acme:1", component=name)
        for name in ("old", "new")
    ]
    versions = [
        IssueVersion(issue_version_id=f"acme:1:{role}:{n}", issue_id="acme:1", version_id=f"acme:{n}", role=role)
        for role, n in (("fix", 1), ("fix", 2), ("affects", 2))
    ]
    changes = [
        changed("components", after=("8", "new"), number=1),
        changed("components", ("7", "gone"), number=2),
        changed("components", after=("6", "passing"), number=3),
        changed("components", ("6", "passing"), number=4),
        changed("fix_versions", after=("2", "two"), number=5),
        changed("fix_versions", (None, "three"), number=6),
    ]
    three = Version(version_id="acme:3", project_id="acme:10", name="three", is_released=False)
    found = rewound(company, life(1), three, *held, *versions, *changes)
    assert found.rows("issue_components", "component") == [("gone",), ("old",)]
    assert found.rows("issue_versions", "issue_version_id", "version_id") == [
        ("acme:1:affects:2", "acme:2"), ("acme:1:fix:1", "acme:1"), ("acme:1:fix:3", "acme:3"),
    ]  # fmt: skip


def a_link(number: str, created: float | None, removed: float | None = None, **values: Any) -> IssueLink:
    return IssueLink(
        link_id=f"acme:{number}", link_type="Blocks", direction="outward",
        created_at=None if created is None else at(created), removed_at=None if removed is None else at(removed),
        **{"issue_id": "acme:1", "other_issue_id": "acme:2", "other_key": "PAY-2", **values},
    )  # fmt: skip


def test_links_made_later_go_and_links_removed_later_come_back(company: Company, life: type[Life]) -> None:
    links = [
        a_link("1", 5), a_link("2", 11), a_link("removed:3", 4, 12, other_issue_id=None),
        a_link("removed:4", 2, 3), a_link("removed:5", 12, 13),
    ]  # fmt: skip
    found = rewound(company, life(1), life(2), *links)
    assert found.rows("issue_links", "link_id", "other_issue_id", "created_at", "removed_at") == [
        ("acme:1", "acme:2", 5, None), ("acme:removed:3", "acme:2", 4, None), ("acme:removed:4", "acme:2", 2, 3),
    ]  # fmt: skip


def made(hour: float, key: str, direction: str | None = "outward", **values: Any) -> LinkEvent:
    return LinkEvent(
        link_event_id=f"{hour}:{key}:{values}", happened_at=at(hour),
        **{"issue_id": "acme:1", "other_issue_id": None, "other_key": key, "link_type": "Blocks",
           "direction": direction, "is_made": True, **values},
    )  # fmt: skip


def test_a_link_to_an_issue_that_moved_since_is_dated_by_its_key_of_then(company: Company, life: type[Life]) -> None:
    moved = life(2, others={"key": "OPS-9"})
    key = changed("key", (None, "PAY-2"), (None, "OPS-9"), issue_id="acme:2")
    links = [a_link(n, None, other_key="OPS-9") for n in ("8", "9", "10")]
    events = [made(3, "PAY-2"), made(7, "PAY-2", None), made(12, "PAY-2")]
    found = rewound(company, life(1), moved, key, *links, *events)
    assert found.rows("issue_links", "link_id", "created_at") == [("acme:8", 3), ("acme:9", 7)]
    assert found.rows("link_events", "happened_at") == [(3,), (7,)]


def ado_link(created: float | None, removed: float | None, parent: int = 1, kind: str = "Parent") -> IssueLink:
    return IssueLink(
        link_id=f"ado:{kind}:{parent}:9", issue_id=f"ado:{parent}", other_issue_id="ado:9", other_key="9",
        link_type=kind, direction="outward", created_at=None if created is None else at(created),
        removed_at=None if removed is None else at(removed),
    )  # fmt: skip


def ado_event(hour: float, *, is_made: bool, parent: int = 1, kind: str = "Parent") -> LinkEvent:
    return made(hour, "9", issue_id=f"ado:{parent}", other_issue_id="ado:9", link_type=kind, is_made=is_made)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(5, True), (12, False)], [(5, None)]),
        ([(5, True), (7, False), (12, True)], [(5, 7)]),
        ([(12, True)], []),
        ([(12, False)], [(None, None)]),
        ([(3, True), (4, False), (5, True), (12, False), (13, True)], [(5, None)]),
    ],
)
def test_a_link_of_azure_devops_that_comes_and_goes_has_one_row_for_all_its_times(
    company: Company, life: type[Life], steps: list[tuple[float, bool]], expected: list[tuple[Any, Any]]
) -> None:
    makings = [hour for hour, is_made in steps if is_made]
    hour, is_made = steps[-1]
    row = ado_link(makings[-1] if makings else None, None if is_made else hour, kind="Related")
    events = [ado_event(hour, is_made=is_made, kind="Related") for hour, is_made in steps]
    lives = [life(n, source_id="ado") for n in (1, 9)]
    found = rewound(company, *lives, row, *events)
    assert found.rows("issue_links", "created_at", "removed_at") == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(1, 5, True), (1, 12, False), (2, 12, True)], "ado:1"),
        ([(2, 12, True)], None),
        ([(1, 12, False), (2, 12, True)], "ado:1"),
        ([(1, 3, True), (1, 4, False), (2, 12, True)], None),
        ([(2, 5, True)], "ado:7"),  # nothing since: today's parent is that of then
    ],
)
def test_the_parent_of_an_item_is_whose_link_was_there(
    company: Company, life: type[Life], steps: list[tuple[int, float, bool]], expected: str | None
) -> None:
    events = [ado_event(hour, is_made=is_made, parent=parent) for parent, hour, is_made in steps]
    lives = [life(n, source_id="ado") for n in (1, 2)]
    found = rewound(company, *lives, life(9, source_id="ado", others={"parent_id": "ado:7"}), *events)
    assert found.rows("issues", "parent_id", issue_id="ado:9") == [(expected,)]


def test_an_estimate_in_another_field_than_today_is_that_of_then(company: Company, life: type[Life]) -> None:
    """A move to a project that estimates in another field: changes of the former field bear its own name."""
    fields = [
        Field(field_id=f"acme:cf_{n}", source_id="acme", name=name, kind="x:float", role="story_points")
        for n, name in ((1, "Story Points"), (2, "Story point estimate"))
    ]
    subject = life(others={"story_points": 5.0, "custom_fields": '{"Story point estimate":5.0}'})
    changes = [
        changed("Story Points", after=(None, "3"), field_id="acme:cf_1", hour=4, number=1),
        changed("Story Points", (None, "3"), field_id="acme:cf_1", number=2),
        changed("story_points", after=("5", "5"), field_id="acme:cf_2", number=3),
    ]
    found = rewound(company, subject, *fields, *changes)
    assert found.rows("issues", "story_points", "custom_fields") in (
        [(3.0, '{"Story Points":3.0}')],
        [(3.0, {"Story Points": 3.0})],
    )
    assert found.rows("issue_changes", "field", "to_text") == [("story_points", "3")]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (("closed", 2, 8, 1, 9), ("closed", 2, 8)),
        (("closed", 2, 12, 1, 9), ("active", 2, None)),
        (("closed", 11, 20, 9, 20), ("future", None, None)),
        (("active", 11, None, 9, 20), ("future", None, None)),
        (("active", 2, None, 1, 20), ("active", 2, None)),
        (("active", None, None, 1, 20), ("active", None, None)),
        (("active", None, None, 11, 20), ("future", None, None)),
        (("future", None, None, 1, 20), ("future", None, None)),
        (("closed", None, None, 2, 12), ("active", None, None)),
        (("closed", None, None, None, None), ("closed", None, None)),
    ],
    ids=str,
)
def test_a_sprint_was_what_its_instants_say(today: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    state, *hours = today
    activated, completed, start, end = (None if hour is None else at(hour) for hour in hours)
    then = sprint_then(state, activated, completed, start, end, instant=at(HOUR))
    assert (then[0], *map(hours_of, then[1:])) == expected


def test_sprints_of_days_are_left_to_the_day(company: Company, sprint: Any) -> None:
    planned: Mapping[str, Any] = {"start_on": date(2026, 3, 9), "finish_on": date(2026, 3, 20)}
    rows: list[Sprint] = [sprint(1, 2, 20, completed_at=at(15)), sprint(2, 200, 400, "closed", **planned)]
    found = rewound(company, *rows)
    assert found.rows("sprints", "sprint_id", "state") == [("acme:1", "active"), ("acme:2", "closed")]


def test_versions_are_as_the_newest_note_until_that_day_says(company: Company) -> None:
    def version(number: int, released_on: date) -> Version:
        return Version(version_id=f"acme:{number}", project_id="acme:10", name="now", is_released=True,
                       released_on=released_on)  # fmt: skip

    def note(number: int, day: int, name: str, *, released: bool = False) -> VersionSnapshot:
        return VersionSnapshot(version_snapshot_id=f"acme:{number}:{day}", version_id=f"acme:{number}",
                               seen_on=date(2026, 3, day), name=name, is_released=released)  # fmt: skip

    early, late = date(2026, 3, 1), date(2026, 3, 20)
    found = rewound(
        company,
        *(version(1, early), version(2, late), version(3, early)),
        *(note(3, 1, "first"), note(3, 2, "then"), note(3, 4, "later", released=True)),
    )
    assert found.rows("versions", "version_id", "name", "is_released", "released_on") == [
        ("acme:1", "now", True, early), ("acme:2", "now", False, late), ("acme:3", "then", False, None),
    ]  # fmt: skip


def test_work_and_comments_of_later_go(company: Company, life: type[Life]) -> None:
    worklogs = [
        Worklog(worklog_id=f"acme:{n}", issue_id="acme:1", author_id=None, started_at=at(hour), seconds=60,
                updated_at=at(hour), deleted_at=at(deleted) if deleted else None)
        for n, hour, deleted in ((1, 5, None), (2, 6, 12), (3, 6, 7), (4, 11, None))
    ]  # fmt: skip
    comments = [
        Comment(comment_id=f"acme:{hour}", issue_id="acme:1", author_id=None, created_at=at(hour)) for hour in (5, 11)
    ]
    found = rewound(company, life(), *worklogs, *comments)
    assert found.rows("worklogs", "worklog_id", "deleted_at") == [("acme:1", None), ("acme:2", None), ("acme:3", 7)]
    assert found.rows("comments", "comment_id") == [("acme:5",)]


def test_a_source_without_a_list_of_projects_held_them_all(company: Company, life: type[Life]) -> None:
    other = Project(project_id="ado:10", source_id="ado", key="Shop", name="Shop")
    found = rewound(company, other, life(1, project="20").then(20, project="10"), ado=["Shop"])
    assert found.rows("issues", "issue_id", "project_id") == [("acme:1", "acme:20")]
