"""The section [warehouse] for Snowflake, and what its errors mean to the person at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from flowmart.failures import explain
from flowmart.settings.warehouse import Warehouse
from warehouse.engine import open_warehouse
from warehouse.postgresql import UnusableServer

URL = "snowflake://bot@acme-eu/FLOW/MART"
SHOWN = f"{URL}?warehouse=W"
WHERE = f"warehouse {SHOWN}"


def section(url: str, **keys: str) -> Warehouse:
    return Warehouse.model_validate({"url": url, **keys}, context={"folder": Path("/srv/flowmart")})


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("snowflake://bot@acme-eu/FLOW", "names no account, database and schema; use snowflake://USER@ACCOUNT/"),
        ("snowflake:///FLOW/MART", "names no account, database and schema"),
        (f"{URL}?warhouse=W", "unknown option 'warhouse'; known are account, authenticator"),
        (f"{URL}?role=A&role=B", "the option role is there twice"),
        (f"{URL}?host=elsewhere.example", "unknown option 'host'"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_asked(url: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem.replace("?", r"\?")):
        section(url)


def test_the_schema_stands_in_the_address_only() -> None:
    with pytest.raises(ValidationError, match="for Snowflake it stands in the address"):
        section(URL, schema="mart")


@pytest.mark.parametrize("option", ["token", "private_key_password", "passcode", "oauth_client_secret"])
def test_what_logs_in_is_a_secret_wherever_it_stands(option: str) -> None:
    found = section(f"{URL}?warehouse=W&{option}=made%2Fup")
    assert list(found.secrets()) == ["made/up"]
    assert found.shown == SHOWN


def test_the_key_file_counts_from_the_folder_of_the_configuration() -> None:
    found = section(f"{URL}?private_key_file=keys/bot.p8")
    assert "private_key_file=/srv/flowmart/keys/bot.p8" in found.shown.replace("%2F", "/")


def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snowflake", None)
    with pytest.raises(UnusableServer, match=r"run pip install 'flowmart\[snowflake\]'"):
        open_warehouse(URL)


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (
            "250001 (08001): Failed to login: 390100: Incorrect username or password was specified.",
            "Snowflake refuses the login; check user and password in warehouse.url",
        ),
        (
            "000606 (57P03): No active warehouse selected in the current session.",
            "nothing computes; add ?warehouse=NAME to warehouse.url, and grant USAGE on it to the role",
        ),
        (
            "003001 (42501): SQL access control error: Insufficient privileges to operate on schema 'MART'",
            "the role may not do that; grant it what docs/snowflake.md lists",
        ),
        (
            "251007: Configuration error: Invalid authenticator 'x'",
            "251007: Configuration error: Invalid authenticator 'x'; check the account and warehouse.url",
        ),
        (
            "250001 (08001): Failed to login: something new",
            "250001 (08001): Failed to login: something new; check the account and warehouse.url",
        ),
    ],
)
def test_an_error_is_told_by_what_to_do(said: str, meaning: str) -> None:
    errors = pytest.importorskip("snowflake.connector.errors", reason="Snowflake's packages are not installed")
    failure = explain(DatabaseError("INSERT", (), errors.ProgrammingError(said)), SHOWN)
    assert failure is not None
    assert failure.text.startswith(f"{WHERE}: ")
    assert failure.text.endswith(meaning)


def test_a_wrong_statement_is_a_defect_of_ours() -> None:
    errors = pytest.importorskip("snowflake.connector.errors", reason="Snowflake's packages are not installed")
    error = errors.ProgrammingError("001003 (42000): SQL compilation error: syntax error line 1")
    assert explain(DatabaseError("SELEC", (), error), SHOWN) is None
