"""The command line: results on stdout, all else on stderr, and the exit codes of the contract."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import respx

import migrations
from warehouse.tables import METADATA

if TYPE_CHECKING:
    from conftest import Call

COMMANDS = ["init", "check", "sync", "compute", "export", "report", "run", "schedule"]
COMMANDS += ["status", "alerts", "reconcile", "explain", "migrate", "erase-user", "copy", "lake", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(call: Call, command: str) -> None:
    ended = call(command, "--help")
    assert ended.code == 0
    assert f"Usage: flowmart {command}" in ended.out
    assert f"\n  Examples:\n    flowmart {command}" in ended.out


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=str)
def test_the_help_fits_a_narrow_terminal(call: Call, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in call(*command, "--help").out.splitlines() if len(line) > 80] == []


def test_the_help_lists_every_command_with_a_whole_sentence(call: Call) -> None:
    out = call("--help").out
    listed = [line.split(maxsplit=1) for line in out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()]
    assert [name for name, _ in listed] == COMMANDS
    assert all(sentence.endswith(".") and not sentence.endswith("...") for _, sentence in listed)


def test_without_a_command_the_help_is_shown_on_stderr(call: Call) -> None:
    ended = call()
    assert (ended.code, ended.out) == (2, "")
    assert "Commands:" in ended.err


def test_the_version_is_told(call: Call) -> None:
    ended = call("--version")
    assert (ended.code, ended.out.split()[0]) == (0, "flowmart")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["snyc"], "flowmart: No such command 'snyc'. Did you mean 'sync'? `flowmart --help` shows what there is"),
        (["sync", "-c", "x"], "flowmart: No such option: -c; it stands before the command: flowmart -c FILE COMMAND"),
        (["sync", "nope"], "flowmart: no source named nope; configured are acme"),
        (["sync", "--since", "soon"], "flowmart: --since: 'soon' is no day such as 2026-09-01"),
        (["export", "--to", "x"], "flowmart: --to, --table, --partition and --source belong to --format"),
        (["export", "--format", "csv"], "flowmart: --format needs --to DIR, and takes no names of exports"),
        (
            ["compute", "--as-of", "2026-06-30", "--format", "powerbi"],
            (
                "flowmart: Invalid value for '--format': 'powerbi' is not one of 'csv', 'parquet', 'xlsx', "
                "'hyper'; "
                "`flowmart compute --help` shows what there is"
            ),
        ),
        (["migrate", "--check", "--sql"], "flowmart: --check stands alone"),
        (
            ["init", "--jira-email", "x", "--force"],
            "flowmart: --jira-url is missing: the other --jira-… options describe the tracker there",
        ),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(call: Call, arguments: list[str], line: str) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", f"{line}\n")


def test_a_wrong_configuration_is_a_line_a_problem_and_code_2(call: Call, tmp_path: Path) -> None:
    ended = call("check", more='emal = "x"\n[calendar]\ntimezone = "Europe/Berln"', environment={"ACME_TOKEN": ""})
    assert ended.code == 2
    path = tmp_path / "flowmart.toml"
    assert sorted(ended.err.splitlines()) == [
        f"{path}: calendar.timezone: unknown time zone 'Europe/Berln'; did you mean Europe/Berlin?",
        f"{path}: sources.acme.emal: unknown key; did you mean email?",
        f"{path}: sources.acme.token: the environment variable ACME_TOKEN is empty",
    ]


def test_a_file_that_is_not_there_is_one_line(call: Call) -> None:
    ended = call("-c", "/none/flowmart.toml", "status")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert ended.err.startswith("/none/flowmart.toml: there is no such file; `flowmart init` writes one")


def test_a_now_that_is_none_is_refused(call: Call) -> None:
    ended = call("status", environment={"FLOWMART_NOW": "2026-10-02T00:00:00"})
    assert ended.code == 2
    assert ended.err == (
        "flowmart: FLOWMART_NOW: '2026-10-02T00:00:00' is no instant with a time zone, such as 2026-10-02T02:15:00Z\n"
    )


def test_a_schedule_without_a_time_says_which_key_is_missing(call: Call, tmp_path: Path) -> None:
    ended = call("schedule")
    assert (ended.code, ended.err) == (
        2,
        f'flowmart: {tmp_path}/flowmart.toml: schedule.run: say when, e.g. run = "15 2 * * *"\n',
    )


def test_status_of_a_warehouse_that_is_not_there_fails_and_makes_none(call: Call, tmp_path: Path) -> None:
    ended = call("status")
    assert ended.code == 1
    assert ended.err == "flowmart: acme was never completely synced (schedule.max_age is 1 d 2 h)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["flowmart.toml"]


def test_status_as_json_is_one_document_on_stdout(call: Call) -> None:
    ended = call(
        "status", "--json", more='[schedule]\nrun = "15 2 * * *"', environment={"FLOWMART_NOW": "2026-10-02T00:00:00Z"}
    )
    document = json.loads(ended.out)
    assert document["now"] == "2026-10-02T00:00:00+00:00"
    assert document["next_runs"] == {"run": "2026-10-02T02:15:00+00:00"}
    assert document["sources"] == [
        {
            "source": "acme",
            "last_synced_at": None,
            "lag_seconds": None,
            "is_late": True,
            "census_at": None,
            "streams": [],
        }
    ]


def test_status_shows_sizes_in_eighty_columns(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert call("migrate").code == 0
    ended = call("status", "--sizes", environment={"FLOWMART_NOW": "2026-10-02T00:00:00Z"})
    assert ended.code == 1  # the source was never synced
    lines = [line.rstrip() for line in ended.out.splitlines()]
    title = next(place for place, line in enumerate(lines) if line.startswith("sizes: "))
    assert re.fullmatch(r"sizes: \d{3} kB", lines[title])
    assert lines[title + 2].split() == ["table", "rows", "size", "oldest", "newest"]
    shown = [line.split() for line in lines[title + 4 :] if line]
    assert sorted(words[0] for words in shown) == sorted(METADATA.tables)
    assert ["leases", "0", "8.2", "kB", "-", "-"] in shown
    assert max(map(len, lines[title:])) <= 80


def test_status_as_json_has_sizes_when_asked_for(call: Call) -> None:
    assert call("migrate").code == 0
    assert json.loads(call("status", "--json").out)["sizes"] is None
    sizes = json.loads(call("status", "--json", "--sizes").out)["sizes"]
    assert sizes["total_bytes"] >= sum(one["bytes"] for one in sizes["tables"])
    assert {
        "table": "leases",
        "kind": "operational",
        "rows": 0,
        "bytes": 8192,
        "oldest": None,
        "newest": None,
    } in sizes["tables"]


def test_migrate_brings_an_empty_warehouse_to_the_newest_revision(call: Call) -> None:
    before = call("migrate", "--check")
    assert (before.code, before.out) == (1, "")
    assert call("migrate").out == f"the warehouse is at revision {migrations.head()} (was at none)\n"
    assert call("migrate", "--check").code == 0
    assert call("migrate").out == f"the warehouse is already at revision {migrations.head()}\n"


def test_migrate_names_a_revision_that_is_not_there(call: Call) -> None:
    ended = call("migrate", "--to", "9999")
    assert ended.code == 2
    assert ended.err.startswith("flowmart: --to 9999: ")
    assert len(ended.err.splitlines()) == 1


def test_migrate_prints_sql_without_touching_anything(call: Call, tmp_path: Path) -> None:
    ended = call("migrate", "--sql")
    assert "CREATE TABLE issues (" in ended.out
    assert not (tmp_path / "flowmart.db").exists()


def test_compute_makes_the_tables_of_an_empty_warehouse(call: Call) -> None:
    ended = call("compute")
    assert ended.code == 0
    assert "issue_flow" in ended.out


def test_an_export_without_configuration_says_what_to_add(call: Call, tmp_path: Path) -> None:
    ended = call("export")
    assert (ended.code, ended.err) == (
        2,
        f"flowmart: {tmp_path}/flowmart.toml: no [exports.NAME] is configured; add one, or name --format and --to\n",
    )


def test_an_ad_hoc_export_writes_the_tables_named(call: Call, tmp_path: Path) -> None:
    ended = call("export", "--format", "csv", "--to", str(tmp_path / "out"), "--table", "issues", "--table", "sprints")
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["issues.csv", "manifest.json", "sprints.csv"]


def test_a_table_that_is_not_there_is_named_before_anything_is_made(call: Call, tmp_path: Path) -> None:
    ended = call("export", "--format", "csv", "--to", str(tmp_path / "out"), "--table", "issue")
    assert (ended.code, ended.err) == (2, "flowmart: unknown table 'issue'; did you mean issues?\n")
    assert [path.name for path in tmp_path.iterdir()] == ["flowmart.toml"]


def test_a_power_bi_project_is_written_with_its_rows_or_where_to_get_them(call: Call, tmp_path: Path) -> None:
    assert call("export", "--format", "powerbi", "--to", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out" / "flowmart.pbip").exists()
    assert (tmp_path / "out" / "data" / "issues.parquet").exists()
    direct = ("export", "--format", "powerbi", "--to", str(tmp_path / "other"), "--source", "directquery")
    assert call(*direct).err == (
        "flowmart: directquery: a model that reads from PostgreSQL needs server and database, and this warehouse is "
        "not on it; name both, or leave the source at parquet\n"
    )
    more = '[exports.bi]\nformat = "powerbi"\nto = "bi"\nsource = "directquery"\nserver = "db"\ndatabase = "flow"\n'
    assert call("export", more=more).code == 0
    assert sorted(path.name for path in (tmp_path / "bi").iterdir() if not path.name.startswith(".")) == [
        "flowmart.Report",
        "flowmart.SemanticModel",
        "flowmart.pbip",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--format", "powerbi", "--table", "issues"],
            "--table belongs to --format csv, parquet, xlsx or hyper; a model for a BI tool always has all of its own",
        ),
        (
            ["--format", "powerbi", "--since", "last"],
            "powerbi: --since belongs to format csv or parquet; the others are always whole",
        ),
        (["--format", "powerbi", "--partition", "month"], "--partition belongs to --format parquet"),
        (
            ["--format", "tableau", "--table", "issues"],
            "--table belongs to --format csv, parquet, xlsx or hyper; a model for a BI tool always has all of its own",
        ),
        (
            ["--format", "csv", "--publish"],
            "--publish belongs to exports of the configuration, not to --format",
        ),
        (["--format", "csv", "--source", "directquery"], "--source belongs to --format powerbi"),
        (["--format", "xlsx", "--source", "parquet"], "--source belongs to --format powerbi"),
    ],
)
def test_what_does_not_belong_to_a_format_is_refused(
    call: Call, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ended = call("export", *arguments, "--to", str(tmp_path / "out"))
    assert (ended.code, ended.err) == (2, f"flowmart: {said}\n")
    assert not (tmp_path / "out").exists()


def test_a_power_bi_project_does_not_go_to_an_object_store(call: Call) -> None:
    ended = call("export", "--format", "powerbi", "--to", "s3://lake/bi")
    assert (ended.code, ended.err) == (2, "flowmart: to: powerbi is written on this machine only; name a folder\n")


def test_a_dataset_that_was_not_refreshed_ends_an_export_that_wrote_all_files(call: Call, tmp_path: Path) -> None:
    more = """[sync]
max_wait = "1s"
[exports.bi]
format = "powerbi"
to = "bi"
[exports.bi.refresh]
tenant_id = "t"
client_id = "c"
client_secret = "s3cret-secret"
workspace = "5c8b4a1e-7f89-4c33-9dd8-1f23c4567890"
dataset = "5c8b4a1e-7f89-4c33-9dd8-1f23c4567891"
url = "http://127.0.0.1:9"
authority = "http://127.0.0.1:9"
"""
    with respx.mock as router:
        router.route().mock(return_value=httpx.Response(400, json={"error": "invalid_tenant"}))
        ended = call("export", more=more)
    assert ended.code == 1
    assert (tmp_path / "bi" / "flowmart.pbip").exists()
    assert ended.err.splitlines()[-1].startswith("flowmart: exports.bi.refresh: Entra cannot be asked for tokens")
    assert "s3cret-secret" not in ended.err


LIVE = """[exports.bi]
format = "tableau"
to = "bi"
connection = "live"
server = "db"
database = "flow"
"""


def test_a_live_data_source_is_written_and_published_only_where_a_server_is_configured(
    call: Call, tmp_path: Path
) -> None:
    assert call("export", more=LIVE).code == 0
    assert sorted(path.name for path in (tmp_path / "bi").iterdir()) == ["flowmart.tds", "manifest.json"]
    assert call("export", "--publish", more=LIVE).err == (
        "flowmart: --publish: none of these exports has a [exports.NAME.publish] in the configuration\n"
    )
    assert call("export", "--publish", "nope", more=LIVE).err == "flowmart: no export named nope; configured are bi\n"


def test_a_configured_export_goes_beside_the_file(call: Call, tmp_path: Path) -> None:
    more = '[exports.bi]\nformat = "parquet"\nto = "bi"\ntables = ["issues"]\n'
    ended = call("export", "bi", more=more)
    assert ended.code == 0
    assert (tmp_path / "bi" / "issues.parquet").exists()
    assert call("export", "ib", more=more).err == "flowmart: no export named ib; did you mean bi? configured are bi\n"


def test_a_warehouse_that_is_no_database_is_one_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "flowmart.db").write_bytes(b"not a database" * 100)
    ended = call("compute")
    assert ended.code == 1
    assert ended.err == (
        f"flowmart: warehouse sqlite:///{tmp_path}/flowmart.db: the file is no SQLite database; "
        "name another one in warehouse.url\n"
    )


def test_a_warehouse_that_cannot_be_made_is_one_line(call: Call, tmp_path: Path) -> None:
    ended = call("compute", more='[warehouse]\nurl = "sqlite:///none/x.db"')
    assert ended.code == 1
    assert ended.err == (
        f"flowmart: warehouse sqlite:///{tmp_path}/none/x.db: it cannot be opened; "
        "check that its folder exists and may be written\n"
    )


def test_a_database_server_that_is_not_there_is_one_line_without_the_password(call: Call) -> None:
    ended = call(
        "status",
        more='[warehouse]\nurl = "postgresql://me:${PGPASSWORD}@127.0.0.1:1/db"',
        environment={"PGPASSWORD": "h1dden-password"},
    )
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert ended.err.startswith("flowmart: warehouse postgresql://me:***@127.0.0.1:1/db: no server listens there; ")
    assert "h1dden" not in ended.err


def test_with_json_logs_a_failure_is_a_json_line_too(call: Call) -> None:
    ended = call("--log-format", "json", "sync", "nope")
    line = json.loads(ended.err)
    assert (ended.code, line["level"], line["message"]) == (
        2,
        "error",
        "flowmart: no source named nope; configured are acme",
    )


def test_a_secret_in_the_command_line_is_masked_too(call: Call) -> None:
    assert call("sync", "s3cret-token").err == "flowmart: no source named ***; configured are acme\n"
