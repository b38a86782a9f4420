"""Shows what a tracker showed, to people and to programs; `check` and `init` say it in the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from connectors.base import FieldCandidate, FieldChoice, Seen, Survey
from flowmart.commands.options import row, table
from flowmart.looking.look import SourceLook
from flowmart.looking.proposals import filled
from flowmart.speaking import lay, tell
from flowmart.text import count, harmless, instant, printable, server

SOON = timedelta(days=14)
"""A token that ends within it is warned of."""
_MOST_SHOWN = 12
_PLACES = ("project", "board", "team")
_ORDER = (*_PLACES, "issue type", "status", "field", "group")
_LABEL_WIDTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where to show it: `mask` hides secrets."""

    console: Console
    mask: Callable[[str], str]
    zone: tzinfo
    now: datetime

    def line(self, text: str) -> None:
        """A line as it is."""
        tell(self.console, harmless(self.mask(text)))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Labelled sentences: on a terminal folded below one another, else one a line."""
        if not self.console.is_terminal:
            for label, text in facts:
                self.line(f"  {label:<{_LABEL_WIDTH}}  {printable(self.mask(text))}")
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(min_width=_LABEL_WIDTH)
        grid.add_column(overflow="fold")
        for label, text in facts:
            row(grid, label, self.mask(text))
        lay(self.console, Padding(grid, (0, 0, 0, 2), expand=False))

    def paragraph(self, facts: Sequence[tuple[str, str]]) -> None:
        """The same, if there are any, after a blank line."""
        if facts:
            self.line("")
            self.facts(facts)

    def table(self, made: Table) -> None:
        """A table, a little to the right, with a blank line before it."""
        made.show_edge = False
        self.line("")
        lay(self.console, Padding(made, (0, 0, 0, 2), expand=False))


def show(screen: Screen, look: SourceLook, more: Sequence[tuple[str, str]] = ()) -> None:
    """Login, token, what is visible, permissions, roles with their candidates, then notes and problems.

    `more` are labelled sentences that the caller has found out.
    """
    what = server(look.identity) if look.identity else look.type
    screen.line("")
    screen.line(f"{look.source}: {what} at {look.url}")
    screen.facts(list(_login(screen, look)))
    survey = look.survey
    if survey is not None:
        if survey.seen:
            screen.table(_visible(survey.seen, screen.mask))
        else:
            screen.line("  nothing is visible to the account")
        screen.paragraph([("missing", each) for each in survey.missing_permissions])
        screen.table(_roles(survey, screen.mask))
    notes = survey.notes if survey else ()
    screen.paragraph([*(("note", each) for each in notes), *more, *(("problem", each) for each in look.problems)])


def warning(survey: Survey, now: datetime) -> str | None:
    """A sentence for a token that ends soon."""
    if survey.token_expires_at is None or survey.token_expires_at - now >= SOON:
        return None
    left = max((survey.token_expires_at - now).days, 0)
    return f"the token expires in {count(left, 'day')}; make a new one, and put it where the old one is kept"


def document(look: SourceLook, now: datetime) -> dict[str, object]:
    """All of it for a program."""
    identity, survey = look.identity, look.survey or Survey()
    return {
        "type": look.type,
        "url": look.url,
        "ok": not look.problems,
        "requests": look.requests,
        "login": identity
        and {
            "kind": identity.kind,
            "account": identity.account,
            "display_name": identity.display_name,
            "version": identity.version,
            "time_zone": identity.time_zone,
        },
        "token": {
            "expires_at": survey.token_expires_at,
            "note": survey.token_note,
            "warning": warning(survey, now),
        },
        "seen": [
            {"what": s.what, "id": s.native_id, "name": s.name, "detail": s.detail, "issues": s.issues}
            for s in survey.seen
        ],
        "fields": [
            {"role": c.role, "ids": list(c.native_ids), "name": c.name, "evidence": c.evidence} for c in survey.fields
        ],
        "candidates": [_candidate(each) for each in survey.candidates],
        "missing_permissions": list(survey.missing_permissions),
        "problems": list(look.problems),
        "notes": list(survey.notes),
    }


def _candidate(candidate: FieldCandidate) -> dict[str, object]:
    return {
        "role": candidate.role,
        "id": candidate.native_id,
        "name": candidate.name,
        "filled": candidate.filled,
        "asked": candidate.asked,
        "by_project": dict(candidate.by_project),
        "evidence": candidate.evidence,
    }


def _login(screen: Screen, look: SourceLook) -> Iterator[tuple[str, str]]:
    identity, survey = look.identity, look.survey
    if identity is not None:
        zone = f", time zone {identity.time_zone}" if identity.time_zone else ""
        account = "" if identity.account == identity.display_name else f" ({identity.account})"
        yield "login", f"{identity.display_name}{account}{zone}"
    if survey is not None:
        ends = survey.token_expires_at
        said = f"expires {instant(ends, screen.zone)}: " if ends else ""
        if said or survey.token_note:
            yield "token", f"{said}{survey.token_note}"
        if soon := warning(survey, screen.now):
            yield "warning", soon
    if look.requests:
        yield "asked", count(look.requests, "request")


def _visible(seen: Sequence[Seen], mask: Callable[[str], str]) -> Table:
    made = table("visible", "count", "names", right=("count",))
    known = {what: place for place, what in enumerate(_ORDER)}
    ordered = sorted(seen, key=lambda each: known.get(each.what, len(known)))
    for what, group in groupby(ordered, key=lambda each: each.what):
        found = list(group)
        names = list(dict.fromkeys(_name(each) for each in found))
        number = len(found) if what in _PLACES or what == "field" else len(names)
        more = f", and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
        listed = ", ".join(names[:_MOST_SHOWN]) + more
        row(made, what, f"{number:,}", mask(listed) if what != "field" else "all of them in --json")
    return made


def _name(seen: Seen) -> str:
    """Places with their detail; of all else the name, which often occurs once a project or type."""
    told = [seen.detail] if seen.detail and seen.what in (*_PLACES, "group") else []
    if seen.issues is not None:
        told.append(count(seen.issues, "issue"))
    return f"{seen.name} ({', '.join(told)})" if told else seen.name


def _roles(survey: Survey, mask: Callable[[str], str]) -> Table:
    made = table("role", "field", "filled", "why")
    for choice in survey.fields:
        candidates = [each for each in survey.candidates if each.role == choice.role]
        for number, cells in enumerate(_role(choice, candidates)):
            row(made, choice.role if number == 0 else "", *(mask(cell) for cell in cells))
    return made


def _role(choice: FieldChoice, candidates: Sequence[FieldCandidate]) -> Iterator[tuple[str, str, str]]:
    """Field, how many issues fill it, why; those in use first."""
    used = [each for each in candidates if each.native_id in choice.native_ids]
    counted = {each.native_id for each in used}
    if any(native not in counted for native in choice.native_ids):
        yield f"{choice.name} ({', '.join(choice.native_ids)})", "", f"used: {choice.evidence}"
    if not choice.native_ids:
        yield "none", "", choice.evidence
    for each in used:
        how = choice.evidence if choice.evidence == "configured" else ""
        why = "; ".join(dict.fromkeys(filter(None, (how, each.evidence))))
        yield _field(each), filled(each).removesuffix(" issues"), f"used: {why}"
    for each in candidates:
        if each not in used:
            yield _field(each), filled(each).removesuffix(" issues"), f"could be: {each.evidence}"


def _field(candidate: FieldCandidate) -> str:
    """Name and id; a name that occurs twice has the id in it already."""
    return candidate.name if candidate.native_id in candidate.name else f"{candidate.name} ({candidate.native_id})"
