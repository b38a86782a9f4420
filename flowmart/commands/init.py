"""`flowmart init`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from flowmart.commands.looks import Screen, show
from flowmart.commands.options import session_of
from flowmart.config import read_config
from flowmart.errors import UsageError
from flowmart.logs import LogFormat
from flowmart.looking.discovery import Wanted, discover
from flowmart.looking.look import SourceLook
from flowmart.looking.questions import azure_devops, jira, local_zone, trackers
from flowmart.looking.template import render
from flowmart.secrets import variables
from flowmart.session import Session
from flowmart.text import printable

JiraUrl = Annotated[str | None, typer.Option("--jira-url", metavar="URL", help="Jira site.")]
JiraEmail = Annotated[str | None, typer.Option("--jira-email", metavar="EMAIL", help="Account (Jira Cloud).")]
JiraToken = Annotated[
    str | None, typer.Option("--jira-token-env", metavar="NAME", help="Environment variable that holds the token.")
]
JiraName = Annotated[str | None, typer.Option("--jira-name", metavar="NAME", help="Name for the source.")]
AdoUrl = Annotated[str | None, typer.Option("--ado-url", metavar="URL", help="Azure DevOps organisation.")]
AdoToken = Annotated[
    str | None, typer.Option("--ado-token-env", metavar="NAME", help="Environment variable that holds the token.")
]
AdoName = Annotated[str | None, typer.Option("--ado-name", metavar="NAME", help="Name for the source.")]
Warehouse = Annotated[str, typer.Option("--warehouse", metavar="URL", help="Database to load into.")]
Timezone = Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help="Time zone of days and weeks.")]
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Take addresses that begin with http://.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")]


def command(
    context: typer.Context,
    jira_url: JiraUrl = None,
    jira_email: JiraEmail = None,
    jira_token_env: JiraToken = None,
    jira_name: JiraName = None,
    ado_url: AdoUrl = None,
    ado_token_env: AdoToken = None,
    ado_name: AdoName = None,
    warehouse: Warehouse = "sqlite:///flowmart.db",
    timezone: Timezone = None,
    allow_http: AllowHttp = False,  # noqa: FBT002 - Typer's shape
    force: Force = False,  # noqa: FBT002 - Typer's shape
) -> None:
    """Write a commented flowmart.toml to start from.

    Without options you are asked. Secrets are never written: the file names the environment variables that hold them.
    If those are set, the trackers are asked what the account may see, and the fields for story points, severity and
    "found in" are proposed.
    """
    session = session_of(context)
    path = session.config_file
    if path.exists() and not force:
        raise UsageError(f"{path}: is there already; --force overwrites it, -c FILE (before `init`) names another")
    wanted = [*jira(jira_url, jira_email, jira_token_env, jira_name), *azure_devops(ado_url, ado_token_env, ado_name)]
    if not wanted:
        require_terminal()
        wanted = trackers(_ask)
        timezone = timezone or _ask("Time zone that days and weeks are counted in", local_zone())
    require_different(wanted)
    require_no_password(warehouse)
    wanted = [replace(each, allow_http=allow_http and each.url.startswith("http://")) for each in wanted]
    zone = timezone or local_zone()
    require_valid(render([(source, None) for source in wanted], warehouse, zone), path)  # before anybody is asked
    text = render(_looks(session, wanted, zone), warehouse, zone)
    require_valid(text, path)
    write_privately(path, text)
    _tell_what_next(session, path, wanted)


def require_terminal() -> None:
    """Raise `UsageError` when there is nobody to answer questions."""
    if not sys.stdin.isatty():
        raise UsageError("name a tracker: --jira-url URL or --ado-url URL (on a terminal you would be asked)")


def require_different(wanted: Sequence[Wanted]) -> None:
    """Raise `UsageError` when two sources would have one name."""
    names = [source.name for source in wanted]
    if len(set(names)) < len(names):
        raise UsageError(f"both sources would be called {names[0]}; name one by --jira-name or --ado-name")


def require_no_password(warehouse: str) -> None:
    """Raise `UsageError` for a database address that shows its password to whoever lists processes."""
    login = urlsplit(warehouse).netloc.rpartition("@")[0]
    password = login.partition(":")[2]
    if password and not password.startswith("${"):
        raise UsageError(
            "--warehouse: a password on the command line can be read by others; "
            "write '${PGPASSWORD}' in its place, in single quotes"
        )


def require_valid(text: str, path: Path) -> None:
    """Raise `ConfigError` when the text could not be loaded once its variables are set."""
    read_config(text, path, dict.fromkeys(variables(text), "set-later"))


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is whole or not there at all."""
    descriptor, part = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")  # made with 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(part).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(part).unlink()


def _ask(question: str, default: str) -> str:
    """Asked on stderr: stdout is for results. Ctrl-C passes as the KeyboardInterrupt that it is."""
    sys.stderr.write(f"{question} [{default}]: " if default else f"{question}: ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError("the input ended before all questions were answered; nothing was written")
    return answer.strip() or default


def _looks(session: Session, wanted: Sequence[Wanted], zone: str) -> list[tuple[Wanted, SourceLook | None]]:
    """What each tracker shows, told as it is found out; all are asked at once."""
    now = session.begin()
    for source in wanted:
        session.context.hide([session.environment.get(source.token_variable, "")])
    screen = Screen(console=session.err, mask=session.context.mask, zone=ZoneInfo(zone), now=now)
    looks = []
    for source, look in discover(wanted, session.environment, now):
        looks.append((source, None if look is None else _masked(look, session.context.mask)))
        if look is None:
            session.tell(f"{source.name}: {source.token_variable} is not set, so {source.url} was not asked")
        elif session.verbosity >= 0 and session.log_format is LogFormat.TEXT:
            show(screen, look)
        elif look.error is not None:
            session.tell(f"{source.name}: {printable(look.error)}")
    return looks


def _masked(look: SourceLook, mask: Callable[[str], str]) -> SourceLook:
    """Without secrets in what the tracker says of itself: it goes into a file."""
    survey = look.survey
    if survey is not None:
        missing, problems = map(mask, survey.missing_permissions), map(mask, survey.problems)
        survey = replace(survey, missing_permissions=tuple(missing), problems=tuple(problems))
    return replace(look, survey=survey, error=None if look.error is None else mask(look.error))


def _tell_what_next(session: Session, path: Path, wanted: Sequence[Wanted]) -> None:
    session.print(f"wrote {path}")
    unset = [source.token_variable for source in wanted if not session.environment.get(source.token_variable)]
    if unset:
        session.tell(f"next: set {' and '.join(unset)}, then `flowmart check`")
    else:
        session.tell("next: `flowmart check`, then `flowmart run`")
