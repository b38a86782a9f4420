"""Each threat of SECURITY.md names tests that exist, and each test of a threat stands there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (`test_.+`) \|$", TEXT, re.MULTILINE)
DEFINED = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
}


def test_each_threat_has_an_answer_and_tests_that_exist() -> None:
    assert len(ROWS) > 12
    for threat, answer, tests in ROWS:
        assert threat
        assert answer
        assert [name for name in re.findall(r"`(\w+)`", tests) if name not in DEFINED] == [], threat


def test_each_test_of_a_threat_is_named_by_its_threat() -> None:
    named = {name for *_, tests in ROWS for name in re.findall(r"`(\w+)`", tests)}
    assert sorted(name for name in DEFINED if name.startswith("test_threat_") and name not in named) == []


def test_all_rows_of_the_table_were_read() -> None:
    table = TEXT.partition("| threat |")[2].partition("\n\n")[0]
    assert len(table.splitlines()) - 2 == len(ROWS)
