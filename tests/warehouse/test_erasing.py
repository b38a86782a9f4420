"""A person is taken out of every table; others, and the facts that do not name them, stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.flowmart.scripted import an_issue
from warehouse.bookmarks import read_bookmark, save_bookmark
from warehouse.erasing import Traces, erase, everybody, mentions, pointing_at_people, with_logins
from warehouse.loader import Loader
from warehouse.records import (
    RECORD_TABLES,
    Capacity,
    DayOff,
    IssueChange,
    IssueSnapshot,
    Record,
    Source,
    User,
    UserGroup,
    Worklog,
)
from warehouse.runs import RunEnd, begin_run, end_run
from warehouse.stale import forget_stale, read_stale
from warehouse.tables import table
from warehouse.upkeep import wipe

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIA = Traces(source_id="acme", natives=frozenset({"acme\\mia"}), names=frozenset({"Mia Berg", "mia@acme.example"}))
MIA_ID = "acme:acme\\mia"


def a_change(number: int, field: str, *halves: str | None, author: str | None = None) -> IssueChange:
    before, before_text, after, after_text = halves
    return IssueChange(
        change_id=f"acme:{number}:0", issue_id="acme:1", entry_number=number, ordinal=0, changed_at=NOON,
        author_id=author, field=field, field_id=None,
        from_value=before, from_text=before_text, to_value=after, to_text=after_text,
    )  # fmt: skip


def stored(engine: Engine, *records: Record) -> None:
    with engine.begin() as connection:
        Loader(connection).upsert(records)
        forget_stale(connection)


def erased(engine: Engine, traces: Traces = MIA) -> dict[str, int]:
    with engine.begin() as connection:
        return dict(erase(connection, traces))


def rows(engine: Engine, kind: type[Record], *columns: str) -> list[Any]:
    of = table(RECORD_TABLES[kind])
    with engine.connect() as connection:
        found = connection.execute(select(*(of.c[name] for name in columns)).order_by(*of.primary_key))
        return [tuple(row) for row in found]


def test_ids_become_null_and_rows_about_the_person_go(warehouse: Engine) -> None:
    stored(
        warehouse,
        User(user_id=MIA_ID, source_id="acme", display_name="Mia Berg", email="mia@acme.example"),
        User(user_id="acme:jo", source_id="acme", display_name="Jo"),
        an_issue(1, assignee_id=MIA_ID, reporter_id="acme:jo"),
        an_issue(2, reporter_id=MIA_ID),
        Worklog(worklog_id="acme:9", issue_id="acme:1", author_id=MIA_ID, started_at=NOON, seconds=60, updated_at=NOON),
        UserGroup(user_group_id="acme:g:m", source_id="acme", group_id="acme:g", user_id=MIA_ID, group_name="g"),
        Capacity(capacity_id="acme:s:m:", sprint_id="acme:s", user_id=MIA_ID, activity=None, hours_per_day=6.0),
        DayOff(day_off_id="acme:s:m:", sprint_id="acme:s", user_id=MIA_ID, first_on=NOON.date(), last_on=NOON.date()),
    )
    assert erased(warehouse) == {
        "users": 1, "user_groups": 1, "capacities": 1, "days_off": 1, "issues": 2, "worklogs": 1,
    }  # fmt: skip
    assert rows(warehouse, User, "user_id") == [("acme:jo",)]
    with warehouse.connect() as connection:
        for column in pointing_at_people():
            assert connection.execute(select(column).where(column == MIA_ID)).all() == []
        assert read_stale(connection) == ["acme:2"]  # by whom it was reported may decide on a defect
    assert erased(warehouse) == {}


@pytest.mark.parametrize(
    ("halves", "left"),
    [
        (("acme\\mia", "Mia Berg", "jo", "Jo"), (None, None, "jo", "Jo")),
        (("[jo, acme\\mia]", "[Jo, Mia Berg]", None, None), ("[jo]", "[Jo]", None, None)),
        (("[jo, acme\\mia]", "[Jo(jo), Mia Berg(acme\\mia)]", None, None), ("[jo]", "[jo]", None, None)),
        ((None, "Mia Berg", None, "MIA@acme.example"), (None, None, None, None)),
        (("other-mia", "Mia Berg", None, None), ("other-mia", "Mia Berg", None, None)),
        ((None, "Ask Mia Berg", None, "Ask Jo"), (None, "Ask Mia Berg", None, "Ask Jo")),
    ],
)
def test_changes_lose_the_person_and_nobody_else(
    warehouse: Engine, halves: tuple[str | None, ...], left: tuple[str | None, ...]
) -> None:
    stored(warehouse, a_change(5, "Reviewers", *halves))
    erased(warehouse)
    assert rows(warehouse, IssueChange, "from_value", "from_text", "to_value", "to_text") == [left]


def test_json_loses_values_that_are_the_person(warehouse: Engine) -> None:
    fields = {"Creator": "Mia Berg", "Reviewers": ["Jo", "Mia Berg"], "Note": "Ask Mia Berg", "Weight": 1.5}
    snapshot = {"rev": 3, "fields": {"System.AssignedTo": "Mia Berg <ACME\\mia>", "System.Title": "x"}}
    stored(
        warehouse,
        an_issue(1, custom_fields=json.dumps(fields)),
        IssueSnapshot(issue_id="acme:1", source_id="acme", revision=3, content=json.dumps(snapshot)),
    )
    assert erased(warehouse) == {"issues": 1, "issue_snapshots": 1}
    ((custom,),) = rows(warehouse, type(an_issue(1)), "custom_fields")
    found = json.loads(custom) if isinstance(custom, str) else custom
    assert found == {"Reviewers": ["Jo"], "Note": "Ask Mia Berg", "Weight": 1.5}
    ((content,),) = rows(warehouse, IssueSnapshot, "content")
    assert json.loads(content) == {"rev": 3, "fields": {"System.Title": "x"}}


def test_a_person_of_another_source_stays(warehouse: Engine) -> None:
    stored(
        warehouse,
        User(user_id="other:acme\\mia", source_id="other", display_name="Mia Berg"),
        an_issue(1, issue_id="other:1", source_id="other", custom_fields='{"Creator": "Mia Berg"}'),
    )
    assert erased(warehouse) == {}


def test_what_is_noted_of_runs_and_bookmarks_forgets_them_too(warehouse: Engine) -> None:
    end = RunEnd(
        outcome="failed", requests=1, retries=0, rows_read=0, rows_written=0, expected=None, received=None,
        error="403: mia@acme.example may not do that",
    )  # fmt: skip
    with warehouse.begin() as connection:
        Loader(connection).upsert([Source(source_id="acme", kind="jira_cloud", url="https://acme.example")])
        connection.execute(table("sources").update().values(account="acme\\mia"))
        end_run(connection, begin_run(connection, "r", "acme", "issues", NOON), end, NOON)
        save_bookmark(connection, "acme", "users", json.dumps({"people": {"acme\\mia": "x"}}), NOON)
        save_bookmark(connection, "acme", "issues", json.dumps({"since": 5}), NOON)
    assert erased(warehouse) == {"sources": 1, "sync_runs": 1, "bookmarks": 1}
    with warehouse.connect() as connection:
        assert connection.scalar(select(table("sync_runs").c.error)) == "403: [erased] may not do that"
        assert read_bookmark(connection, "acme", "users") is None
        assert read_bookmark(connection, "acme", "issues") is not None


def test_texts_that_people_wrote_stay_and_are_counted(warehouse: Engine) -> None:
    stored(warehouse, an_issue(1, summary="Ask Mia Berg"), an_issue(2, summary="Mia Bergmann asks"))
    assert erased(warehouse) == {}
    with warehouse.connect() as connection:
        assert mentions(connection, MIA) == {"issues.summary": 1}


def test_people_are_told_by_id_name_or_address_in_any_case(warehouse: Engine) -> None:
    stored(warehouse, User(user_id=MIA_ID, source_id="acme", display_name="Mia Berg", email="mia@acme.example"))
    with warehouse.connect() as connection:
        (mia,) = everybody(connection)
    assert all(mia.is_called(word) for word in (MIA_ID, "ACME\\mia", "mia berg", "MIA@acme.example"))
    assert not any(mia.is_called(word) for word in ("Mia", "", "acme"))


def test_a_login_that_only_groups_know_is_theirs_too(warehouse: Engine) -> None:
    def member(native: str) -> UserGroup:
        user_id = f"acme:{native}"
        return UserGroup(user_group_id=native, source_id="acme", group_id="g", user_id=user_id, group_name="g")

    jo = Traces(source_id="acme", natives=frozenset({"jo@fab.example"}), names=frozenset({"Jo"}))
    people = [User(user_id="acme:other\\jo", source_id="acme", display_name="Another Jo")]
    stored(warehouse, *people, *map(member, ("FAB\\Jo", "jo@fab.example", "other\\jo", "FAB\\joan")))
    with warehouse.connect() as connection:
        assert with_logins(connection, jo).natives == {"jo@fab.example", "FAB\\Jo"}


def test_the_freed_space_is_written_anew(warehouse: Engine) -> None:
    if warehouse.dialect.name == "snowflake":
        pytest.skip("what is deleted stays as long as time travel keeps it")
    stored(warehouse, User(user_id=MIA_ID, source_id="acme", display_name="Mia Berg"))
    assert wipe(warehouse, erased(warehouse))
