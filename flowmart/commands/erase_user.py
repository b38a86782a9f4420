"""`flowmart erase-user`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flowmart.commands.options import row, session_of, table
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.lake import refuse_lake
from flowmart.privacy.erasing import Erasure, erase_user
from flowmart.session import Session
from flowmart.store import opened
from flowmart.text import count, printable

Who = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the person here or in the tracker; or the exact name or e-mail.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def command(context: typer.Context, who: Who, dry_run: DryRun = False, yes: Yes = False) -> None:  # noqa: FBT002
    """Erase a person from the warehouse, for good.

    Ids, names and addresses go from every table, in one transaction. A hash keeps the person out: no later sync brings
    them back. Exports, backups and files of `compute --as-of` are not touched, nor are summaries and other texts that
    people wrote in the tracker. See docs/privacy.md.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    refuse_lake(config, "erase-user")
    engine = opened(config)
    try:
        if not dry_run and not yes:
            _ask(session, erase_user(config, engine, who, now=now, dry_run=True))
        done = erase_user(config, engine, who, now=now, dry_run=dry_run)
    finally:
        engine.dispose()
    _show(session, done)
    verb = "would be erased" if dry_run else "is erased"
    session.print(f"{printable(done.who)} {verb}: {count(sum(done.rows.values()), 'row')} in {_tables(done)}")
    for line in _reminders(config, done, dry_run=dry_run):
        session.tell(line)


def _ask(session: Session, planned: Erasure) -> None:
    """Raise `UsageError` unless somebody at a terminal agrees."""
    if not sys.stdin.isatty():
        raise UsageError("erasing cannot be undone: say --yes, or look first with --dry-run")
    _show(session, planned)
    sys.stderr.write(f"Erase {printable(planned.who)} for good? [y/N]: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was erased")


def _show(session: Session, done: Erasure) -> None:
    made = table("table", "rows", right=("rows",))
    for name, rows in sorted(done.rows.items()):
        row(made, name, f"{rows:,}")
    if done.rows:
        session.show(made)


def _tables(done: Erasure) -> str:
    return count(len(done.rows), "table")


def _reminders(config: Config, done: Erasure, *, dry_run: bool) -> list[str]:
    said = []
    if not done.was_here:
        said.append("the table of users has nobody of that id; the id stays out from now on")
    if done.namesakes:
        said.append(f"others of the same name or address are still here: {', '.join(done.namesakes)}")
    if done.left:
        places = ", ".join(f"{place} ({rows:,})" for place, rows in done.left.items())
        said.append(f"still named in texts from the tracker, which must be changed there: {places}")
    if not dry_run and not done.is_wiped:
        said.append(_LEFT_TO_SNOWFLAKE if config.warehouse_url.startswith("snowflake") else _LEFT_TO_VACUUM)
    exports = f"the exports ({', '.join(config.exports)})" if config.exports else "files that were exported"
    said.append(
        f"not touched: {exports}, backups, and files of `compute --as-of`; run `flowmart compute` and `flowmart "
        "export`, and delete the old ones"
    )
    return said


_LEFT_TO_VACUUM = "the freed space could not be written anew while others use the warehouse; run VACUUM there later"
_LEFT_TO_SNOWFLAKE = "Snowflake keeps what was deleted as long as time travel and fail-safe do (docs/snowflake.md)"
