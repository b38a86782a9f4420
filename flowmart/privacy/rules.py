"""How people are stored: under their names, under pseudonyms that a key makes, or not at all; and who was erased."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import lru_cache

from connectors.people import NOBODY, Disguise, Shown, as_told
from flowmart.settings.privacy import Users

_PSEUDONYM = re.compile(r"person-[0-9a-f]{12}")
_ADDRESS = re.compile(r"[^\s<>()\[\]'\",;:]+@[\w.-]+")
_LOGIN = "login-"
_SHOWN_DIGITS = 12
"""Of 10,000 people, two have one pseudonym with a chance of one in five million."""
_PEOPLE_AT_HAND = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRules:
    """What may be stored. The default is what a configuration without `[privacy]` means."""

    users: Users = "names"
    key: bytes = field(default=b"", repr=False)
    """Of the pseudonyms."""
    salt: bytes = field(default=b"", repr=False)
    """The warehouse's own, for hashes of those who were erased."""
    erased: frozenset[str] = frozenset()
    """Hashes of ids (`erased_hash`)."""
    stores_text: bool = False
    _disguises: dict[str, Disguise] = field(default_factory=dict)

    @property
    def hides(self) -> bool:
        """Whether anybody is stored otherwise than the tracker tells."""
        return self.users != "names" or bool(self.erased)

    def people_of(self, source_id: str) -> Disguise:
        """What may be stored of the people of a source."""
        if not self.hides:
            return as_told
        if source_id not in self._disguises:
            self._disguises[source_id] = lru_cache(_PEOPLE_AT_HAND)(_disguise(self, source_id))
        return self._disguises[source_id]

    def stored_id(self, user_id: str | None) -> str | None:
        """The qualified id of a person as it is stored; None for nobody."""
        if user_id is None or not self.hides:
            return user_id
        source_id, _, native = user_id.partition(":")
        shown = self.people_of(source_id)(native, "").native
        return None if shown is None else user_id if shown == native else f"{source_id}:{shown}"

    def login(self, source_id: str, account: str) -> str:
        """The account that a source is asked with, in a form by which a later run knows it again."""
        if self.stored_id(f"{source_id}:{account}") == f"{source_id}:{account}":
            return account
        return f"{_LOGIN}{_digest(self.salt, f'{source_id}:{account}')[:_SHOWN_DIGITS]}"

    def line(self, text: str | None) -> str | None:
        """What a tracker said, as it is stored: without addresses, where no names are."""
        return text if text is None or self.users == "names" else _ADDRESS.sub("[e-mail]", text)

    def pseudonym(self, source_id: str, native: str) -> str:
        """The one pseudonym of a person of a source, e.g. `person-3f9a2c1b04d7`; of a pseudonym itself."""
        if _PSEUDONYM.fullmatch(native):
            return native
        return f"person-{_digest(self.key, f'{source_id}:{native}')[:_SHOWN_DIGITS]}"

    def is_erased(self, source_id: str, native: str) -> bool:
        """Whether the person was erased."""
        return bool(self.erased) and self.erased_hash(source_id, native) in self.erased

    def erased_hash(self, source_id: str, native: str) -> str:
        """What is kept of an erased person's id: it tells whether an id is theirs, and not what it was."""
        return _digest(self.salt, f"erased:{source_id}:{native.casefold()}")


def key_check(key: bytes) -> str:
    """By which a warehouse knows the key again that it was filled with."""
    return _digest(key, "flowmart privacy key")[:32]


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _disguise(rules: PrivacyRules, source_id: str) -> Disguise:
    def disguise(native: str, name: str) -> Shown:
        known_by = native or name
        if rules.users == "none" or rules.is_erased(source_id, known_by):
            return NOBODY
        if rules.users == "names":
            return Shown(native, name)
        pseudonym = rules.pseudonym(source_id, known_by)
        return NOBODY if rules.is_erased(source_id, pseudonym) else Shown(pseudonym, pseudonym)

    return disguise
