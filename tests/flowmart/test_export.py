"""`flowmart export`: months, increments, workbooks and URLs from the command line and from the configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from flowmart.errors import UsageError
from flowmart.export import asked_since, synced_until
from tests.warehouse.test_loader import an_issue
from warehouse.engine import open_warehouse
from warehouse.loader import Loader
from warehouse.records import Source
from warehouse.tables import table

if TYPE_CHECKING:
    from conftest import Call

BERLIN = ZoneInfo("Europe/Berlin")


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return told


def load(folder: Path, *records: Any, synced: str | None = None) -> None:
    """Put records into the warehouse beside the configuration, and note when its sources were synced."""
    engine = open_warehouse(f"sqlite:///{folder / 'flowmart.db'}")
    with engine.begin() as connection:
        Loader(connection).upsert(records)
        if synced:
            sources = table("sources")
            connection.execute(update(sources).values(last_synced_at=datetime.fromisoformat(synced)))
    engine.dispose()


def now(text: str) -> dict[str, str]:
    return {"FLOWMART_NOW": text}


def test_since_is_the_begin_of_a_day_in_the_calendars_zone_an_instant_or_the_last_export() -> None:
    assert asked_since("2026-06-01", BERLIN) == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert asked_since("2026-06-01T12:00Z", BERLIN) == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert asked_since("last", BERLIN) == "last"
    assert asked_since(None, BERLIN) is None


@pytest.mark.parametrize("text", ["soon", "2026-06-01T12:00", "2026-13-01", ""])
def test_a_since_that_is_none_of_them_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not `last`, no day such as 2026-09-01, and no instant"):
        asked_since(text, BERLIN)


def test_a_source_that_was_never_synced_leaves_open_until_when_all_is_here(call: Call, tmp_path: Path) -> None:
    assert call("export", "--format", "csv", "--to", str(tmp_path / "out")).code == 0
    sources = [Source(source_id=name, kind="jira_cloud", url="https://x.example") for name in ("a", "b")]
    load(tmp_path, *sources)
    engine = open_warehouse(f"sqlite:///{tmp_path / 'flowmart.db'}")
    with engine.begin() as connection:
        for name, moment in (("a", "2026-10-01T02:00Z"), ("b", "2026-10-01T01:00Z")):
            assert synced_until(connection) is None
            which = table("sources").c.source_id == name
            connection.execute(
                update(table("sources")).where(which).values(last_synced_at=datetime.fromisoformat(moment))
            )
        assert synced_until(connection) == datetime(2026, 10, 1, 1, tzinfo=UTC)
    engine.dispose()


def test_a_series_begins_whole_and_goes_on_with_what_changed_since_the_last(call: Call, tmp_path: Path) -> None:
    series = ["export", "--format", "csv", "--to", str(tmp_path / "series"), "--since", "last"]
    assert call(*series, environment=now("2026-10-01T02:00Z")).code == 0
    load(tmp_path, Source(source_id="acme", kind="jira_cloud", url="https://x.example"), synced="2026-10-02T02:00Z")
    assert call(*series, environment=now("2026-10-02T02:15Z")).code == 0
    assert call(*series, environment=now("2026-10-03T02:15Z")).code == 0
    told = [manifest(folder) for folder in sorted((tmp_path / "series").iterdir())]
    assert [one["made_at"] for one in told] == ["2026-10-01T02:00:00Z", "2026-10-02T02:15:00Z", "2026-10-03T02:15:00Z"]
    assert [one["since"] for one in told] == [None, None, "2026-10-02T01:50:00Z"]
    parts = [entry["name"] for entry in told[2]["tables"] if entry["increment"]]
    assert parts == ["comments", "issue_changes", "link_events", "sync_runs", "version_snapshots", "worklogs"]


def test_a_configured_series_does_the_same(call: Call, tmp_path: Path) -> None:
    more = '[exports.lake]\nformat = "parquet"\nto = "lake"\ntables = ["issues"]\nsince = "last"\n'
    assert call("export", more=more, environment=now("2026-10-01T02:00Z")).code == 0
    assert (tmp_path / "lake" / "20261001T020000000000Z" / "issues.parquet").exists()
    again = call("export", more=more, environment=now("2026-10-01T02:00Z"))
    line = "the last export there was made at 2026-10-01T02:00:00Z, which is not before this one; "
    line += "name a day by --since, or another folder"
    assert (again.code, again.err) == (1, f"flowmart: {tmp_path}/lake: {line}\n")


def test_months_are_shown_as_their_folder(call: Call, tmp_path: Path) -> None:
    call("export", "--format", "csv", "--to", str(tmp_path / "first"))
    moments = [datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6)]
    load(tmp_path, *(an_issue(n, created_at=moment) for n, moment in enumerate(moments)))
    out = tmp_path / "o"
    ended = call("export", "--format", "parquet", "--partition", "month", "--to", str(out), "--table", "issues")
    assert "issues/ (2 months)" in "".join(ended.out.split("\n")).replace("  ", "")
    assert "wrote 2 files" in ended.err
    assert sorted(path.name for path in (out / "issues").iterdir()) == ["month=2026-05", "month=2026-06"]


def test_a_workbook_is_one_file_and_each_of_its_tables_is_shown(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    names = ["--table", "issues", "--table", "sprints"]
    ended = call("export", "--format", "xlsx", "--to", str(tmp_path / "o"), *names)
    assert (ended.code, ended.err) == (0, "wrote 1 file\n")
    assert "(issues)" in ended.out
    assert "(sprints)" in ended.out
    assert [entry["name"] for entry in manifest(tmp_path / "o")["tables"]] == ["issues", "sprints"]


def test_the_manifest_tells_the_schema_and_the_runs_now(call: Call, tmp_path: Path) -> None:
    call("export", "--format", "csv", "--to", str(tmp_path / "o"), environment=now("2026-10-02T02:15:00+02:00"))
    told = manifest(tmp_path / "o")
    assert (told["schema_revision"], told["made_at"]) == ("0001", "2026-10-02T00:15:00Z")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--since", "last"], "xlsx: --since belongs to format csv or parquet; the others are always whole"),
        (["--partition", "month"], "--partition belongs to --format parquet"),
    ],
)
def test_what_a_format_cannot_do_is_told_before_anything_is_made(
    call: Call, tmp_path: Path, arguments: list[str], line: str
) -> None:
    ended = call("export", "--format", "xlsx", "--to", str(tmp_path / "o"), *arguments)
    assert (ended.code, ended.err) == (2, f"flowmart: {line}\n")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("to", "line"),
    [
        ("s4://lake/raw", "no kind of place is called s4://; did you mean s3?"),
        ("s3://", "name the bucket or container: s3://NAME/FOLDER"),
        ("s3://me:h1dden@lake/raw", "no password in a URL; put it into `storage`, or into the store's own variables"),
    ],
)
def test_a_wrong_url_is_one_line_and_code_2(call: Call, tmp_path: Path, to: str, line: str) -> None:
    ended = call("export", "--format", "csv", "--to", to)
    assert (ended.code, ended.err) == (2, f"flowmart: {line}\n")
    ended = call("export", more=f'[exports.lake]\nformat = "csv"\nto = "{to}"\n')
    assert (ended.code, ended.err) == (2, f"{tmp_path}/flowmart.toml: exports.lake.to: {line}\n")


def test_secrets_for_a_store_are_hidden_in_what_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")

    def refuse(_: str, **options: object) -> None:
        raise RuntimeError(f"bad login with {options['secret']} at {options['region']}")

    monkeypatch.setattr(fsspec.core, "url_to_fs", refuse)
    storage = 'storage = { secret = "${LAKE}", region = "eu", anon = false }'
    more = f'[exports.lake]\nformat = "csv"\nto = "s3://lake/raw"\n{storage}\n'
    ended = call("export", more=more, environment={"LAKE": "h1dden"})
    assert (ended.code, ended.err) == (
        1,
        "flowmart: s3://lake/raw: RuntimeError: bad login with *** at eu; check the URL and the store, and try again\n",
    )
