"""Logging to stderr: plain lines or JSON lines, each without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from rich.console import Console

from flowmart.secrets import masked
from flowmart.speaking import say
from flowmart.text import harmless, harmless_json, printable

OURS = ("flowmart", "connectors", "warehouse", "metrics", "exports", "lake", "reports", "migrations")


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


@dataclass(slots=True)
class LogContext:
    """What every line of the process shares: the run's id, and what must not be shown."""

    run: str = ""
    secrets: set[str] = field(default_factory=set)

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these from now on."""
        self.secrets.update(secrets)

    def mask(self, text: str) -> str:
        """The text without secrets."""
        return masked(text, self.secrets)


def configure(console: Console, style: LogFormat, level: int, context: LogContext) -> None:
    """Send all logging of the process to the console: ours from `level` on, everybody else's warnings."""
    formatter = JsonLines(context) if style is LogFormat.JSON else TextLines(context)
    handler = _ConsoleHandler(console)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def facts(**values: object) -> Mapping[str, Mapping[str, object]]:
    """The `extra` of a log call: fields of their own in a JSON line."""
    return {"facts": values}


class TextLines(logging.Formatter):
    """`2026-10-02T02:15:04Z acme issues: 2,000 rows`; the level stands there from warnings on."""

    def __init__(self, context: LogContext) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        # masked first: a secret with two blanks in it would not be recognised afterwards
        line = f"{_at(record)} {level}{printable(self._context.mask(record.getMessage()))}"
        trace = self._context.mask(self.formatException(record.exc_info)) if record.exc_info else ""
        # indented, so that no line of a message within looks like one of the log
        return "\n".join([line, *(f"    {harmless(each)}" for each in trace.splitlines())])


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, run, message, and the facts of the call."""

    def __init__(self, context: LogContext) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "run": self._context.run,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        # masked before encoding: JSON would write some characters of a secret in another form
        return harmless_json(json.dumps(_hidden(self._context, line), ensure_ascii=False, default=str))


def _hidden(context: LogContext, value: object) -> object:
    """The same with no secret in any of its texts."""
    if isinstance(value, str):
        return context.mask(value)
    if isinstance(value, Mapping):
        return {key: _hidden(context, item) for key, item in value.items()}
    return [_hidden(context, item) for item in value] if isinstance(value, list | tuple) else value


def _at(record: logging.LogRecord) -> str:
    return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}"


class _ConsoleHandler(logging.Handler):
    """Prints through rich's console, so that a line and a progress bar do not overwrite each other."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        try:
            say(self._console, self.format(record))
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not end the run
            self.handleError(record)
