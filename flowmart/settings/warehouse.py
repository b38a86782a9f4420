"""`[warehouse]`: the database that everything is loaded into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from flowmart.settings.base import Seconds, Section
from warehouse import snowflake
from warehouse.postgresql import USUAL, Limits, require_options

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SECRET_OPTIONS = ("password", "sslpassword", "scram_client_key", "scram_server_key", *snowflake.SECRET_OPTIONS)
_EXPECTED = "use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"


def _usable_address(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    try:
        address = make_url(value.strip())
    except (ArgumentError, ValueError):
        raise ValueError(f"cannot be read as a database address; {_EXPECTED}") from None
    if address.drivername not in {"sqlite", "postgresql", "postgresql+psycopg", snowflake.NAME}:
        raise ValueError(f"no warehouse on {address.drivername}; {_EXPECTED}")
    if address.drivername == snowflake.NAME:
        snowflake.require_address(address)
        if key_file := address.query.get("private_key_file"):
            address = address.update_query_dict({"private_key_file": _placed(str(key_file), info)})
        return SecretStr(address.render_as_string(hide_password=False))
    if address.drivername != "sqlite":
        require_options(address)
        return SecretStr(address.render_as_string(hide_password=False))
    if not address.database or address.database == ":memory:":
        raise ValueError("needs a file, such as sqlite:///flowmart.db")
    return SecretStr(address.set(database=_placed(address.database, info)).render_as_string())


def _placed(name: str, info: ValidationInfo) -> str:
    """The path, which counts from the configuration's folder."""
    folder, path = (info.context or {}).get("folder"), Path(name).expanduser()
    return str(Path(folder) / path if folder else path)


class Warehouse(Section):
    """Where the tables are. A relative SQLite path counts from the folder of the configuration file."""

    url: Annotated[SecretStr, BeforeValidator(_usable_address)] = Field(
        default="sqlite:///flowmart.db", validate_default=True
    )
    schema_name: str = Field(default="", alias="schema")
    lock_seconds: Annotated[Seconds, Field(alias="lock_timeout")] = USUAL.lock_seconds
    statement_seconds: Annotated[Seconds, Field(alias="statement_timeout")] = USUAL.statement_seconds

    @field_validator("schema_name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if value and not _PLAIN_NAME.fullmatch(value):
            raise ValueError("must be a plain name: letters, digits and underscore")
        return value

    @model_validator(mode="after")
    def _schema_needs_postgresql(self) -> Self:
        url = self.url.get_secret_value()
        if self.schema_name and url.startswith("sqlite"):
            raise ValueError("schema: only PostgreSQL has schemas; leave it out")
        if self.schema_name and url.startswith(snowflake.NAME):
            raise ValueError("schema: for Snowflake it stands in the address: …/DATABASE/SCHEMA; leave it out")
        return self

    @property
    def limits(self) -> Limits:
        """How long a server may keep us waiting."""
        return Limits(lock_seconds=self.lock_seconds, statement_seconds=self.statement_seconds)

    @property
    def shown(self) -> str:
        """The address without its passwords, for people."""
        address = make_url(self.url.get_secret_value()).difference_update_query(_SECRET_OPTIONS)
        return address.render_as_string(hide_password=True)

    def secrets(self) -> Iterator[str]:
        """The passwords within the address."""
        address = make_url(self.url.get_secret_value())
        if address.password:
            yield address.password
        for name in _SECRET_OPTIONS:
            value = address.query.get(name)
            if isinstance(value, str) and value:
                yield value
