"""Statuses that only history knows, as the warehouse has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from flowmart.looking.recorded import Recorded, StrayStatus, read_recorded
from metrics.settings import MetricSettings, StageNames, Workflow
from warehouse.loader import Loader
from warehouse.records import Issue, IssueChange, IssueType, Project, Status

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def connection(warehouse: Engine) -> Iterator[Connection]:
    """A warehouse with one project, the status To Do, and QA, which only history knows."""
    with warehouse.begin() as made:
        load(
            made,
            Project(project_id="acme:1", source_id="acme", key="PAY", name="Pay"),
            IssueType(issue_type_id="acme:9", source_id="acme", name="Bug", level="standard"),
            a_status("10", "To Do", "new"),
            a_status("77", "QA", None),
        )
        yield made


def load(connection: Connection, *records: Any) -> None:
    for record in records:
        Loader(connection).upsert([record])


def a_status(native: str, name: str, category: str | None) -> Status:
    return Status(
        status_id=f"acme:{native}", source_id="acme", project_id=None, issue_type=None, name=name, category=category
    )


def an_issue(number: int, status: tuple[str, str], absence: str | None = None) -> Issue:
    nothing = dict.fromkeys(Issue.__struct_fields__)
    given = {
        "issue_id": f"acme:{number}",
        "source_id": "acme",
        "project_id": "acme:1",
        "key": f"PAY-{number}",
        "url": "https://x.example",
        "issue_type": "Story",
        "level": "standard",
        "summary": "x",
        "status_id": f"acme:{status[0]}",
        "status": status[1],
        "created_at": NOON,
        "updated_at": NOON,
        "is_flagged": False,
        "custom_fields": "{}",
        "absence": absence,
    }
    return Issue(**{**nothing, **given})  # type: ignore[arg-type]  # a row of many columns


def a_change(issue: int, number: int, before: tuple[str, str], after: tuple[str, str]) -> IssueChange:
    return IssueChange(
        change_id=f"acme:{issue}:{number}",
        issue_id=f"acme:{issue}",
        entry_number=number,
        ordinal=0,
        changed_at=NOON,
        author_id=None,
        field="status",
        field_id=None,
        from_value=before[0],
        from_text=before[1],
        to_value=after[0],
        to_text=after[1],
    )


TODO, QA, GONE = ("10", "To Do"), ("77", "QA"), ("88", "Waiting for Bob")


def test_an_empty_warehouse_has_nothing_recorded(warehouse: Engine) -> None:
    with warehouse.connect() as empty:
        assert read_recorded(empty, MetricSettings()) == Recorded()


def test_trap_41_statuses_without_a_stage_are_counted_in_issues_and_changes(connection: Connection) -> None:
    load(
        connection,
        an_issue(1, TODO),
        an_issue(2, QA),
        an_issue(3, QA, absence="deleted"),
        a_change(1, 1, TODO, QA),
        a_change(1, 2, QA, GONE),
        a_change(1, 3, GONE, TODO),
    )
    recorded = read_recorded(connection, MetricSettings())
    assert recorded.strays == (
        StrayStatus(source="acme", name="QA", issues=1, changes=2),
        StrayStatus(source="acme", name="Waiting for Bob", issues=0, changes=2),
    )
    assert recorded.statuses == {"acme": frozenset({"To Do", "QA", "Waiting for Bob"})}
    assert recorded.types == {"acme": frozenset({"Bug"})}


def test_a_status_that_the_workflow_names_is_no_stray(connection: Connection) -> None:
    load(connection, an_issue(1, TODO), a_change(1, 1, TODO, QA), a_change(1, 2, QA, TODO))
    named = MetricSettings(workflow=Workflow(stages=StageNames(in_progress=frozenset({"qa"}))))
    assert read_recorded(connection, named).strays == ()
