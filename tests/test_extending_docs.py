"""The page on extending shows the code of its worked examples, letter by letter, and leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents import DOCS

ROOT = DOCS.parent
PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^`(tests/[\w/.]+)`:\n\n```python\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_block_of_code_names_its_file() -> None:
    assert len(SHOWN) == PAGE.count("```python")
    assert PAGE.count("```") == 2 * len(SHOWN)


@pytest.mark.parametrize(("name", "code"), SHOWN, ids=[f"{name}:{code.split()[1]}" for name, code in SHOWN])
def test_what_is_shown_is_what_is_run(name: str, code: str) -> None:
    """Each of its definitions, and all of a file whose first line is shown."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [part for part in code.split("\n\n\n") if f"{part}\n" not in text] == []
    assert code.startswith('"""') == (f"{code}\n" == text)


def test_each_room_of_the_examples_is_shown() -> None:
    rooms = {
        str(path.relative_to(ROOT))
        for folder in ("metrics", "connectors")
        for path in Path(ROOT / "tests" / folder / "extending").glob("*.py")
    }
    assert rooms - {name for name, _ in SHOWN} == {"tests/connectors/extending/server.py"}


@pytest.mark.parametrize("name", ["extending.md", "architecture.md"])
def test_links_and_files_named_are_there(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", page) if not (DOCS / link).exists()]
    tops = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    paths = [path for path in re.findall(rf"`((?:{tops})/[\w/.*]+)`", page) if not list(ROOT.glob(path.strip("/")))]
    planned = {"connectors/cards/", "flowmart/sources/cards.py"}
    assert (links, set(paths) - planned) == ([], set())
