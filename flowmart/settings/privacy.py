"""`[privacy]`: what of people, and which texts, the warehouse may hold."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from flowmart.settings.base import Secret, Section

Users = Literal["names", "pseudonyms", "none"]

_KEY_BYTES = 32


class Privacy(Section):
    """How people and texts are stored."""

    users: Users = "names"
    key: Secret | None = None
    store_text: bool = False

    @model_validator(mode="after")
    def _key_for_pseudonyms(self) -> Self:
        if self.users != "pseudonyms":
            return self
        if self.key is None:
            raise ValueError('users = "pseudonyms" needs key, a secret such as key = "${FLOWMART_PRIVACY_KEY}"')
        if len(self.key_bytes) < _KEY_BYTES:
            raise ValueError(f"key: must have at least {_KEY_BYTES} bytes, e.g. what `openssl rand -hex 32` prints")
        return self

    @property
    def key_bytes(self) -> bytes:
        """The key of the pseudonyms; nothing without one."""
        return b"" if self.key is None else self.key.get_secret_value().encode()

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return () if self.key is None else (self.key.get_secret_value(),)
