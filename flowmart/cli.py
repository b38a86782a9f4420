"""The command line: global options, the commands, and what a failure ends in."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from flowmart.commands.catalog import COMMANDS, module_name
from flowmart.commands.options import examples, session_of
from flowmart.completing import words_of_line
from flowmart.errors import DONE, FAILED, INTERRUPTED, WRONG_USE, ConfigError
from flowmart.logs import LogFormat
from flowmart.session import Session

_LOG = logging.getLogger(__name__)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's shape of a callback
    if wanted:
        from importlib.metadata import version  # here, since nothing else wants it

        typer.echo(f"flowmart {version('flowmart')}")
        raise typer.Exit


def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "-c", "--config", metavar="FILE", help="Configuration file [default: $FLOWMART_CONFIG or flowmart.toml]."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Tell more on stderr.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Tell only problems on stderr.")] = False,  # noqa: FBT002
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="Form of log lines.")] = LogFormat.TEXT,
    _: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end."),
    ] = None,
) -> None:
    """Issues, their complete history and sprints from Jira and Azure DevOps in one SQL warehouse, with flow metrics.

    Results go to stdout, progress and logs to stderr. Exit codes: 0 done; 1 a source or a job failed; 2 the command
    line or the configuration is wrong; 3 done, with differences or alerts that a person should see; 130 interrupted.
    """
    session = session_of(context)
    session.config_option = config
    session.verbosity = int(verbose) - int(quiet)
    session.log_format = log_format
    session.start_logging()
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USE)


def _application(arguments: Sequence[str]) -> typer.Typer:
    """The command line. Only commands that the arguments name are imported: all together cost a second of CPU."""
    app = typer.Typer(
        name="flowmart",
        pretty_exceptions_enable=False,  # they show local variables, and those hold secrets
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog=examples(
            "flowmart init --jira-url https://acme.atlassian.net \\",
            "    --jira-email bot@acme.example",
            "flowmart check",
            "flowmart run",
            "flowmart status",
        ),
    )
    app.callback(invoke_without_command=True)(options)
    for name, entry in COMMANDS.items():
        code = import_module(f"flowmart.commands.{module_name(name)}").command if name in arguments else _not_called
        app.command(name, short_help=entry.summary, epilog=examples(*entry.examples))(code)
    return app


def _not_called() -> None:
    """In the list of commands only; a command that is called stands among the arguments."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Do what the arguments say; returns the exit code. A failure is one line on stderr."""
    session = Session(environment=environment)
    try:
        code = typer.main.get_command(_application([*arguments, *words_of_line(environment)])).main(
            args=list(arguments), prog_name="flowmart", standalone_mode=False, obj=session
        )
    except TyperException as error:
        return _refused(session, error)
    except Exception as error:  # noqa: BLE001 - the outermost place: everything becomes a line and a code
        return _failed(session, error)
    if code == INTERRUPTED:
        if session.err.is_terminal:
            session.err.print()  # the line has ^C in it
        return _fail(
            session, INTERRUPTED, "interrupted; what was committed is kept, the same command goes on from there"
        )
    return code if isinstance(code, int) else DONE


def run() -> NoReturn:
    """The process: does what its arguments say and ends with the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # names of any script, terminals of any encoding
    code = main(sys.argv[1:], os.environ)
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its end
        code = code or FAILED
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"flowmart: the output cannot be written: {error.strerror}\n")
    if code == INTERRUPTED or _is_somebody_waiting():
        sys.stderr.flush()
        os._exit(code)  # threads may still wait for a tracker; nobody waits for them
    sys.exit(code)


def _is_somebody_waiting() -> bool:
    """Whether the interpreter's end would wait for a thread of a run that was broken off."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _refused(session: Session, error: TyperException) -> int:
    message = getattr(error, "format_message", lambda: str(error))().replace(": Value error, ", ": ")  # of Pydantic's
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "flowmart"
    hint = f"`{where} --help` shows what there is"
    if message.rstrip(".").endswith((" -c", " --config", " -v", " -q", " --log-format")):
        hint = "it stands before the command: flowmart -c FILE COMMAND"
    said = message.rstrip(".")
    return _fail(session, WRONG_USE, f"{said}{' ' if said.endswith('?') else '; '}{hint}")


def _failed(session: Session, error: Exception) -> int:
    if isinstance(error, ConfigError):  # its lines begin with the file
        return _fail(session, WRONG_USE, str(error), prefix="")
    failure = session.explain(error)
    if failure is not None:
        return _fail(session, failure.code, failure.text)
    _LOG.debug("the place of the failure", exc_info=error)
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    hint = "" if session.verbosity > 0 else "; run it again with -v before the command to see the place"
    return _fail(session, FAILED, f"a defect of flowmart: {said}{hint}")


def _fail(session: Session, code: int, text: str, *, prefix: str = "flowmart: ") -> int:
    for line in text.splitlines():
        session.fail(f"{prefix}{line}")
    return code
