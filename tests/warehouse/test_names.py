"""Names in issues follow those of what they name, on both engines."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine, select

from tests.flowmart.scripted import an_issue
from warehouse.loader import Loader
from warehouse.names import follow_status_names
from warehouse.records import Source, Status
from warehouse.tables.loaded import issues


def a_status(native: str, name: str) -> Status:
    return Status(
        status_id=f"acme:{native}", source_id="acme", project_id=None, issue_type=None, name=name, category="new"
    )


def test_trap_41_issues_follow_the_new_name_of_their_status(warehouse: Engine) -> None:
    """Those in other statuses, in unknown ones and of other sources stay as they are."""
    known = a_status("3", "Doing")
    first, second, third, fourth = (
        msgspec.structs.replace(an_issue(number), status="In Progress", status_id=f"acme:{status}")
        for number, status in enumerate(("3", "4", "5", "3"), 1)
    )
    rows = [first, second, third, msgspec.structs.replace(fourth, source_id="other")]
    with warehouse.begin() as connection:
        loader = Loader(connection)
        loader.upsert([Source(source_id="acme", kind="jira_cloud", url="x"), known, a_status("4", "In Progress")])
        loader.upsert(rows)
        assert follow_status_names(connection, "acme") == 1
        assert follow_status_names(connection, "acme") == 0
        found = connection.execute(select(issues.c.status).order_by(issues.c.issue_id)).scalars().all()
    assert found == ["Doing", "In Progress", "In Progress", "In Progress"]
