"""`compute --as-of`: files of a past day beside a warehouse that stays as it is; and `compute --full`."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, delete, select, update

import migrations
from tests.flowmart.scripted import an_issue
from warehouse.loader import Loader
from warehouse.records import Group, IssueChange, Project, Source, Status, UserGroup
from warehouse.tables import METADATA, table
from warehouse.tables.computed import issue_flow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from conftest import Call, Ended

NOW = {"FLOWMART_NOW": "2026-10-02T02:15:00Z"}


def loaded(engine: Engine) -> None:
    """Issue 1 of 1 September 09:00, finished at 23:30 in Berlin on the 10th; issue 2 of the 20th."""
    migrations.upgrade(engine)
    day = an_issue(1).created_at
    done = day.replace(day=10, hour=21, minute=30)
    change = IssueChange(
        change_id="acme:5:0", issue_id="acme:1", entry_number=5, ordinal=0, changed_at=done, author_id=None,
        field="status", field_id=None, from_value="1", from_text="To Do", to_value="4", to_text="Done",
    )  # fmt: skip
    records = [
        Source(source_id="acme", kind="jira_cloud", url="https://acme.example"),
        Project(project_id="acme:PAY", source_id="acme", key="PAY", name="Pay"),
        *(
            Status(status_id=f"acme:{n}", source_id="acme", project_id=None, issue_type=None, name=name, category=kind)
            for n, name, kind in (("1", "To Do", "new"), ("4", "Done", "done"))
        ),
        an_issue(1, status="Done", status_id="acme:4", updated_at=done),
        an_issue(2, created_at=day.replace(day=20), updated_at=day.replace(day=20)),
        change,
    ]  # fmt: skip
    with engine.begin() as connection:
        Loader(connection).upsert(records)


@pytest.fixture
def calling(empty_warehouse: Engine, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls with a loaded warehouse on each engine in turn; temporary folders are made in `temp`."""
    loaded(empty_warehouse)
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    with empty_warehouse.connect() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar() if _is_postgres(empty_warehouse) else ""
    url = empty_warehouse.url.render_as_string(hide_password=False)
    more = f'[calendar]\ntimezone = "Europe/Berlin"\n[warehouse]\nurl = "{url}"\nschema = "{schema}"\n'

    def with_warehouse(*words: str, rules: str = "") -> Ended:
        return call(*words, more=more + rules, environment=NOW)

    return with_warehouse


def _is_postgres(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"


def everything(engine: Engine) -> Mapping[str, list[str]]:
    with engine.connect() as connection:
        return {name: sorted(map(repr, connection.execute(select(one)))) for name, one in METADATA.tables.items()}


def flows(folder: Path) -> dict[str, datetime | None]:
    """Issue → when it was finished, by the files of a folder."""
    rows = pq.read_table(folder / "issue_flow.parquet").to_pylist()
    return {row["issue_id"]: row["finished_at"] for row in rows}


def test_the_files_of_a_day_tell_what_was_at_its_end(calling: Call, empty_warehouse: Engine, tmp_path: Path) -> None:
    assert calling("compute").code == 0
    before = everything(empty_warehouse)
    for day, finished in (("2026-09-09", False), ("2026-09-10", True)):
        ended = calling("compute", "--as-of", day)
        assert (ended.code, ended.err.splitlines()[-1][:5]) == (0, "wrote")
        folder = tmp_path / f"as-of-{day}"
        found = flows(folder)
        assert list(found) == ["acme:1"]
        assert (found["acme:1"] is not None) == finished
        [issue] = pq.read_table(folder / "issues.parquet").to_pylist()
        assert issue["stage"] == ("done" if finished else "todo")
        assert not (folder / "comments.parquet").exists()
    assert everything(empty_warehouse) == before
    assert list((tmp_path / "temp").iterdir()) == []


def test_an_instant_with_an_offset_is_that_instant(calling: Call, tmp_path: Path) -> None:
    for instant, finished in (("2026-09-10T23:29:59+02:00", False), ("2026-09-10T21:30:00Z", True)):
        assert calling("compute", "--as-of", instant, "--to", str(tmp_path / "files")).code == 0
        assert (flows(tmp_path / "files")["acme:1"] is not None) == finished
    assert calling("compute", "--as-of", "2026-09-10T21:30Z").code == 0
    assert (tmp_path / "as-of-2026-09-10T213000Z" / "issue_flow.parquet").exists()


def test_the_files_may_be_csv(calling: Call, tmp_path: Path) -> None:
    assert calling("compute", "--as-of", "2026-09-10", "--format", "csv").code == 0
    lines = (tmp_path / "as-of-2026-09-10" / "throughput.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ['"month"', '"week"']


@pytest.mark.thorough
def test_the_files_may_be_an_extract_for_tableau(calling: Call, tmp_path: Path) -> None:
    pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    assert calling("compute", "--as-of", "2026-09-10", "--format", "hyper").code == 0
    told = json.loads((tmp_path / "as-of-2026-09-10" / "manifest.json").read_text("utf-8"))["tables"]
    rows = {one["name"]: one["rows"] for one in told}
    assert (rows["issues"], rows["throughput"]) == (1, 2)


WRONG = (
    (["--as-of", "soon"], "--as-of: 'soon' is no day such as 2026-06-30 and no instant such as 2026-06-30T12:00Z"),
    (["--as-of", "2026-09-10T12:00"], "--as-of: '2026-09-10T12:00' is no day such as 2026-06-30 and no instant"),
    (["--as-of", "2026-10-02"], "--as-of: 2026-10-02T22:00:00Z is still to come; name a day that is over"),
    (["--as-of", "9999-12-31"], "--as-of: '9999-12-31' is no day such as"),
    (["--as-of", "2026-08-31"], "--as-of: 2026-08-31T22:00:00Z is before the first issue, which is of 2026-09-01T"),
    (["--as-of", "2026-09-10", "flow"], "--as-of computes all metrics; leave their names out"),
    (["--to", "x"], "--to and --format belong to --as-of"),
    (["--format", "csv"], "--to and --format belong to --as-of"),
)
"""Words of the command line, and how the line begins that says what is wrong with them."""


def test_what_cannot_be_computed_is_one_line_and_leaves_nothing(calling: Call, tmp_path: Path) -> None:
    for words, line in WRONG:
        ended = calling("compute", *words)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"flowmart: {line}")
        assert len(ended.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("as-of", "x"))] == []
    assert list((tmp_path / "temp").iterdir()) == []


def test_files_that_cannot_be_written_leave_nothing_behind(calling: Call, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    ended = calling("compute", "--as-of", "2026-09-10", "--to", str(tmp_path / "taken"))
    assert ended.code == 1
    assert "a file is where a folder is needed" in ended.err
    assert list((tmp_path / "temp").iterdir()) == []


def test_the_files_of_before_stay_whole_when_computing_fails(
    calling: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert calling("compute", "--as-of", "2026-09-10").code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "as-of-2026-09-10").iterdir()}

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowmart.as_of.rewind", interrupted)
    assert calling("compute", "--as-of", "2026-09-10").code == 130
    assert {path.name: path.read_bytes() for path in (tmp_path / "as-of-2026-09-10").iterdir()} == before
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_without_issues_there_is_nothing_to_compute_from(call: Call, tmp_path: Path, *, is_there: bool) -> None:
    if is_there:
        assert call("compute").code == 0
    before = {path.name for path in tmp_path.iterdir()}
    ended = call("compute", "--as-of", "2026-09-10", environment=NOW)
    assert ended.code == 1
    assert ended.err.endswith("it holds no issues yet; run `flowmart sync`\n")
    assert {path.name for path in tmp_path.iterdir()} == before | {"flowmart.toml"}


@pytest.mark.thorough
def test_full_computes_what_did_not_change_too(calling: Call, empty_warehouse: Engine) -> None:
    def count() -> int:
        with empty_warehouse.connect() as connection:
            return len(connection.execute(select(table("issue_flow").c.issue_id)).all())

    assert calling("compute").code == 0
    with empty_warehouse.begin() as connection:
        connection.execute(delete(issue_flow).where(issue_flow.c.issue_id == "acme:1"))
    assert (calling("compute").code, count()) == (0, 1)
    assert (calling("compute", "--full").code, count()) == (0, 2)


@pytest.mark.thorough
def test_the_members_of_groups_are_those_of_the_last_sync(
    calling: Call, empty_warehouse: Engine, tmp_path: Path
) -> None:
    group = Group(group_id="acme:customers", source_id="acme", name="customers")
    member = UserGroup(
        user_group_id="acme:customers:eve", source_id="acme", group_id=group.group_id, user_id="acme:eve",
        group_name="customers",
    )  # fmt: skip
    changed = IssueChange(
        change_id="acme:6:0", issue_id="acme:1", entry_number=6, ordinal=0, author_id=None, field="reporter",
        changed_at=an_issue(1).created_at.replace(day=9), field_id=None, from_value="mia", from_text="Mia",
        to_value="eve", to_text="Eve",
    )  # fmt: skip
    with empty_warehouse.begin() as connection:
        Loader(connection).upsert([group, member, changed])
        connection.execute(update(table("issues")).values(issue_type="Bug", reporter_id="acme:eve"))
    rule = '[[defects.rules]]\nescaped = true\nreporter_groups = ["customers"]\n'
    for day, classes in (("2026-09-08", ["unknown"]), ("2026-09-30", ["escaped", "escaped"])):
        assert calling("compute", "--as-of", day, rules=rule).code == 0
        folder = tmp_path / f"as-of-{day}"
        found = pq.read_table(folder / "defects.parquet").to_pylist()
        assert [row["escape_class"] for row in sorted(found, key=lambda row: row["issue_id"])] == classes
        assert pq.read_table(folder / "user_groups.parquet").num_rows == 1
        assert pq.read_table(folder / "groups.parquet").num_rows == 1
