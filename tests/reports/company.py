"""A made-up company with three years of work, reopened defects, releases and names that mean harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, delete, select, update

from benchmarks.history import NOW, History, fill
from metrics.catalog import compute
from metrics.settings import Calendar, DefectRule, Defects, MetricSettings, Workflow
from reports.base import Order
from warehouse.bulk import insert_rows
from warehouse.tables import table

SETTINGS = MetricSettings(
    workflow=Workflow(waiting=frozenset({"In Review"})),
    calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")),
    defects=Defects(
        types=frozenset({"Bug"}),
        rules=(
            DefectRule(name="reported by a customer", escaped=True, labels=frozenset({"customer"})),
            DefectRule(name="marked", escaped=False, labels=frozenset({"internal"})),
        ),
        severity_weights={"Critical": 5, "MAJOR": 2.5},
    ),
)
ORDER = Order(made_at=NOW, timezone="Europe/Berlin", title="<b>Delivery</b>", period="52w")
BOARD = "acme:2"
"""The last one with sprints: charts of eight boards take long to draw."""
HOSTILE = (
    "<script>window.hurt = 1</script>",
    '"><img src=x onerror="window.hurt = 1">',
    "</script><script>window.hurt = 1</script>",
    "a\u2028b\u2029c <!-- \\u003c {{data}} ${window.hurt = 1}",
)


def found(engine: Engine, issues: int, settings: MetricSettings = SETTINGS) -> Engine:
    """Fill an empty warehouse and compute it."""
    with engine.begin() as connection:
        fill(connection, History(issues=issues, status_changes=5))
        _plan(connection)
        _release(connection)
        _mark(connection, issues)
        _reopen(connection)
        _rename(connection)
        compute(connection, replace(settings), NOW)
    return engine


def _insert(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    columns = sorted({column for row in rows for column in row})
    insert_rows(connection, table(name), columns, [tuple(row.get(column) for column in columns) for row in rows])


def _plan(connection: Connection) -> None:
    """Each four sprints of the first boards become one, a fortnight later: issues join before its start and after."""
    sprints, issues, changes = table("sprints"), table("issues"), table("issue_changes")
    of, fortnight = sprints.c, timedelta(days=14)
    connection.execute(delete(sprints).where(of.board_id > BOARD))
    connection.execute(update(sprints).values(state="closed"))
    rows = connection.execute(select(of.sprint_id, of.start_at)).all()
    first = {row.sprint_id: _first_of_four(row.sprint_id) for row in rows}
    for row in rows:
        if first[row.sprint_id] != row.sprint_id:
            connection.execute(delete(sprints).where(of.sprint_id == row.sprint_id))
            continue
        start, end = row.start_at + fortnight, row.start_at + 5 * fortnight
        is_over = end <= NOW
        times = {"start_at": start, "activated_at": start, "end_at": end, "completed_at": end if is_over else None}
        state = "closed" if is_over else "active"
        connection.execute(update(sprints).where(of.sprint_id == row.sprint_id).values(state=state, **times))
    for sprint_id, kept in first.items():
        old, new = (one.partition(":")[2] for one in (sprint_id, kept))
        connection.execute(update(issues).where(issues.c.sprint_ids == old).values(sprint_ids=new))
        is_of = (changes.c.field == "sprint") & (changes.c.to_value == old)
        connection.execute(update(changes).where(is_of).values(to_value=new))


def _first_of_four(sprint_id: str) -> str:
    """Ids end in the number of the sprint of its board."""
    number = int(sprint_id.partition(":")[2])
    return f"acme:{number - number % 10_000 % 4}"


def _release(connection: Connection) -> None:
    """Releases of the first project, of which four of five of its bugs name one as affected."""
    days = (date(2025, 4, 1), date(2026, 4, 1), date(2026, 1, 1), date(2025, 10, 1))
    _insert(
        connection,
        "versions",
        [
            {
                "version_id": f"acme:v{n}",
                "project_id": "acme:0",
                "name": f"1.{n}",
                "is_released": True,
                "released_on": day,
            }
            for n, day in enumerate(days)
        ],
    )
    affects = [
        {"issue_version_id": f"{one}:v", "issue_id": one, "version_id": f"acme:v{n % 4}", "role": "affects"}
        for n, one in enumerate(_bugs(connection, "acme:0"))
    ]
    _insert(connection, "issue_versions", [one for n, one in enumerate(affects) if n % 5])


def _bugs(connection: Connection, project_id: str | None = None) -> list[str]:
    of = table("issues").c
    statement = select(of.issue_id).where(of.issue_type == "Bug").order_by(of.created_at)
    if project_id:
        statement = statement.where(of.project_id == project_id)
    return list(connection.scalars(statement))


def _mark(connection: Connection, issues: int) -> None:
    """Half of the issues are labelled `internal`; of four bugs one has no severity."""
    of = table("issues")
    for n, one in enumerate(_bugs(connection)):
        severity = ("Critical", "Major", "Minor", None)[n % 4]
        connection.execute(update(of).where(of.c.issue_id == one).values(severity=severity))
    ids = [f"acme:{number}" for number in range(0, issues, 2)]
    _insert(
        connection,
        "issue_labels",
        [{"issue_label_id": f"{one}:internal", "issue_id": one, "label": "internal"} for one in ids],
    )


def _reopen(connection: Connection) -> None:
    """Every third bug that is done was opened again two days later, and done after three more."""
    of = table("issues").c
    rows = connection.execute(
        select(of.issue_id, of.updated_at).where(of.issue_type == "Bug", of.status == "Done").order_by(of.issue_id)
    ).all()
    again = [row for row in rows[::3] if row.updated_at + timedelta(days=5) < NOW]
    changes = [change for n, row in enumerate(again) for change in _back_and_forth(row, 1_000_000 + 2 * n)]
    _insert(connection, "issue_changes", changes)


def _back_and_forth(row: Any, entry: int) -> Iterator[dict[str, Any]]:
    for n, (days, before, after) in enumerate(
        [(2, ("4", "Done"), ("1", "In Progress")), (5, ("1", "In Progress"), ("4", "Done"))]
    ):
        yield {
            "change_id": f"acme:{entry + n}:0",
            "issue_id": row.issue_id,
            "entry_number": entry + n,
            "ordinal": 0,
            "changed_at": row.updated_at + timedelta(days=days),
            "field": "status",
            "field_id": "status",
            "from_value": before[0],
            "from_text": before[1],
            "to_value": after[0],
            "to_text": after[1],
        }


def _rename(connection: Connection) -> None:
    """Names that are markup, in every place that the page shows one; and an address that is a script."""
    issues = table("issues")
    of = issues.c
    youngest = connection.scalars(select(of.issue_id).order_by(of.updated_at.desc())).all()
    for n, one in enumerate(youngest):
        connection.execute(update(issues).where(of.issue_id == one).values(summary=HOSTILE[n % len(HOSTILE)]))
        if n == 0:
            connection.execute(update(issues).where(of.issue_id == one).values(url="javascript:window.hurt=1"))
    for name, key in (("boards", "board_id"), ("versions", "version_id"), ("sprints", "sprint_id")):
        target = table(name)
        ids = connection.scalars(select(target.c[key]).order_by(target.c[key])).all()
        for n, one in enumerate(ids[:: max(1, len(ids) // 6)]):
            value = f"{HOSTILE[n % len(HOSTILE)]} {n}"
            connection.execute(update(target).where(target.c[key] == one).values(name=value))
