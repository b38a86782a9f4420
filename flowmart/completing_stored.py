"""What the shell offers of names that the warehouse holds: a few of them, fast, and silent whatever is wrong."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from flowmart.completing import VARIABLE, config_of

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

MOST = 50
"""More than that nobody reads through."""
_PATIENCE = 2
"""Seconds that somebody who has pressed a key waits for a server."""
_PLAIN_IN_BASH = re.compile(r"([^\w@%+=:,./-])")
_DIGITS = re.compile(r"(\d+)")


def issues(context: typer.Context, incomplete: str) -> list[str]:
    """Keys of issues, those of the ones that changed last."""
    from warehouse.tables.loaded import issues as table  # here and below: each command would pay for it

    of = table.c
    return _offered(context, incomplete, of.key, of.absence.is_(None), newest=of.updated_at)


def sprints(context: typer.Context, incomplete: str) -> list[str]:
    """Names of sprints, those of the last ones."""
    from warehouse.tables.loaded import sprints as table

    return _offered(context, incomplete, table.c.name, newest=table.c.start_at)


def boards(context: typer.Context, incomplete: str) -> list[str]:
    """Names of boards."""
    from warehouse.tables.loaded import boards as table

    return _offered(context, incomplete, table.c.name)


def projects(context: typer.Context, incomplete: str) -> list[str]:
    """Keys of projects."""
    from warehouse.tables.loaded import projects as table

    return _offered(context, incomplete, table.c.key)


def _offered(
    context: typer.Context,
    incomplete: str,
    column: ColumnElement[str],
    *where: ColumnElement[bool],
    newest: ColumnElement[object] | None = None,
) -> list[str]:
    """Names that begin so, in the order that people count in."""
    from pydantic import ValidationError
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from warehouse.postgresql import UnusableServer

    latest = column if newest is None else func.max(newest).desc().nulls_last()
    names = select(column).where(column.startswith(incomplete, autoescape=True), *where)
    try:
        with _reading(context) as connection:
            found = connection.scalars(names.group_by(column).order_by(latest).limit(MOST)).all()
    except (OSError, ValueError, LookupError, AttributeError, ValidationError, SQLAlchemyError, UnusableServer):
        return []
    # LIKE takes letters of either case on SQLite
    return [_typed(name) for name in sorted(found, key=_counted) if name.startswith(incomplete)]


@contextmanager
def _reading(context: typer.Context) -> Iterator[Connection]:
    """The warehouse that `[warehouse]` names, whatever else is wrong in the file; `LookupError` where there is none."""
    from sqlalchemy import make_url

    from flowmart.secrets import file_reader, resolve
    from flowmart.settings.warehouse import Warehouse
    from warehouse.engine import open_warehouse, warehouse_exists
    from warehouse.postgresql import Limits

    path = config_of(context)
    section = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("warehouse", {})
    folder = path.absolute().parent
    tree = resolve(section, os.environ, file_reader(folder), _ask_nobody).tree
    settings = Warehouse.model_validate(tree, context={"folder": folder})
    address = make_url(settings.url.get_secret_value())
    if address.get_backend_name() == "postgresql":
        address = address.update_query_dict({"connect_timeout": str(_PATIENCE)})
    limits = Limits(lock_seconds=_PATIENCE, statement_seconds=_PATIENCE)
    engine = open_warehouse(address.render_as_string(hide_password=False), settings.schema_name, limits)
    try:
        if not warehouse_exists(engine):
            raise LookupError("no warehouse")
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _ask_nobody(service: str, name: str) -> str | None:
    """In the place of a keyring, which may open a window."""
    raise LookupError(f"{service}/{name}")


def _counted(name: str) -> tuple[Sequence[str | int], str]:
    """`PAY-9` before `PAY-10`."""
    parts = _DIGITS.split(name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


class _Typed(str):
    """An offer as it is to stand on the line, where its first letters may be others than those that were typed."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """Always: the library leaves out what does not begin as the line does, without its quotes."""
        return True


def _typed(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The name as the shell takes it for one word; zsh and fish see to that themselves."""
    shell = environment.get(VARIABLE, "")
    if shell.endswith("bash") and not _is_quoted(environment):
        return _Typed(_PLAIN_IN_BASH.sub(r"\\\1", name))
    if shell.endswith(("powershell", "pwsh")) and not name.replace("-", "").isalnum():
        return _Typed("'" + name.replace("'", "''") + "'")
    return name


def _is_quoted(environment: Mapping[str, str]) -> bool:
    """Whether the word that is completed begins with a quote: bash hands the words over one a line."""
    words = environment.get("COMP_WORDS", "").split("\n")
    place = environment.get("COMP_CWORD", "")
    word = words[int(place)] if place.isdigit() and int(place) < len(words) else ""
    return word.startswith(("'", '"'))
