"""The documents made from the schema follow it, and a check says when they do not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from warehouse.tables import METADATA

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dictionary() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        yield importlib.import_module("dictionary")


def test_the_documents_are_in_step_with_the_schema(dictionary: ModuleType) -> None:
    for path, made in dictionary.DOCUMENTS.items():
        assert (ROOT / path).read_text(encoding="utf-8") == made()


def test_each_table_has_its_grain_and_a_line_for_each_column(dictionary: ModuleType) -> None:
    sections = re.split(r"^### `(\w+)`$", dictionary.document(), flags=re.MULTILINE)[1:]
    assert sorted(sections[::2]) == sorted(METADATA.tables)
    for name, section in zip(sections[::2], sections[1::2], strict=True):
        assert section.strip().startswith("One row per ")
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == METADATA.tables[name].columns.keys()


def test_columns_that_are_required_or_computed_are_marked(dictionary: ModuleType) -> None:
    issues = dictionary.document().partition("### `issues`")[2].partition("### ")[0]
    lines = {line.split("`")[1]: line.split("|")[2].strip() for line in issues.splitlines() if line.startswith("| `")}
    assert lines["summary"] == "text, *required*"
    assert lines["resolution"] == "text"
    assert lines["stage"] == "text, *computed*"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<source>:<id>", r"\<source>:\<id>"),
        ("with `<source>` as it is", "with `<source>` as it is"),
        ("a | b", r"a \| b"),
    ],
)
def test_texts_are_shown_as_they_are(dictionary: ModuleType, text: str, shown: str) -> None:
    assert dictionary.escaped(text) == shown


@pytest.mark.parametrize("name", ["data-dictionary.md", "entities.svg"])
def test_the_check_tells_a_file_that_is_missing_or_out_of_step(
    dictionary: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert dictionary.main(["--check"]) == 1
    assert capsys.readouterr().out.count("run `./dev python tools/dictionary.py`") == 2
    assert dictionary.main([]) == 0
    assert dictionary.main(["--check"]) == 0
    (tmp_path / "docs" / name).write_text("Old\n", encoding="utf-8")
    assert dictionary.main(["--check"]) == 1
    assert (
        capsys.readouterr().out == f"docs/{name}: is not what the schema says: run `./dev python tools/dictionary.py`\n"
    )
