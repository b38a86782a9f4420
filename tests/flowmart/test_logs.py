"""Log lines: plain or JSON, never with a secret, third parties only when they warn."""

from __future__ import annotations

import io
import json
import logging

import pytest
from rich.console import Console

from flowmart.logs import LogContext, LogFormat, configure, facts

pytestmark = pytest.mark.usefixtures("logging_as_before")

SECRET = 'se"cr\\et-token'


def lines(style: LogFormat, level: int = logging.INFO) -> io.StringIO:
    file = io.StringIO()
    context = LogContext(run="r1")
    context.hide([SECRET])
    configure(Console(file=file, width=40), style, level, context)
    return file


def test_a_json_line_has_the_run_and_the_facts() -> None:
    file = lines(LogFormat.JSON)
    what = {"alerts": [f"for {SECRET}", 1]}
    logging.getLogger("flowmart.x").info("%s: done", "acme", extra=facts(source="acme", rows=3, changes=what))
    line = json.loads(file.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "flowmart.x",
        "run": "r1",
        "message": "acme: done",
        "source": "acme",
        "rows": 3,
        "changes": {"alerts": ["for ***", 1]},
    }


@pytest.mark.parametrize("style", list(LogFormat))
def test_no_line_holds_a_secret_not_even_in_a_trace(style: LogFormat) -> None:
    file = lines(style)
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("flowmart.x").exception("with %s", SECRET, extra=facts(error=SECRET))
    assert "token" not in file.getvalue()
    assert "ValueError: invalid literal" in file.getvalue()


def test_a_text_line_is_one_line_whatever_it_tells_and_is_not_wrapped() -> None:
    file = lines(LogFormat.TEXT)
    logging.getLogger("connectors.x").warning("a\nb \x1b[31m [red]%s", "c" * 60)
    (line,) = file.getvalue().splitlines()
    assert line.endswith(" warning: a b \N{REPLACEMENT CHARACTER}[31m [red]" + "c" * 60)


def test_the_level_counts_for_ours_and_third_parties_must_warn() -> None:
    file = lines(LogFormat.TEXT, logging.DEBUG)
    logging.getLogger("httpx").info("GET https://host/?token=x")
    logging.getLogger("apscheduler.scheduler").info("added a job")
    logging.getLogger("warehouse.x").debug("ours")
    assert [line.partition(" ")[2] for line in file.getvalue().splitlines()] == ["ours"]
