"""The list of mutations fits the code, and a break that no test notices is told apart from one that is noticed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "mutations.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutations", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module
    spec.loader.exec_module(module)
    return module


def test_each_mutation_fits_the_code_and_has_a_name_and_tests_of_its_own(tool: ModuleType) -> None:
    mutations = tool.read_mutations(tool.LIST)
    assert [one.name for one in mutations if not one.fits(tool.ROOT)] == []
    assert [one.name for one in mutations if one.old == one.new] == []
    assert len({one.name for one in mutations}) == len(mutations)
    assert {test for one in mutations for test in one.tests if not (tool.ROOT / test).exists()} == set()


@pytest.mark.parametrize(
    ("new", "verdict"),
    [("return 1 + 1", "noticed"), ("return 3 + 0", "SURVIVED"), ("return 1 +", "BROKEN")],
)
def test_a_verdict_is_what_the_tests_say_of_the_broken_code(
    tool: ModuleType, tmp_path: Path, new: str, verdict: str
) -> None:
    (tmp_path / "sums.py").write_text("def three():\n    return 1 + 2\n", encoding="utf-8")
    text = "import sums\n\n\ndef test_three():\n    assert sums.three() == 3\n"
    (tmp_path / "test_sums.py").write_text(text, encoding="utf-8")
    mutation = tool.Mutation("three", "sums.py", "return 1 + 2", new, ["test_sums.py"])
    assert tool.judge(tmp_path, mutation) == verdict
    assert "1 + 2" in (tmp_path / "sums.py").read_text(encoding="utf-8")
