"""Whatever is written of an issue says that it is to be computed anew, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from connectors.base import Mark, Replacement
from tests.flowmart.scripted import an_issue
from warehouse.census import mark_absent
from warehouse.loader import Loader
from warehouse.records import (
    IssueChange,
    IssueComponent,
    IssueLabel,
    IssueLink,
    IssueVersion,
    LinkEvent,
    Record,
    Sprint,
)
from warehouse.stale import forget_stale, read_stale

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def made(kind: type[Record], **values: Any) -> Record:
    return kind(**dict.fromkeys(kind.__struct_fields__) | values)


LABEL = made(IssueLabel, issue_label_id="acme:1:ui", issue_id="acme:1", label="ui")
LINK = made(
    IssueLink,
    link_id="acme:l",
    issue_id="acme:1",
    other_issue_id="acme:2",
    link_type="Blocks",
    direction="outward",
)


def stale(engine: Engine) -> list[str]:
    """The notes, which are taken away."""
    with engine.begin() as connection:
        found = read_stale(connection)
        forget_stale(connection)
    return found


def loaded(engine: Engine, *records: Record) -> list[str]:
    with engine.begin() as connection:
        Loader(connection).upsert(records)
    return stale(engine)


@pytest.mark.parametrize(
    ("record", "issue_ids"),
    [
        (an_issue(1), ["acme:1"]),
        (
            made(
                IssueChange,
                change_id="acme:1:1",
                issue_id="acme:1",
                entry_number=1,
                ordinal=0,
                changed_at=NOON,
                field="status",
            ),
            ["acme:1"],
        ),
        (LABEL, ["acme:1"]),
        (LINK, ["acme:1", "acme:2"]),
        (
            made(IssueVersion, issue_version_id="acme:1:v", issue_id="acme:1", version_id="acme:v", role="affects"),
            ["acme:1"],
        ),
        (
            made(
                LinkEvent,
                link_event_id="acme:e",
                issue_id="acme:3",
                other_key="PAY-1",
                happened_at=NOON,
                is_made=True,
            ),
            ["acme:3"],
        ),
        (made(IssueComponent, issue_component_id="acme:1:c", issue_id="acme:1", component="c"), []),
        (made(Sprint, sprint_id="acme:3", iteration_id="acme:3", source_id="acme", name="3", state="active"), []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_computed_rows_follow_from_marks_its_issues(
    warehouse: Engine, record: Record, issue_ids: list[str]
) -> None:
    assert loaded(warehouse, record) == issue_ids


def test_rows_that_are_replaced_by_none_mark_their_owner(warehouse: Engine) -> None:
    loaded(warehouse, LABEL)
    with warehouse.begin() as connection:
        Loader(connection).replace(
            Replacement(record_type=IssueLabel, scope="issue_id", values=["acme:1", "acme:9"], records=[])
        )
    assert stale(warehouse) == ["acme:1", "acme:9"]


def test_rows_that_replace_others_mark_both_ends(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        Loader(connection).replace(
            Replacement(record_type=IssueLink, scope="issue_id", values=["acme:1"], records=[LINK])
        )
    assert stale(warehouse) == ["acme:1", "acme:2"]


def test_a_link_that_is_marked_as_removed_marks_both_ends(warehouse: Engine) -> None:
    loaded(warehouse, LINK)
    with warehouse.begin() as connection:
        Loader(connection).mark(Mark(record_type=IssueLink, column="removed_at", at={"acme:l": NOON}))
    assert stale(warehouse) == ["acme:1", "acme:2"]


def test_issues_that_are_absent_are_marked(warehouse: Engine) -> None:
    loaded(warehouse, an_issue(1), an_issue(2))
    with warehouse.begin() as connection:
        mark_absent(connection, {"acme:2": "deleted"}, NOON)
    assert stale(warehouse) == ["acme:2"]


def test_a_mark_stays_until_all_are_forgotten(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        Loader(connection).upsert([an_issue(1)])
    assert loaded(warehouse, LABEL, an_issue(2)) == ["acme:1", "acme:2"]
    assert stale(warehouse) == []
