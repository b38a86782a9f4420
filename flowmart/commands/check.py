"""`flowmart check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from socket import gethostname
from typing import Annotated

import typer

from flowmart.commands.looks import Screen, document, show
from flowmart.commands.options import AsJson, print_json, session_of
from flowmart.config import Config
from flowmart.errors import JobFailed, UsageError
from flowmart.lake import lake_problems
from flowmart.looking.crosscheck import Crosscheck, crosscheck, stray_note
from flowmart.looking.exposure import exposures
from flowmart.looking.look import SourceLook, WarehouseLook, look_at_sources, look_at_warehouse
from flowmart.session import Session
from flowmart.telling.receivers import Message, deliver, refusals
from flowmart.text import count

Notified = Annotated[bool, typer.Option("--notify", help="Only send a test message to each address of [notify].")]


def command(
    context: typer.Context,
    notify: Notified = False,  # noqa: FBT002 - Typer's shape
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Try the configuration without writing anything.

    Reads it, resolves its secrets, opens the warehouse, logs in to each source, and lists what the account may see and
    may not, which field plays which role and how many issues fill it. Exit code 1 when something configured is missing.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    if notify:
        _notify(session, config)
        return
    warehouse = look_at_warehouse(config)
    exposed = exposures(config, session.config_file, session.environment)
    screen = Screen(console=session.out, mask=session.context.mask, zone=config.zone, now=now)
    if not as_json:
        _show_warehouse(screen, warehouse)
        screen.facts([("warning", each) for each in exposed])
    looks = []
    for look in _awaited(session, look_at_sources(config, now)):
        looks.append(look)
        if not as_json:
            show(screen, look, _strays(warehouse, look.source))
    found = crosscheck(config, looks, warehouse.recorded)
    found = replace(found, problems=(*found.problems, *refusals(config.notify), *lake_problems(config)))
    if as_json:
        print_json(session, _document(warehouse, looks, found, exposed, now=now))
    else:
        _show_rules(screen, found)
    _end(session, warehouse, looks, found, as_json=as_json)


def _awaited(session: Session, looks: Iterator[SourceLook]) -> Iterator[SourceLook]:
    """The looks as they come; while one is awaited, a terminal says so."""
    while True:
        with session.watching() as events:
            events.step("asking the trackers")
            look = next(looks, None)
        if look is None:
            return
        yield look


def _notify(session: Session, config: Config) -> None:
    """Raises `JobFailed` with the addresses that did not take the message."""
    if not config.notify.urls:
        raise UsageError(f"{session.config_file}: notify.urls: names no address to send a message to")
    about = ", ".join(config.notify.on) or "nothing: notify.on is empty"
    delivery = deliver(
        config.notify,
        Message("flowmart: a test", f"Messages of flowmart on {gethostname()} arrive here. Told are: {about}.", "info"),
    )
    if delivery.problems:
        raise JobFailed("; ".join(delivery.problems))
    session.print(f"sent {count(delivery.reached, 'test message')}")


def _end(
    session: Session, warehouse: WarehouseLook, looks: Sequence[SourceLook], found: Crosscheck, *, as_json: bool
) -> None:
    """The last line: that all is fine, or what to do next."""
    wrong = [warehouse.problem] if warehouse.problem else []
    wrong += [f"{look.source}: {_in_short(look.problems)}" for look in looks if look.problems]
    wrong += [_in_short(found.problems)] if found.problems else []
    if wrong:
        raise JobFailed("; ".join(wrong) + "; put it right and try `flowmart check` again")
    if not as_json:
        session.print("")
        session.print("all that is configured is there; next: `flowmart run`")


def _in_short(problems: Sequence[str]) -> str:
    """The only problem itself; of several the number, since all are listed above."""
    return problems[0] if len(problems) == 1 else f"{len(problems)} problems, listed above"


def _show_warehouse(screen: Screen, look: WarehouseLook) -> None:
    state = look.problem or (
        f"revision {look.revision}" if look.revision else "nothing there yet; the first sync makes it"
    )
    screen.line(f"warehouse {look.address}: {state}")


def _strays(look: WarehouseLook, source: str) -> list[tuple[str, str]]:
    return [("note", stray_note(stray)) for stray in look.recorded.strays if stray.source == source]


def _show_rules(screen: Screen, found: Crosscheck) -> None:
    if found.notes or found.problems:
        screen.line("")
        screen.line("names in the configuration")
        screen.facts([*(("note", each) for each in found.notes), *(("problem", each) for each in found.problems)])


def _document(
    warehouse: WarehouseLook, looks: Sequence[SourceLook], found: Crosscheck, exposed: Sequence[str], *, now: datetime
) -> dict[str, object]:
    problems = [look for look in looks if look.problems]
    return {
        "ok": not (warehouse.problem or problems or found.problems),
        "warehouse": {
            "url": warehouse.address,
            "revision": warehouse.revision,
            "problem": warehouse.problem,
            "statuses_without_stage": [
                {"source": each.source, "name": each.name, "issues": each.issues, "changes": each.changes}
                for each in warehouse.recorded.strays
            ],
        },
        "sources": {look.source: document(look, now) for look in looks},
        "exposed": list(exposed),
        "names": {"problems": list(found.problems), "notes": list(found.notes)},
    }
