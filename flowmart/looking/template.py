"""The text of a new `flowmart.toml`, commented for the person who goes on with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from connectors.base import FieldCandidate, Seen, Survey
from flowmart.looking.discovery import Wanted
from flowmart.looking.look import SourceLook
from flowmart.looking.proposals import ROLES, Proposal, filled, propose
from flowmart.text import count, printable, server

_MOST_LISTED = 40
_TYPES = "{types}"
_DEFECTS = ("Bug", "Defect", "Incident")
_DEFECT_WORDS = ("bug", "defect", "defekt", "incident", "fehler", "anomal", "défaut", "defecto", "difetto", "ошибка")
_SCOPES = {"jira": ("project", "board"), "azure_devops": ("project", "team")}

_HEAD = """\
# Configuration of flowmart. Try it with `flowmart check`, then `flowmart run`.
# ${NAME} stands for an environment variable, ${file:/path} for the content of a file, in any text.
# Relative paths count from the folder of this file.
"""

_TAIL = """\
# holidays = "DE"       # country or country-part, such as "DE-BY"

[workflow]
# Status names by stage, where the tracker's own category of a status is not what your team means by it:
# todo = ["Backlog"]
# in_progress = ["In Review"]
# done = ["Released"]
# removed = []
# Queues (work waits there) and statuses that mean blocked; flow efficiency needs one of them:
# waiting = ["In Review"]
# blocked = ["Blocked"]

[defects]
{types}
# When has a defect escaped to customers? The first rule that matches decides; without any, none is known to have:
# [[defects.rules]]
# name = "found in production"
# escaped = true
# field = "found_in"
# values = ["Production"]
# [[defects.rules]]
# escaped = false
# field = "found_in"
# values = ["Test", "Staging"]

[schedule]
run = "15 2 * * *"       # for `flowmart schedule`: cron, in calendar.timezone
max_age = "26h"          # `flowmart status` fails when a source was last synced longer ago

[report]
to = "report.html"       # for people: one file with charts

[exports.bi]
format = "parquet"       # or "csv"
to = "exports/bi"
"""


def render(wanted: Sequence[tuple[Wanted, SourceLook | None]], warehouse_url: str, timezone: str) -> str:
    """The file's text: valid, with what each tracker showed (None: it was not asked) as comments."""
    sources = ["\n".join(_source(source, look)) + "\n" for source, look in wanted]
    tail = _TAIL.replace(_TYPES, _defect_types(wanted))
    parts = [
        _HEAD,
        f'[warehouse]\nurl = {quoted(warehouse_url)}    # or "postgresql+psycopg://user:${{PGPASSWORD}}@host/database"\n',
        *sources,
        f"[calendar]\ntimezone = {quoted(timezone)}    # decides what a day, a week and a month are\n{tail}",
    ]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _defect_types(wanted: Sequence[tuple[Wanted, SourceLook | None]]) -> str:
    """The types that sound like defects; all usual ones where no tracker showed any."""
    surveys = [look.survey for _, look in wanted if look is not None and look.survey is not None]
    seen = dict.fromkeys(each.name for survey in surveys for each in survey.seen if each.what == "issue type")
    found = [name for name in seen if any(word in name.casefold() for word in _DEFECT_WORDS)]
    if not found:
        return f"types = {_list(_DEFECTS)}"
    others = ", ".join(printable(name) for name in seen if name not in found)
    return f"types = {_list(found)}" + (f"   # not: {others}" if others else "")


def _source(wanted: Wanted, look: SourceLook | None) -> Iterator[str]:
    identity = look.identity if look else None
    if identity is not None:
        yield f"# {printable(server(identity))}, asked as {printable(identity.display_name)}"
    yield f"[sources.{wanted.name}]"
    yield f"type = {quoted(wanted.type)}"
    yield f"url = {quoted(wanted.url)}"
    if wanted.allow_http:
        yield "allow_http = true"
    if wanted.email:
        yield f"email = {quoted(wanted.email)}"
    elif wanted.type == "jira" and identity is None:
        yield '# email = "bot@example.org"   # Jira Cloud needs it; Data Center does not'
    yield f'token = "${{{wanted.token_variable}}}"'
    if look is None:
        yield f"# Set {wanted.token_variable} and run `flowmart check` to see what the account may see."
        return
    if look.error is not None:
        yield f"# The tracker could not be asked: {printable(look.error)}"
    if look.survey is not None:
        yield from _survey(look.survey, wanted.type)


def _survey(survey: Survey, type_: str) -> Iterator[str]:
    for what in _SCOPES[type_]:
        found = [seen for seen in survey.seen if seen.what == what]
        if not found:
            continue
        values = [int(seen.native_id) if what == "board" else seen.name for seen in found]
        shown = ", ".join(str(v) if isinstance(v, int) else quoted(printable(v)) for v in values[:_MOST_LISTED])
        more = f"   # and {len(found) - _MOST_LISTED:,} more" if len(found) > _MOST_LISTED else ""
        yield f"# The account sees {count(len(found), what)}. Without a choice here all are synced."
        yield from _described(found[:_MOST_LISTED])
        yield f"# {what}s = [{shown}]{more}"
    yield from _fields([propose(survey, role, type_) for role in ROLES], survey)
    for missing in survey.missing_permissions:
        yield f"# Missing: {printable(missing)}"
    for problem in survey.problems:
        yield f"# Problem: {printable(problem)}"


def _described(found: Sequence[Seen]) -> Iterator[str]:
    """What the bare ids and keys of a list leave open."""
    for seen in found:
        name = seen.name if seen.what == "team" else f"{seen.native_id if seen.what == 'board' else seen.name}"
        known = [seen.name if seen.what == "board" else "", seen.detail]
        told = [*filter(None, known), *([] if seen.issues is None else [count(seen.issues, "issue")])]
        if told:
            yield f"#   {printable(name)}: {printable(', '.join(told))}"


def _fields(proposals: Sequence[Proposal], survey: Survey) -> Iterator[str]:
    """Proposals as they would be chosen anyway, written down so that a person can correct them."""
    if not survey.fields and not survey.candidates:
        return
    pairs = [f"{each.role} = {_ids(each.ids)}" for each in proposals if each.ids]
    why = "; ".join(f"{each.role}: {printable(each.reason)}" for each in proposals)
    yield (
        f"fields = {{ {', '.join(pairs)} }}   # {why}"
        if pairs
        else f'# fields = {{ story_points = "Story Points" }}   # name or id; {why}'
    )
    for each in proposals:
        for candidate in each.written:
            yield f"#   {each.role}: {_candidate(candidate)}"
        for candidate in each.others:
            yield f"#   {each.role} could be: {_candidate(candidate)}"


def _candidate(candidate: FieldCandidate) -> str:
    said = f"{candidate.name}: {filled(candidate)}; {candidate.evidence}"
    return f"{quoted(candidate.native_id)}, {printable(said)}"


def _ids(ids: Sequence[str]) -> str:
    return quoted(ids[0]) if len(ids) == 1 else _list(ids)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(quoted(text) for text in texts)}]"
