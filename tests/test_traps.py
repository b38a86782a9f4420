"""Each of the 90 traps of docs/connectors.md has a test that carries its number."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALL = set(range(1, 91))


def test_the_document_lists_each_trap_once() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    listed = [int(number) for number in re.findall(r"^\| (\d+) \| [JDAL ]+ \| .+ \| .+ \|$", text, re.MULTILINE)]
    assert sorted(listed) == sorted(ALL)


def test_each_trap_has_a_test_with_its_number() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = {
        int(number)
        for name in re.findall(r"def test_(traps?_[0-9_]+(?:and_[0-9]+_)?)", sources)
        for number in re.findall(r"\d\d", name)
    }
    assert named == ALL
