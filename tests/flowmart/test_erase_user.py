"""`flowmart erase-user`: who is meant, what is asked, what is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from flowmart.privacy.rules import PrivacyRules
from tests.flowmart.scripted import an_issue
from tests.migrated import migrated
from warehouse.loader import Loader
from warehouse.records import User
from warehouse.tables.loaded import issues, users
from warehouse.tables.operational import erased_users

if TYPE_CHECKING:
    from conftest import Call
    from sqlalchemy import Engine

KEY = "a key of thirty-two bytes or more"
PSEUDONYMS = f'[privacy]\nusers = "pseudonyms"\nkey = "{KEY}"\n'
MIA = User(user_id="acme:5b10", source_id="acme", display_name="Mia Berg", email="mia@acme.example")
JO = User(user_id="acme:5b11", source_id="acme", display_name="Jo Lind")
Fill = Callable[..., "Engine"]


@pytest.fixture
def filled(tmp_path: Path) -> Fill:
    """Makes the warehouse with these people; the first has an issue."""

    def fill(*people: User) -> Engine:
        engine = migrated(tmp_path / "flowmart.db")
        with engine.begin() as connection:
            Loader(connection).upsert([*people, an_issue(1, assignee_id=people[0].user_id, summary="Ask Mia Berg")])
        return engine

    return fill


def everybody(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(users.c.user_id).order_by(users.c.user_id)))


@pytest.mark.parametrize("word", ["acme:5b10", "5b10", "Mia Berg", "mia@ACME.example"])
def test_a_person_is_erased_by_id_name_or_address(call: Call, filled: Fill, word: str) -> None:
    engine = filled(MIA, JO)
    ended = call("erase-user", word, "--yes")
    assert (ended.code, everybody(engine)) == (0, ["acme:5b11"])
    assert "acme:5b10 is erased: 2 rows in 2 tables" in ended.out
    assert "issues.summary (1)" in ended.err
    assert "not touched: files that were exported, backups" in ended.err
    with engine.connect() as connection:
        assert connection.scalar(select(issues.c.assignee_id)) is None
        assert not [one for one in connection.scalars(select(erased_users.c.erased_user_id)) if "5b10" in one]


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(call: Call, filled: Fill) -> None:
    engine = filled(MIA, JO)
    ended = call("erase-user", "5b10", "--dry-run")
    assert ended.code == 0
    assert "acme:5b10 would be erased: 2 rows in 2 tables" in ended.out
    assert everybody(engine) == ["acme:5b10", "acme:5b11"]
    with engine.connect() as connection:
        assert connection.execute(select(erased_users)).all() == []


def test_without_a_terminal_it_wants_to_be_told_so(call: Call, filled: Fill) -> None:
    engine = filled(MIA)
    ended = call("erase-user", "5b10")
    assert (ended.code, everybody(engine)) == (2, ["acme:5b10"])
    assert "erasing cannot be undone: say --yes, or look first with --dry-run" in ended.err


def test_one_name_of_several_people_is_refused_with_their_ids(call: Call, filled: Fill) -> None:
    other = User(user_id="acme:5b12", source_id="acme", display_name="Mia Berg")
    engine = filled(MIA, other)
    ended = call("erase-user", "Mia Berg", "--yes")
    assert (ended.code, len(everybody(engine))) == (2, 2)
    assert "others of the same name or address are still here: acme:5b12" in call("erase-user", "5b10", "--dry-run").err
    assert "2 people are called 'Mia Berg'; erase them one by one, by their ids: acme:5b10, acme:5b12" in ended.err


def test_nobody_of_that_name_is_refused_and_an_id_with_its_source_is_kept_away(call: Call, filled: Fill) -> None:
    engine = filled(JO)
    assert "nobody here is called '5b99'" in call("erase-user", "5b99", "--yes").err
    ended = call("erase-user", "acme:5b99", "--yes")
    assert (ended.code, everybody(engine)) == (0, ["acme:5b11"])
    assert "the id stays out from now on" in ended.err
    with engine.connect() as connection:
        assert len(connection.execute(select(erased_users)).all()) == 1


@pytest.mark.parametrize("word", ["5b10", "the pseudonym"])
def test_under_pseudonyms_a_person_is_erased_by_the_real_id_or_the_pseudonym(
    call: Call, filled: Fill, word: str
) -> None:
    pseudonym = PrivacyRules(users="pseudonyms", key=KEY.encode()).pseudonym("acme", "5b10")
    engine = filled(User(user_id=f"acme:{pseudonym}", source_id="acme", display_name=pseudonym), JO)
    fresh = call("erase-user", "5b11", "--dry-run", more=PSEUDONYMS)
    assert fresh.code == 1  # the warehouse says nothing of pseudonyms yet
    with engine.begin() as connection:
        connection.execute(issues.delete())
        connection.execute(users.delete())
    assert call("erase-user", "acme:5b99", "--yes", more=PSEUDONYMS).code == 0
    with engine.begin() as connection:
        Loader(connection).upsert([User(user_id=f"acme:{pseudonym}", source_id="acme", display_name=pseudonym)])
    ended = call("erase-user", word.replace("the pseudonym", pseudonym), "--yes", more=PSEUDONYMS)
    assert (ended.code, everybody(engine)) == (0, [])
    assert KEY not in ended.out + ended.err
