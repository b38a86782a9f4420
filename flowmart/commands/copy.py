"""`flowmart copy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from flowmart import problems, secrets
from flowmart.clock import utc_now
from flowmart.commands.options import row, session_of, table
from flowmart.copying import copy_warehouse
from flowmart.errors import UsageError
from flowmart.session import Session
from flowmart.settings.warehouse import Warehouse
from flowmart.text import count

To = Annotated[
    str,
    typer.Option(
        "--to", metavar="URL", help="The empty warehouse; ${VAR} and ${file:PATH} stand for a password, in '…'."
    ),
]
Schema = Annotated[str, typer.Option("--schema", metavar="NAME", help="PostgreSQL: its schema; made if missing.")]
Verify = Annotated[bool, typer.Option("--verify", help="Compare every value before the copy is committed.")]

_LARGE = 100_000


def command(context: typer.Context, to: To, schema: Schema = "", verify: Verify = False) -> None:  # noqa: FBT002 - Typer's shape
    """Copy the whole warehouse into an empty one.

    This is how a warehouse moves from SQLite to PostgreSQL. Everything goes along: what was loaded and computed, and
    where the next sync goes on. It is copied in one transaction, so that the other warehouse has all of it or nothing,
    and the rows of each table are counted on both sides. The configured warehouse is only read. To use the copy, set
    warehouse.url in the configuration.
    """
    session = session_of(context)
    config = session.config()
    target = config.model_copy(update={"warehouse": _warehouse(session, to, schema)})
    session.begin()

    def tell(name: str, rows: int) -> None:
        if rows >= _LARGE:  # a sign of life in what takes long
            session.tell(f"copied {name}: {count(rows, 'row')}")

    copied = copy_warehouse(config, target, clock=utc_now, tell=tell, verify=verify)
    made = table("table", "rows", right=("rows",))
    for name, rows in copied.items():
        row(made, name, f"{rows:,}")
    session.show(made)
    compared = "every value was compared" if verify else "the rows of each were counted on both sides"
    session.tell(f"copied {count(len(copied), 'table')} with {count(sum(copied.values()), 'row')}; {compared}")
    session.tell(f"to use it, set warehouse.url in {session.config_file} to {target.warehouse.shown}")


def _warehouse(session: Session, to: str, schema: str) -> Warehouse:
    """What --to and --schema name. A relative path counts from the working directory."""
    folder = Path.cwd()
    resolved = secrets.resolve({"url": to, "schema": schema}, session.environment, secrets.file_reader(folder))
    session.context.hide(resolved.values)
    for problem in resolved.problems.values():
        raise UsageError(f"--to: {problem}")
    try:
        warehouse = Warehouse.model_validate(resolved.tree, context={"folder": folder})
    except ValidationError as error:
        place, words = next(problems.lines(error, Warehouse, []))
        is_of_schema = "schema" in place or words.startswith("schema: ")
        said = words.removeprefix("schema: ")
        raise UsageError(f"{'--schema' if is_of_schema else '--to'}: {secrets.masked(said, resolved.values)}") from None
    session.context.hide(warehouse.secrets())
    return warehouse
