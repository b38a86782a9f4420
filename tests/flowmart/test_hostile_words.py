"""Names that people give — sources, schemas, roles, tables, metrics — are refused before they reach SQL or a path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowmart.config import Config

if TYPE_CHECKING:
    from conftest import Call

ROOT = Path(__file__).parents[2]
OURS = ("connectors", "exports", "flowmart", "lake", "metrics", "migrations", "warehouse")
STARTS = re.compile(r"\b(subprocess|multiprocessing|os\.(system|popen|exec\w*|spawn\w*|posix_spawn)|pty)\b")
HOSTILE = ['x"; DROP TABLE issues; --', "../../etc/passwd", "x'--", "x;y", "x\x00y"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "words",
    [
        ("migrate", "--roles", "--sql", "--writer"),
        ("migrate", "--to"),
        ("export", "--format", "csv", "--to", "out", "--table"),
        ("export",),
        ("compute",),
        ("sync",),
        ("reconcile",),
    ],
)
def test_threat_hostile_name_on_the_command_line_is_refused(call: Call, words: tuple[str, ...], name: str) -> None:
    ended = call(*words, name)
    assert ended.code == 2, ended
    assert len(ended.err.splitlines()) == 1
    assert "a defect of flowmart" not in ended.err


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("where", ["source", "schema", "table"])
def test_threat_hostile_name_in_the_configuration_is_refused(name: str, where: str) -> None:
    source = {"type": "jira", "url": "https://x", "token": "t"}
    sections = {
        "sources": {name if where == "source" else "acme": source},
        "warehouse": {"url": "postgresql://me@host/db", "schema": name if where == "schema" else ""},
        "exports": {"bi": {"format": "csv", "to": "x", "tables": [name if where == "table" else "issues"]}},
    }
    with pytest.raises(ValueError, match=r"a source's name is made of|must be a plain name|unknown table"):
        Config.model_validate(sections)


def test_threat_secrets_on_a_command_line_no_process_is_started_but_the_simulator() -> None:
    """Whoever lists processes reads their arguments."""
    starting = {
        str(path.relative_to(ROOT))
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        if STARTS.search(path.read_text(encoding="utf-8"))
    }
    assert starting == {"flowmart/demo.py"}
