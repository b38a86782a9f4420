"""The loader leaves the warehouse as the records say, however often and in whatever order they come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select

from connectors.base import Mark, Replacement
from warehouse.bulk import clear, insert_rows, update_rows
from warehouse.loader import Loader
from warehouse.records import Issue, IssueLabel, IssueLink, Project, Sprint, Worklog
from warehouse.tables import table

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_issue(number: int, **values: Any) -> Issue:
    return msgspec.structs.replace(
        Issue(
            issue_id=f"acme:{number}",
            source_id="acme",
            project_id="acme:1",
            key=f"PAY-{number}",
            url="https://acme.example/browse/PAY",
            issue_type="Story",
            level="standard",
            summary="Pay by card",
            status_id="acme:3",
            status="In Progress",
            priority=None,
            severity=None,
            resolution=None,
            assignee_id=None,
            reporter_id=None,
            parent_id=None,
            story_points=2.5,
            original_estimate_seconds=None,
            found_in=None,
            created_at=NOON,
            updated_at=NOON,
            resolved_at=None,
            due_on=date(2026, 3, 9),
            deleted_at=None,
            absence=None,
            sprint_ids="36, 37",
            area_path=None,
            is_flagged=False,
            custom_fields='{"Team":"Red"}',
        ),
        **values,
    )


def a_label(issue: int, label: str) -> IssueLabel:
    return IssueLabel(issue_label_id=f"acme:{issue}:{label}", issue_id=f"acme:{issue}", label=label)


def rows(engine: Engine, name: str) -> list[Any]:
    with engine.connect() as connection:
        of = table(name)
        return [tuple(row) for row in connection.execute(select(of).order_by(*of.primary_key))]


def upsert(engine: Engine, *records: Any) -> int:
    with engine.begin() as connection:
        return Loader(connection).upsert(records)


def test_values_come_back_as_they_went_in(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1))
    with warehouse.connect() as connection:
        row = connection.execute(select(table("issues"))).one()
    assert (row.created_at, row.due_on, row.story_points, row.is_flagged) == (NOON, date(2026, 3, 9), 2.5, False)


def test_the_same_page_twice_is_the_page_once(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1), an_issue(2))
    once = rows(warehouse, "issues")
    upsert(warehouse, an_issue(1), an_issue(2))
    assert rows(warehouse, "issues") == once


def test_it_says_how_many_rows_it_wrote(warehouse: Engine) -> None:
    assert upsert(warehouse, an_issue(1), an_issue(2), a_label(1, "x")) == 3


def test_trap_83_of_one_key_twice_in_a_page_the_last_counts(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1, summary="first"), an_issue(1, summary="last"))
    with warehouse.connect() as connection:
        assert connection.execute(select(table("issues").c.summary)).scalars().all() == ["last"]


def test_trap_84_a_late_page_does_not_overwrite_a_newer_row(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1, summary="new", updated_at=NOON))
    upsert(warehouse, an_issue(1, summary="old", updated_at=NOON - timedelta(seconds=1)))
    with warehouse.connect() as connection:
        assert connection.execute(select(table("issues").c.summary)).scalar_one() == "new"


def test_trap_90_nul_and_lone_surrogates_become_replacement_characters(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1, summary="a\0b \ud800 é", custom_fields='{"x":"\\u0000"}'))
    with warehouse.connect() as connection:
        assert connection.execute(select(table("issues").c.summary)).scalar_one() == "a\ufffdb \ufffd é"


def test_columns_that_compute_fills_are_left_alone(warehouse: Engine) -> None:
    upsert(warehouse, an_issue(1))
    with warehouse.begin() as connection:
        update_rows(connection, table("issues"), "issue_id", ["stage", "is_defect"], [("acme:1", "done", True)])
    upsert(warehouse, an_issue(1, summary="again"))
    with warehouse.connect() as connection:
        row = connection.execute(select(table("issues"))).one()
    assert (row.summary, row.stage, row.is_defect) == ("again", "done", True)


def test_a_known_creation_of_a_link_is_not_forgotten(warehouse: Engine) -> None:
    link = IssueLink(
        link_id="acme:l",
        issue_id="acme:1",
        other_issue_id="acme:2",
        other_key=None,
        link_type="Blocks",
        direction="outward",
        created_at=NOON,
    )
    later = NOON + timedelta(days=1)
    upsert(warehouse, link)
    upsert(warehouse, msgspec.structs.replace(link, created_at=None, removed_at=later))
    with warehouse.connect() as connection:
        row = connection.execute(select(table("issue_links"))).one()
    assert (row.created_at, row.removed_at) == (NOON, later)


def test_replace_makes_the_parts_of_an_owner_exactly_these(warehouse: Engine) -> None:
    upsert(warehouse, a_label(1, "x"), a_label(1, "y"), a_label(2, "z"), a_label(3, "kept"))
    with warehouse.begin() as connection:
        Loader(connection).replace(
            Replacement(
                record_type=IssueLabel, scope="issue_id", values=["acme:1", "acme:2"], records=[a_label(1, "y")]
            )
        )
    assert [row[2] for row in rows(warehouse, "issue_labels")] == ["y", "kept"]


def test_a_page_that_fails_leaves_nothing(warehouse: Engine) -> None:
    @dataclass
    class BrokenError(Exception):
        pass

    def broken() -> None:
        with warehouse.begin() as connection:
            Loader(connection).upsert([an_issue(1)])
            raise BrokenError

    with pytest.raises(BrokenError):
        broken()
    assert rows(warehouse, "issues") == []


def test_missing_dates_are_null(warehouse: Engine) -> None:
    upsert(
        warehouse,
        Sprint(
            sprint_id="acme:38", iteration_id="acme:38", source_id="acme", board_id=None, name="Next", state="future"
        ),
    )
    with warehouse.connect() as connection:
        assert connection.execute(select(table("sprints").c.start_at)).scalar_one() is None


def test_parents_are_written_before_children(warehouse: Engine) -> None:
    """Whatever the order within a page: a reader of an autocommitting engine would never see an orphan."""
    upsert(
        warehouse, a_label(1, "x"), an_issue(1), Project(project_id="acme:1", source_id="acme", key="PAY", name="Pay")
    )
    assert [len(rows(warehouse, name)) for name in ("projects", "issues", "issue_labels")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 13, 30, tzinfo=UTC), "2026-03-01T13:30:00.000000Z"),
        (datetime(2026, 3, 1, 13, 30, 0, 7, tzinfo=UTC), "2026-03-01T13:30:00.000007Z"),
        (datetime(2026, 3, 1, 13, 30, 0, 120_000, tzinfo=UTC), "2026-03-01T13:30:00.120000Z"),
        (datetime(2026, 3, 1, 15, 30, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T13:30:00.000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_instants_are_one_text_form_in_sqlite(warehouse: Engine, moment: datetime, text: str) -> None:
    if warehouse.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has a type for instants")
    upsert(warehouse, an_issue(1, created_at=moment, resolved_at=None))
    with warehouse.connect() as connection:
        found = connection.exec_driver_sql("SELECT created_at, resolved_at, julianday(created_at) FROM issues").one()
    assert found[:2] == (text, None)
    assert found[2] == pytest.approx(moment.timestamp() / 86_400 + 2_440_587.5)


def test_bulk_insert_and_clear(warehouse: Engine) -> None:
    of = table("estimates")
    with warehouse.begin() as connection:
        written = insert_rows(connection, of, [c.name for c in of.columns], [("e", "acme:1", 0.1, NOON, None)])
    assert (written, rows(warehouse, "estimates")) == (1, [("e", "acme:1", 0.1, NOON, None)])
    with warehouse.begin() as connection:
        clear(connection, of)
    assert rows(warehouse, "estimates") == []


def test_bulk_writes_follow_the_order_of_the_given_columns_not_the_tables(warehouse: Engine) -> None:
    sprints = table("sprints")
    with warehouse.begin() as connection:
        columns = ["start_at", "state", "name", "sprint_id", "iteration_id", "source_id"]
        insert_rows(connection, sprints, columns, [(NOON, "future", "One", "acme:1", "acme:1", "acme")])
        later = NOON + timedelta(days=1)
        update_rows(connection, sprints, "sprint_id", ["end_at", "state", "name"], [("acme:1", later, "closed", "Two")])
        of = sprints.c
        found = connection.execute(select(of.sprint_id, of.name, of.state, of.start_at, of.end_at)).all()
    assert [tuple(row) for row in found] == [("acme:1", "Two", "closed", NOON, later)]


def test_a_mark_reaches_rows_that_are_there_and_have_none_yet(warehouse: Engine) -> None:
    gone, later = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
    booked = [
        Worklog(
            worklog_id=f"acme:{n}",
            issue_id="acme:1",
            author_id=None,
            started_at=gone,
            seconds=60,
            updated_at=gone,
            deleted_at=None,
        )
        for n in (1, 2)
    ]
    with warehouse.begin() as connection:
        loader = Loader(connection)
        loader.upsert(booked)
        assert loader.mark(Mark(record_type=Worklog, column="deleted_at", at={"acme:1": gone, "acme:3": gone})) == 1
        assert loader.mark(Mark(record_type=Worklog, column="deleted_at", at={"acme:1": later})) == 0
        found = connection.execute(select(table("worklogs").c["worklog_id", "deleted_at"])).all()
    assert sorted(map(tuple, found), key=str) == [("acme:1", gone), ("acme:2", None)]
