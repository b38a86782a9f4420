"""Pseudonyms are steady, keyed and readable; who was erased is nobody in each mode."""

from __future__ import annotations

import re

import pytest

from connectors.people import NOBODY, Shown
from flowmart.privacy.rules import PrivacyRules, key_check

KEY, OTHER = b"a key of thirty-two bytes or more", b"another key that is long enough.."
PSEUDONYMS = PrivacyRules(users="pseudonyms", key=KEY)


def test_one_person_has_one_pseudonym_in_every_field_and_run() -> None:
    first = PSEUDONYMS.people_of("acme")("5b10", "Mia")
    assert first == PrivacyRules(users="pseudonyms", key=KEY).people_of("acme")("5b10", "Mia Berg")
    assert re.fullmatch(r"person-[0-9a-f]{12}", str(first.native))
    assert first.name == first.native
    assert PSEUDONYMS.stored_id("acme:5b10") == f"acme:{first.native}"


def test_another_key_person_or_source_makes_another_pseudonym() -> None:
    made = {
        PSEUDONYMS.pseudonym("acme", "5b10"),
        PSEUDONYMS.pseudonym("acme", "5b11"),
        PSEUDONYMS.pseudonym("contoso", "5b10"),
        PrivacyRules(users="pseudonyms", key=OTHER).pseudonym("acme", "5b10"),
    }
    assert len(made) == 4
    assert key_check(KEY) != key_check(OTHER)


def test_a_pseudonym_stays_what_it_is() -> None:
    shown = PSEUDONYMS.people_of("acme")("5b10", "")
    assert PSEUDONYMS.people_of("acme")(str(shown.native), str(shown.name)) == shown


def test_whom_only_a_name_tells_goes_by_a_pseudonym_of_the_name() -> None:
    assert PSEUDONYMS.people_of("acme")("", "Mia").native == PSEUDONYMS.pseudonym("acme", "Mia")


def test_under_names_everybody_is_as_told_and_with_none_nobody_is_there() -> None:
    assert PrivacyRules().people_of("acme")("5b10", "Mia") == Shown("5b10", "Mia")
    assert PrivacyRules(users="none").people_of("acme")("5b10", "Mia") == NOBODY
    assert PrivacyRules(users="none").stored_id("acme:5b10") is None


@pytest.mark.parametrize("users", ["names", "pseudonyms"])
def test_who_was_erased_is_nobody_and_all_others_stay(users: str) -> None:
    salted = PrivacyRules(salt=b"salt")
    rules = PrivacyRules(
        users=users,  # type: ignore[arg-type]
        key=KEY,
        salt=b"salt",
        erased=frozenset({salted.erased_hash("acme", "5B10")}),
    )
    assert rules.people_of("acme")("5b10", "Mia") == NOBODY
    assert rules.people_of("acme")("5b11", "Jo") != NOBODY
    assert rules.people_of("contoso")("5b10", "Mia") != NOBODY


def test_who_was_erased_by_a_pseudonym_is_nobody_under_the_same_key() -> None:
    shown = str(PSEUDONYMS.people_of("acme")("5b10", "").native)
    erased = frozenset({PSEUDONYMS.erased_hash("acme", shown)})
    assert PrivacyRules(users="pseudonyms", key=KEY, erased=erased).people_of("acme")("5b10", "") == NOBODY


def test_the_account_of_a_login_is_known_again_without_being_told() -> None:
    assert PrivacyRules().login("acme", "bot-1") == "bot-1"
    hidden = PrivacyRules(users="none", salt=b"salt")
    assert hidden.login("acme", "bot-1") == hidden.login("acme", "bot-1") != hidden.login("acme", "bot-2")
    assert "bot" not in hidden.login("acme", "bot-1")


def test_lines_of_trackers_lose_their_addresses_where_no_names_are() -> None:
    said = "GET /myself: <bot@acme.example> may not do that"
    assert PrivacyRules().line(said) == said
    assert PSEUDONYMS.line(said) == "GET /myself: <[e-mail]> may not do that"
    assert PSEUDONYMS.line(None) is None
