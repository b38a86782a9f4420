"""What the shell offers for names when the tab key is pressed: read fast, and silent whatever is wrong."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typer

VARIABLE = "_FLOWMART_COMPLETE"
"""Set by the shell's script when it asks for completions."""
_LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Where the shells' scripts hand over the line so far."""


def words_of_line(environment: Mapping[str, str]) -> list[str]:
    """The words typed so far, when a shell asks; they are not among the arguments."""
    if VARIABLE not in environment:
        return []
    return [word for name in _LINES for word in environment.get(name, "").split()]


def sources(context: typer.Context, incomplete: str) -> list[str]:
    """Sources of the configuration."""
    return _offered(_keys(context, "sources"), incomplete)


def exports(context: typer.Context, incomplete: str) -> list[str]:
    """Exports of the configuration."""
    return _offered(_keys(context, "exports"), incomplete)


def metrics(incomplete: str) -> list[str]:
    """Metrics that can be computed."""
    from metrics.catalog import METRICS  # here and below: each command would pay for it

    return _offered([metric.name for metric in METRICS], incomplete)


def explained(incomplete: str) -> list[str]:
    """Metrics that can be explained."""
    from flowmart.explaining.metric import KNOWN

    return _offered(KNOWN, incomplete)


def tables(incomplete: str) -> list[str]:
    """Tables that can be exported."""
    from warehouse.tables import METADATA

    return _offered(sorted(METADATA.tables), incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def config_of(context: typer.Context) -> Path:
    """The configuration that the line so far names, or the usual one; there or not."""
    from flowmart.config import config_path

    given = context.find_root().params.get("config")
    return config_path(given if isinstance(given, Path) else None, os.environ)


def _keys(context: typer.Context, section: str) -> Sequence[str]:
    """The names in a section of the configuration as it is written, right or wrong."""
    try:
        with config_of(context).open("rb") as file:
            return list(tomllib.load(file).get(section, {}))
    except (OSError, ValueError, AttributeError):
        return []
