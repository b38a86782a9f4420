"""Who may read what: files are made for their owner alone, and `check` names those that are open to others."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flowmart.config import Config
from flowmart.looking.exposure import exposures
from flowmart.refresh_tokens import RefreshTokenFile
from warehouse.engine import keeping_connections, open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Call

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files have no mode there")


@pytest.fixture(autouse=True)
def _generous() -> Iterator[None]:
    """An account whose files everybody may write, as long as nobody says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_threat_files_of_a_new_warehouse_are_their_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    with keeping_connections(open_warehouse(f"sqlite:///{path}")) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
        found = {each.name: mode(each) for each in tmp_path.iterdir()}
    assert found == {"w.db": 0o600, "w.db-wal": 0o600, "w.db-shm": 0o600}


def test_a_warehouse_that_was_opened_to_others_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    path.touch(0o640)
    with open_warehouse(f"sqlite:///{path}").begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    assert mode(path) == 0o640


def test_threat_files_that_commands_write_are_their_owner_s_alone(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    assert call("-c", str(path), "init", "--jira-url", "https://jira.example").code == 0
    assert call("migrate").code == 0
    assert (mode(path), mode(tmp_path / "flowmart.db")) == (0o600, 0o600)


def test_exports_are_for_others_and_their_mode_is_the_account_s(call: Call, tmp_path: Path) -> None:
    assert call("export", "--format", "csv", "--to", str(tmp_path / "out"), "--table", "issues").code == 0
    assert {mode(each) for each in (tmp_path / "out").iterdir()} == {0o666}


def test_threat_link_in_an_export_s_way_is_replaced_and_not_followed(call: Call, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "issues.csv").symlink_to(theirs)
    assert call("export", "--format", "csv", "--to", str(tmp_path / "out"), "--table", "issues").code == 0
    assert theirs.read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "out" / "issues.csv").is_symlink()


def test_threat_link_in_the_way_of_a_lock_or_a_configuration_is_not_followed(call: Call, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (tmp_path / "t.lock").symlink_to(theirs)
    with pytest.raises(OSError, match="symbolic link"), RefreshTokenFile(tmp_path / "t").locked():
        pass
    (tmp_path / "new.toml").symlink_to(theirs)
    assert call("-c", str(tmp_path / "new.toml"), "init", "--jira-url", "https://jira.example", "--force").code == 0
    assert not theirs.exists()


def test_check_names_files_that_are_open_to_others(call: Call, tmp_path: Path) -> None:
    assert call("migrate").code == 0
    (tmp_path / "flowmart.db").chmod(0o644)
    ended = call("check", "--json", more='[sources.b]\ntype = "jira"\nurl = "http://127.0.0.1:9"\ntoken = "lit3ral"\n')
    assert json.loads(ended.out)["exposed"] == [
        f"{tmp_path}/{name} is open to others (mode {bits}); unless that is meant: chmod 600 {tmp_path}/{name}"
        for name, bits in (("flowmart.db", "0644"), ("flowmart.toml", "0666"))
    ]


def config(url: str, **source: object) -> Config:
    login = source or {"token": "t0ken-of-acme"}
    sources = {"acme": {"type": "jira", "url": "https://x", **login}}
    return Config.model_validate({"sources": sources, "warehouse": {"url": url}})


def test_a_kept_token_is_looked_at_too(tmp_path: Path) -> None:
    kept = tmp_path / "acme.refresh"
    kept.touch(0o660)
    login = {"client_id": "c", "client_secret": "s3cret", "refresh_token_file": str(kept)}
    (found,) = exposures(config(f"sqlite:///{tmp_path}/none.db", **login), tmp_path / "none.toml", {})
    assert found.startswith(f"{kept} is open to others (mode 0660); ")


@pytest.mark.parametrize(
    ("url", "environment", "is_told"),
    [
        ("postgresql://me@db.example/flow", {}, True),
        ("postgresql://me@db.example/flow?sslmode=require", {"PGSSLMODE": "verify-full"}, True),
        ("postgresql://me@db.example/flow?sslmode=verify-full", {}, False),
        ("postgresql://me@db.example/flow", {"PGSSLMODE": "verify-ca"}, False),
        ("postgresql://me@127.0.0.1/flow", {}, False),
        ("postgresql://me@localhost/flow", {}, False),
        ("postgresql:///flow?host=/run/postgresql", {}, False),
        ("postgresql:///flow", {}, False),
    ],
)
def test_threat_unverified_database_server_is_told(
    tmp_path: Path, url: str, environment: dict[str, str], *, is_told: bool
) -> None:
    found = exposures(config(url), tmp_path / "none.toml", environment)
    assert bool(found) is is_told
    assert all("is not verified" in each for each in found)
