"""Compares the ids that a tracker lists with those alive in the warehouse: marks what is gone, pulls what is missing.

Nothing is ever deleted. A listing is believed only where nothing speaks against it, and one that would cost more than
`sync.max_loss` of a source only when a person says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from connectors.base import Census, CensusPart, Identity, Located, Missing, is_short
from flowmart.syncing.job import Job, Tally
from flowmart.syncing.pages import sentence, write_page
from flowmart.text import count
from warehouse.census import Held, LastCensus, held_among, mark_absent, note_account, note_census, read_alive

MOST_BELIEVED = 10
"""So many missing issues are believed even of a small source."""
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusRules:
    """How far a census is believed."""

    max_loss: float
    accept_loss: bool
    history_since: date | None
    """Issues not touched since then are not asked for, hence not missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """An issue that was alive here and is now marked as absent."""

    issue_id: str
    project_id: str
    key: str
    absence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusReport:
    """What a census found and did."""

    parts: tuple[CensusPart, ...] = ()
    gone: tuple[Gone, ...] = ()
    pulled: Mapping[str, str] = field(default_factory=dict)
    """Issue id → key of those that were listed, and missing or marked here."""
    problems: tuple[str, ...] = ()


def take_census(
    job: Job, source: str, census: Census, rules: CensusRules, identity: Identity, last: LastCensus, tally: Tally
) -> CensusReport:
    """Take the census of a source; `last` is what is noted of the one before.

    What is gone is marked in one transaction, with the instant of the census if nothing was amiss with it.
    """
    if last.account not in {None, identity.account} and not rules.accept_loss:
        return CensusReport(problems=(_changed_identity(identity, last),))
    parts = [_judged(part) for part in census.parts()]
    _note_counts(parts, tally)
    with job.engine.connect() as connection:
        alive = read_alive(connection, source)
    pulled, problems = _pull(job, source, census, parts, alive, tally)
    missing = list(_missing(parts, alive, rules))
    gone = _locate(job, census, missing, len(alive), rules, tally)
    problems += [part.problem for part in parts if part.problem is not None]
    if gone is None:
        problems.append(_too_many(len(missing), len(alive), rules))
    with job.writing() as connection:
        for located in gone or ():
            if located.page is not None:
                tally.rows_written += write_page(connection, located.page, job.privacy, job.now)
        absences = {one.issue_id: one.absence for one in gone or () if one.absence is not None}
        tally.rows_written += mark_absent(connection, absences, job.now)
        note_account(connection, source, identity.account)
        if not problems:
            note_census(connection, source, job.now)
    report = CensusReport(
        parts=tuple(parts), gone=_named(gone or (), alive), pulled=pulled, problems=tuple(dict.fromkeys(problems))
    )
    _tell(job, source, report)
    return report


def _changed_identity(identity: Identity, last: LastCensus) -> str:
    return (
        f"census: withheld, since the account is now {identity.account} ({identity.display_name}) and was "
        f"{last.account} before: what it does not see would count as gone; check the login, or say --accept-loss"
    )


def _judged(part: CensusPart) -> CensusPart:
    """The part with a problem if it lists clearly fewer than the tracker counts."""
    if part.problem is None and part.expected is not None and is_short(len(part.ids), part.expected):
        problem = f"census: {part.label} lists {len(part.ids):,} of about {part.expected:,} issues; none counts as gone"
        return CensusPart(
            label=part.label, project_id=part.project_id, ids=part.ids, expected=part.expected, problem=problem
        )
    return part


def _note_counts(parts: Sequence[CensusPart], tally: Tally) -> None:
    tally.received = len(_listed(parts))
    counts = [part.expected for part in parts]
    tally.expected = None if None in counts else sum(number or 0 for number in counts)


def _listed(parts: Sequence[CensusPart]) -> frozenset[str]:
    return frozenset().union(*(part.ids for part in parts))


def _missing(parts: Sequence[CensusPart], alive: Sequence[Held], rules: CensusRules) -> Iterator[Missing]:
    """What is alive here and listed nowhere; not in parts that cannot be believed.

    A problem whose project is not known here (it cannot be seen) covers every project that no other part lists.
    """
    listed = _listed(parts)
    known = {held.project_id for held in alive}
    doubted = {part.project_id if part.project_id in known else None for part in parts if part.problem is not None}
    believed = {part.project_id for part in parts if part.problem is None} - doubted
    since = rules.history_since and datetime.combine(rules.history_since, time(), UTC)
    for held in alive:
        if held.issue_id in listed or held.project_id in doubted or (since and held.updated_at < since):
            continue
        if None in doubted and held.project_id not in believed:
            continue
        yield Missing(issue_id=held.issue_id, project_id=held.project_id, key=held.key, area_path=held.area_path)


def _pull(
    job: Job, source: str, census: Census, parts: Sequence[CensusPart], alive: Sequence[Held], tally: Tally
) -> tuple[Mapping[str, str], list[str]]:
    """Pull what is listed and not alive here, each page in a transaction; returns what came, and a problem if little.

    A few may be listed and gone a moment later.
    """
    wanted = sorted(_listed(parts) - {held.issue_id for held in alive})
    if not wanted:
        return {}, []
    malformed: set[str] = set()
    for page in census.pull(wanted):
        with job.writing() as connection:
            tally.rows_written += write_page(connection, page, job.privacy, job.now)
        tally.rows_read += len(page.records) + sum(len(part.records) for part in page.replacements)
        malformed.update(one.issue_id for one in page.malformed)
        for note in (*page.notes, *map(sentence, page.malformed)):
            job.events.note(source, note)
    with job.engine.connect() as connection:
        came = held_among(connection, wanted)
    given = len(malformed.union(came))
    if not is_short(given, len(wanted)):
        return came, []
    lacking = f"{len(wanted) - given:,} of {len(wanted):,}"
    problem = f"census: {lacking} issues that are listed and not held here were not given when asked for by id"
    return came, [f"{problem}; the next census asks again"]


def _locate(
    job: Job, census: Census, missing: Sequence[Missing], alive: int, rules: CensusRules, tally: Tally
) -> list[Located] | None:
    """Where the missing ones are, without those that are there after all; None when more are gone than is believed.

    The tracker is not asked on as soon as that is clear.
    """
    most = len(missing) if rules.accept_loss else max(MOST_BELIEVED, int(alive * rules.max_loss))
    gone: list[Located] = []
    for located in census.locate(missing) if missing else ():
        if located.absence is not None:
            gone.append(located)
        elif located.page is not None:
            with job.writing() as connection:
                tally.rows_written += write_page(connection, located.page, job.privacy, job.now)
        if len(gone) > most:
            return None
    return gone


def _too_many(missing: int, alive: int, rules: CensusRules) -> str:
    return (
        f"census: {missing:,} of {alive:,} issues are no longer listed, and more of them are gone than sync.max_loss "
        f"believes ({rules.max_loss:.0%}, at least {MOST_BELIEVED}); nothing was marked. Check what the account may "
        "see; if they are gone indeed, say --accept-loss"
    )


def _named(gone: Sequence[Located], alive: Sequence[Held]) -> tuple[Gone, ...]:
    by_id = {held.issue_id: held for held in alive}
    return tuple(
        Gone(
            issue_id=one.issue_id,
            project_id=by_id[one.issue_id].project_id,
            key=by_id[one.issue_id].key,
            absence=one.absence or "",
            reason=one.reason,
        )
        for one in sorted(gone, key=lambda one: one.issue_id)
    )


def _tell(job: Job, source: str, report: CensusReport) -> None:
    if report.gone:
        kinds = Counter(one.absence for one in report.gone)
        split = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in sorted(kinds.items()))
        keys = _some([one.key for one in report.gone])
        job.events.note(source, f"census: {count(len(report.gone), 'issue')} gone ({split}): {keys}")
    if report.pulled:
        keys = _some(sorted(report.pulled.values()))
        job.events.note(source, f"census: {count(len(report.pulled), 'issue')} missing here, now pulled: {keys}")


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more
