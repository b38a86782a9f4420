"""A filled warehouse refuses other rules of privacy than those that it was filled by."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flowmart.as_of import compute_as_of
from flowmart.config import Config, read_config
from flowmart.export import write
from flowmart.privacy.rules import PrivacyRules
from flowmart.privacy.state import PrivacyChanged, settle
from flowmart.settings import Export
from tests.flowmart.scripted import an_issue
from tests.migrated import migrated
from warehouse.loader import Loader
from warehouse.privacy import read_note

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY, OTHER = "a key of thirty-two bytes or more", "another key that is long enough.."
TRACKER = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "made-up"\n'
PSEUDONYMS = f'users = "pseudonyms"\nkey = "{KEY}"'


def configured(privacy: str) -> Config:
    return read_config(f"{TRACKER}[privacy]\n{privacy}\n", Path("flowmart.toml"), {})


def settled(engine: Engine, privacy: str) -> PrivacyRules:
    with engine.begin() as connection:
        return settle(connection, configured(privacy))


def fill(engine: Engine) -> None:
    with engine.begin() as connection:
        Loader(connection).upsert([an_issue(1)])


def test_the_rules_are_those_of_the_configuration_with_a_salt_that_stays(warehouse: Engine) -> None:
    first, second = settled(warehouse, PSEUDONYMS), settled(warehouse, PSEUDONYMS)
    assert (first.users, first.key, first.stores_text) == ("pseudonyms", KEY.encode(), False)
    assert first.salt == second.salt
    assert len(first.salt) >= 32


def test_as_long_as_nothing_is_stored_the_rules_may_change(warehouse: Engine) -> None:
    settled(warehouse, "")
    settled(warehouse, 'users = "none"')
    with warehouse.connect() as connection:
        note = read_note(connection)
    assert note is not None
    assert (note.users, note.key_check) == ("none", None)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", PSEUDONYMS, 'privacy.users is "pseudonyms", and this warehouse was filled with "names"'),
        ("", 'users = "none"', 'privacy.users is "none", and this warehouse was filled with "names"'),
        (PSEUDONYMS, "", 'privacy.users is "names", and this warehouse was filled with "pseudonyms"'),
        (PSEUDONYMS, PSEUDONYMS.replace(KEY, OTHER), "privacy.key is not the one"),
        ("store_text = true", "", "privacy.store_text is false, and this warehouse was filled with it"),
    ],
)
def test_a_filled_warehouse_refuses_other_rules_and_says_what_to_do(
    warehouse: Engine, before: str, after: str, said: str
) -> None:
    settled(warehouse, before)
    fill(warehouse)
    with pytest.raises(PrivacyChanged) as refused:
        settled(warehouse, after)
    assert str(refused.value).startswith(said)
    assert "name a fresh warehouse" in str(refused.value)
    assert KEY not in str(refused.value)
    assert settled(warehouse, before).users == settled(warehouse, before).users


def test_nor_is_such_a_warehouse_exported(tmp_path: Path) -> None:
    fill(migrated(tmp_path / "flowmart.db"))
    config = read_config(f'{TRACKER}[privacy]\nusers = "none"\n', tmp_path / "flowmart.toml", {})
    wanted = Export(format="csv", to=tmp_path / "files")
    with pytest.raises(PrivacyChanged):
        write(config, {"files": wanted}, now=NOW)
    with pytest.raises(PrivacyChanged):
        compute_as_of(config, NOW, now=NOW, to=tmp_path / "files", format_="csv")
    assert not (tmp_path / "files").exists()


def test_a_warehouse_of_a_time_without_rules_counts_as_filled_under_names(warehouse: Engine) -> None:
    fill(warehouse)
    with pytest.raises(PrivacyChanged):
        settled(warehouse, 'users = "none"')
    assert settled(warehouse, "").users == "names"


def test_texts_may_be_stored_from_now_on(warehouse: Engine) -> None:
    settled(warehouse, "")
    fill(warehouse)
    assert settled(warehouse, "store_text = true").stores_text
