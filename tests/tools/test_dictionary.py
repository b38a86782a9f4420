"""The document of the data dictionary follows the schema, and a check says when it does not."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from warehouse.tables import METADATA

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dictionary() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dictionary", ROOT / "tools" / "dictionary.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dictionary"] = module
    spec.loader.exec_module(module)
    return module


def test_the_document_is_in_step_with_the_schema(dictionary: ModuleType) -> None:
    assert (ROOT / dictionary.DOCUMENT).read_text(encoding="utf-8") == dictionary.document()


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


def test_the_check_tells_a_file_that_is_missing_or_out_of_step(
    dictionary: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dictionary.main(["--check"]) == 1
    (tmp_path / "docs").mkdir()
    assert dictionary.main([]) == 0
    assert capsys.readouterr().out.count("run `./dev python tools/dictionary.py`") == 1
    assert dictionary.main(["--check"]) == 0
    dictionary.DOCUMENT.write_text("# Old\n", encoding="utf-8")
    assert dictionary.main(["--check"]) == 1
