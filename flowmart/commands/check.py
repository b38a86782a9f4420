"""`flowmart check`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import typer

from connectors.base import Seen, Survey
from flowmart.commands.options import AsJson, print_json, row, session_of, table
from flowmart.errors import JobFailed
from flowmart.look import SourceLook, WarehouseLook, look_at_source, look_at_warehouse
from flowmart.session import Session
from flowmart.text import count, printable

_MOST_SHOWN = 12
_PLACES = frozenset({"project", "board", "team"})


def command(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - Typer's shape
    """Try the configuration without writing anything.

    Reads it, resolves its secrets, opens the warehouse, logs in to each source, and lists what the account may see and
    which field plays which role. Exit code 1 when something configured is missing.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    warehouse = look_at_warehouse(config)
    if not as_json:
        _show_warehouse(session, warehouse)
    looks = []
    for name in config.sources:
        looks.append(look_at_source(config, name, now))
        if not as_json:
            _show_source(session, looks[-1])
    if as_json:
        print_json(session, _document(warehouse, looks))
    wrong = [f"{look.source}: {_problems_in_short(look)}" for look in looks if look.problems]
    if warehouse.problem or wrong:
        raise JobFailed("; ".join([*([warehouse.problem] if warehouse.problem else []), *wrong]))


def _problems_in_short(look: SourceLook) -> str:
    """The only problem itself; of several the number, since all are listed above."""
    return look.problems[0] if len(look.problems) == 1 else f"{len(look.problems)} problems, listed above"


def _show_warehouse(session: Session, look: WarehouseLook) -> None:
    state = look.problem or (
        f"revision {look.revision}" if look.revision else "nothing there yet; the first sync makes it"
    )
    session.print(f"warehouse {look.address}: {state}")


def _show_source(session: Session, look: SourceLook) -> None:
    session.print("")
    session.print(f"{look.source}: {look.type} at {look.url}")
    if look.identity is not None:
        version = f" {look.identity.version}" if look.identity.version else ""
        who = printable(f"{look.identity.display_name} ({look.identity.account})")
        session.print(f"  logged in to {look.identity.kind}{version} as {who}")
    if look.survey is not None:
        _show_survey(session, look.survey)
    for problem in look.problems:
        session.print(f"  problem: {printable(problem)}")


def _show_survey(session: Session, survey: Survey) -> None:
    made = table("visible", "count", "names", right=("count",))
    for what, group in groupby(sorted(survey.seen, key=lambda seen: seen.what), key=lambda seen: seen.what):
        found = list(group)
        names = list(dict.fromkeys(_name(seen) for seen in found))
        more = f", and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
        row(made, what, f"{len(found):,}", ", ".join(names[:_MOST_SHOWN]) + more)
    session.out.print(made)
    roles = table("role", "field", "why")
    for choice in survey.fields:
        ids = ", ".join(choice.native_ids)
        row(roles, choice.role, f"{choice.name} ({ids})" if ids else None, choice.evidence)
    session.out.print(roles)
    for note in survey.notes:
        session.print(f"  note: {printable(note)}")
    if not survey.seen:
        session.print(f"  {count(0, 'thing')} visible")


def _name(seen: Seen) -> str:
    """Places with their detail; of all else the name, which often occurs once a project or type."""
    return f"{seen.name} ({seen.detail})" if seen.detail and seen.what in _PLACES else seen.name


def _document(warehouse: WarehouseLook, looks: Sequence[SourceLook]) -> object:
    return {
        "warehouse": {"url": warehouse.address, "revision": warehouse.revision, "problem": warehouse.problem},
        "sources": {look.source: _source_document(look) for look in looks},
    }


def _source_document(look: SourceLook) -> object:
    identity, survey = look.identity, look.survey or Survey()
    return {
        "type": look.type,
        "url": look.url,
        "ok": not look.problems,
        "login": identity
        and {
            "kind": identity.kind,
            "account": identity.account,
            "display_name": identity.display_name,
            "version": identity.version,
        },
        "seen": [
            {"what": seen.what, "id": seen.native_id, "name": seen.name, "detail": seen.detail} for seen in survey.seen
        ],
        "fields": [
            {"role": c.role, "ids": list(c.native_ids), "name": c.name, "evidence": c.evidence} for c in survey.fields
        ],
        "problems": list(look.problems),
        "notes": list(survey.notes),
    }
