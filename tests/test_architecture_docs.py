"""The page on the house leads a reader to code that is there."""

from __future__ import annotations

import re

import pytest

from tests.documents import DOCS, cells

ROOT = DOCS.parent
PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
PATH = PAGE[PAGE.index("\n## The path of one issue\n") :].split("\n## ")[1]
STEPS = [cells(line)[1:] for line in PATH.splitlines() if line.startswith("| ") and "`" in line]


@pytest.mark.parametrize(("files", "names"), STEPS, ids=[names.replace("`", "") for _, names in STEPS])
def test_each_step_of_an_issue_is_a_function_of_the_file_that_is_named(files: str, names: str) -> None:
    first, *others = re.findall(r"`([\w/.]+)`", files)
    paths = [ROOT / first, *((ROOT / first).parent / one if "/" not in one else ROOT / one for one in others)]
    wanted = re.findall(r"`(\w+)`", names)
    assert len(wanted) == len(paths)
    for path, name in zip(paths, wanted, strict=True):
        assert re.search(rf"^ *def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_each_folder_of_the_house_has_its_place_on_the_page() -> None:
    tops = {path.parent.name for path in ROOT.glob("*/py.typed")} - {"benchmarks"}
    assert {name for name in tops if f"`{name}/`" not in PAGE and f"`{name}`" not in PAGE} == set()
    assert len(STEPS) > 20
    assert "](house.svg)" in PAGE
