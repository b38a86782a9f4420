"""The text of a new `flowmart.toml`, commented for the person who goes on with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from connectors.base import FieldChoice, Survey
from flowmart.discovery import Wanted
from flowmart.look import SourceLook
from flowmart.text import count, printable

_MOST_LISTED = 40
_ROLES = ("story_points", "severity", "found_in")
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
types = ["Bug", "Defect", "Incident"]
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

[exports.bi]
format = "parquet"       # or "csv"
to = "exports/bi"
"""


def render(wanted: Sequence[tuple[Wanted, SourceLook | None]], warehouse_url: str, timezone: str) -> str:
    """The file's text: valid, with what each tracker showed (None: it was not asked) as comments."""
    sources = ["\n".join(_source(source, look)) + "\n" for source, look in wanted]
    parts = [
        _HEAD,
        f'[warehouse]\nurl = {quoted(warehouse_url)}    # or "postgresql+psycopg://user:${{PGPASSWORD}}@host/database"\n',
        *sources,
        f"[calendar]\ntimezone = {quoted(timezone)}    # decides what a day, a week and a month are\n{_TAIL}",
    ]
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _source(wanted: Wanted, look: SourceLook | None) -> Iterator[str]:
    yield f"[sources.{wanted.name}]"
    yield f"type = {quoted(wanted.type)}"
    yield f"url = {quoted(wanted.url)}"
    if wanted.email:
        yield f"email = {quoted(wanted.email)}"
    elif wanted.type == "jira":
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
        yield f"# {what}s = [{shown}]{more}"
    yield from _fields([choice for choice in survey.fields if choice.role in _ROLES])
    for problem in survey.problems:
        yield f"# Problem: {printable(problem)}"


def _fields(choices: Sequence[FieldChoice]) -> Iterator[str]:
    """Proposals as they would be chosen anyway, written down so that a person can correct them."""
    if not choices:
        return
    for choice in choices:
        found = f"{choice.name}: {choice.evidence}" if choice.native_ids else f"none found ({choice.evidence})"
        yield f"# {choice.role}: {printable(found)}"
    pairs = [f"{choice.role} = {_ids(choice.native_ids)}" for choice in choices if choice.native_ids]
    yield (
        f"fields = {{ {', '.join(pairs)} }}" if pairs else '# fields = { story_points = "Story Points" }   # name or id'
    )


def _ids(ids: Sequence[str]) -> str:
    return quoted(ids[0]) if len(ids) == 1 else f"[{', '.join(quoted(native) for native in ids)}]"
