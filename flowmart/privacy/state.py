"""Holds the configured privacy against what a warehouse was filled with: a mixture would keep what is to be gone."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection

from flowmart.config import Config
from flowmart.errors import ApplicationError
from flowmart.privacy.rules import PrivacyRules, key_check
from warehouse.privacy import PrivacyNote, is_filled, read_erased, read_note, write_note

_SALT_BYTES = 32
_FRESH = (
    "name a fresh warehouse (warehouse.url, or on PostgreSQL warehouse.schema), run `flowmart run`, and delete the old "
    "one with its backups and exports; or set it back"
)


class PrivacyChanged(ApplicationError):  # noqa: N818 - a state, as the house names them
    """The warehouse was filled under other rules of privacy, and would keep what these forbid."""


def settle(connection: Connection, config: Config) -> PrivacyRules:
    """The rules by which this warehouse is filled from now on; they are noted in it.

    Raises `PrivacyChanged` where rows are there that were stored by others, unless only texts are stored from now on.
    """
    wanted, noted = config.privacy, require_same(connection, config)
    new = _note(config, noted.salt if noted else secrets.token_hex(_SALT_BYTES))
    if noted != new:
        write_note(connection, new)
    return PrivacyRules(
        users=wanted.users,
        key=wanted.key_bytes,
        salt=new.salt.encode(),
        erased=read_erased(connection),
        stores_text=wanted.store_text,
    )


def require_same(connection: Connection, config: Config) -> PrivacyNote | None:
    """Raise `PrivacyChanged` where rows are there that were stored by other rules; returns what is noted of them."""
    noted = read_note(connection)
    if is_filled(connection):
        # a warehouse of a time without these notes was filled under names
        usual = PrivacyNote(users="names", key_check=None, is_text_stored=False, salt="")
        _require_kept(noted or usual, _note(config, ""))
    return noted


def _note(config: Config, salt: str) -> PrivacyNote:
    wanted = config.privacy
    check = key_check(wanted.key_bytes) if wanted.users == "pseudonyms" else None
    return PrivacyNote(users=wanted.users, key_check=check, is_text_stored=wanted.store_text, salt=salt)


def _require_kept(before: PrivacyNote, new: PrivacyNote) -> None:
    if before.users != new.users:
        kept = "its rows keep the names" if before.users == "names" else "people would be in it in two ways"
        raise PrivacyChanged(
            f'privacy.users is "{new.users}", and this warehouse was filled with "{before.users}": {kept}; {_FRESH}'
        )
    if before.key_check != new.key_check:
        raise PrivacyChanged(
            "privacy.key is not the one that this warehouse was filled with: everybody would be in it under two "
            f"pseudonyms; {_FRESH}"
        )
    if before.is_text_stored and not new.is_text_stored:
        raise PrivacyChanged(
            f"privacy.store_text is false, and this warehouse was filled with it: its texts would stay; {_FRESH}"
        )
