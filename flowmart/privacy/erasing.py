"""Erases a person: finds who is meant, takes them out of every table, and sees to it that they stay out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.privacy.rules import PrivacyRules
from flowmart.privacy.state import settle
from warehouse.erasing import Called, Traces, erase, everybody, mentions, with_logins
from warehouse.leases import hold
from warehouse.privacy import note_erased
from warehouse.records import native_id
from warehouse.upkeep import wipe

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was done, or with a dry run would be."""

    who: str
    """The id of the person's row, or the one that was given."""
    was_here: bool
    rows: Mapping[str, int]
    """Table → rows that were changed or deleted."""
    left: Mapping[str, int]
    """`table.column` → rows with texts of the tracker in which the person is still named."""
    namesakes: tuple[str, ...]
    """Ids of others who share a name or an address; one person has another id in each source."""
    is_wiped: bool
    """Whether the freed space was written anew."""


@dataclass(frozen=True, slots=True)
class _Person:
    who: str
    traces: Traces
    row: Called | None
    namesakes: tuple[str, ...] = ()


def erase_user(config: Config, engine: Engine, word: str, *, now: datetime, dry_run: bool) -> Erasure:
    """Erase whom `word` means in one transaction, while no other process syncs or computes.

    Raises `UsageError` when it means nobody or several, and `LeaseHeld`.
    """
    with (
        hold(engine, "run", utc_now) as lease,
        engine.connect() as connection,
        connection.begin() as transaction,
    ):
        rules = settle(connection, config)
        person = _meant(connection, rules, tuple(config.sources), word)
        rows = erase(connection, person.traces)
        left = mentions(connection, person.traces)
        note_erased(connection, person.traces.source_id, _hashes(rules, person.traces), now)
        lease.renew(connection, utc_now())
        if dry_run:
            transaction.rollback()
    wiped = not dry_run and wipe(engine, [*rows, "erased_users"])
    return Erasure(
        who=person.who,
        was_here=person.row is not None,
        rows=rows,
        left=left,
        namesakes=person.namesakes,
        is_wiped=wiped,
    )


def _hashes(rules: PrivacyRules, traces: Traces) -> list[str]:
    """Of the ids, and of names and addresses too: trackers use them as ids where they tell no other.

    A single word could be another one's login.
    """
    by_name = {name for name in traces.names if " " in name or "@" in name}
    return sorted(rules.erased_hash(traces.source_id, one) for one in traces.natives | by_name)


def _meant(connection: Connection, rules: PrivacyRules, sources: Sequence[str], word: str) -> _Person:
    people = everybody(connection)
    wanted = word.strip()
    found = [one for one in people if one.is_called(wanted) or one.user_id in _pseudonyms(rules, sources, wanted)]
    if len(found) > 1:
        exact = [one for one in found if one.user_id == wanted]
        ids = ", ".join(one.user_id for one in found[:_MOST_NAMED])
        if not exact:
            raise UsageError(f"{len(found)} people are called {wanted!r}; erase them one by one, by their ids: {ids}")
        found = exact
    if found:
        traces = with_logins(connection, _traces(rules, found[0], wanted))
        others = (one for one in people if one != found[0] and any(map(one.is_called, traces.names)))
        return _Person(found[0].user_id, traces, found[0], tuple(one.user_id for one in others))
    source, colon, native = wanted.partition(":")
    if not colon or source not in sources or not native:
        raise UsageError(
            f"nobody here is called {wanted!r}; to keep somebody away who is not in `users`, write SOURCE:ID with the "
            f"id in the tracker; sources are {', '.join(sources)}"
        )
    natives = _with_pseudonym(rules, source, native)
    return _Person(wanted, Traces(source_id=source, natives=natives, names=frozenset()), None)


def _pseudonyms(rules: PrivacyRules, sources: Iterable[str], word: str) -> frozenset[str]:
    """The ids that a person whose real id is this word has under pseudonyms."""
    if rules.users != "pseudonyms":
        return frozenset()
    asked = [(source, native_id(word)) for source in sources if word.startswith(f"{source}:")]
    asked = asked or [(source, word) for source in sources]
    return frozenset(f"{source}:{rules.pseudonym(source, native)}" for source, native in asked)


def _traces(rules: PrivacyRules, row: Called, word: str) -> Traces:
    native = native_id(row.user_id)
    natives = {native}
    given = native_id(word) if word.startswith(f"{row.source_id}:") else word
    if rules.users == "pseudonyms" and rules.pseudonym(row.source_id, given) == native:
        natives.add(given)  # so that it stays out under another key too
    names = frozenset(name for name in (row.display_name, row.email) if name) - natives
    return Traces(source_id=row.source_id, natives=frozenset(natives), names=names)


def _with_pseudonym(rules: PrivacyRules, source: str, native: str) -> frozenset[str]:
    more = {rules.pseudonym(source, native)} if rules.users == "pseudonyms" else set[str]()
    return frozenset({native, *more})
