"""A command imports what it needs: the start of the process is what a quick command costs."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import insert

from flowmart.commands.catalog import COMMANDS, module_name
from tests.migrated import migrated
from warehouse.tables.loaded import sources

CONFIG = '[sources.acme]\ntype = "jira"\nurl = "http://127.0.0.1:9"\ntoken = "t"\n'
NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)

TELLING = """
import os, sys
from flowmart.cli import main
code = main(sys.argv[2:], os.environ)
print("code", code, *(name for name in sys.argv[1].split() if name in sys.modules))
"""

AZURE_DEVOPS = ("azure", "connectors.azure_devops", "msal", "msrest")
TRACKERS = (*AZURE_DEVOPS, "httpx", "jira", "requests")
TABLEAU = ("flowmart.tableau", "tableauhyperapi", "tableauserverclient")
SELDOM = (
    "alembic", "apscheduler", "deltalake", "flowmart.cluster", "fsspec", "holidays", "pyarrow", "pyspark", "simulator",
    "starlette", *TABLEAU, "uvicorn", "xlsxwriter",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site whose source was synced just now, its warehouse at the newest revision."""
    (tmp_path / "flowmart.toml").write_text(CONFIG, encoding="utf-8")
    engine = migrated(tmp_path / "flowmart.db")
    synced = {"source_id": "acme", "kind": "jira_cloud", "url": "http://127.0.0.1:9", "last_synced_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(sources).values(synced))
    return tmp_path


def end(folder: Path, *words: str, none_of: tuple[str, ...]) -> str:
    """The exit code, and those of the modules that were imported."""
    environment = {**os.environ, "FLOWMART_CONFIG": str(folder / "flowmart.toml"), "FLOWMART_NOW": NOW.isoformat()}
    done = subprocess.run(
        [sys.executable, "-c", TELLING, " ".join(none_of), *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_help_imports_neither_the_settings_nor_the_warehouse_nor_any_command(tmp_path: Path) -> None:
    commands = tuple(f"flowmart.commands.{module_name(name)}" for name in COMMANDS)
    heavy = (*SELDOM, *TRACKERS, *commands, "flowmart.settings", "psycopg", "pydantic", "sqlalchemy")
    assert end(tmp_path, "--help", none_of=heavy) == "code 0"


def test_status_of_a_sqlite_warehouse_imports_no_tracker_no_postgresql_and_no_migrations(folder: Path) -> None:
    heavy = (*SELDOM, *TRACKERS, "metrics.catalog", "psycopg", "flowmart.commands.sync")
    assert end(folder, "status", none_of=heavy) == "code 0"


def test_compute_of_a_sqlite_warehouse_imports_no_tracker_no_postgresql_and_no_migrations(folder: Path) -> None:
    assert end(folder, "compute", none_of=(*SELDOM, *TRACKERS, "psycopg")) == "code 0"


def test_an_export_that_is_not_published_imports_no_tracker_and_nothing_of_tableau(folder: Path) -> None:
    with (folder / "flowmart.toml").open("a", encoding="utf-8") as config:
        config.write('[exports.bi]\nformat = "csv"\nto = "bi"\n')
    assert end(folder, "export", none_of=(*TRACKERS, *TABLEAU)) == "code 0"


def test_a_sync_of_jira_imports_nothing_of_azure_devops(folder: Path, refusing_tracker: str) -> None:
    (folder / "flowmart.toml").write_text(CONFIG.replace("http://127.0.0.1:9", refusing_tracker), encoding="utf-8")
    assert end(folder, "sync", none_of=(*SELDOM, *AZURE_DEVOPS)) == "code 1"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_help_of_each_begins_with(name: str) -> None:
    described = import_module(f"flowmart.commands.{module_name(name)}").command.__doc__
    assert COMMANDS[name].summary == described.splitlines()[0]
