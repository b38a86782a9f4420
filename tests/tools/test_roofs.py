"""The roofs are found to be broken where they are, and nowhere else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "roofs.py"


@pytest.fixture(scope="module")
def roofs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("roofs", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["roofs"] = module
    spec.loader.exec_module(module)
    return module


def function(lines: int) -> str:
    return "def f():\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("name", "text", "breaches"),
    [
        ("a/b.py", '"""Fine."""\n', []),
        ("a/b.py", "x = 1\n", ["a/b.py:1: has no docstring that says what it is for"]),
        ("a/b.py", '"""x."""\n' + "x = 1\n" * 399, []),
        ("a/b.py", '"""x."""\n' + "x = 1\n" * 400, ["a/b.py:1: 401 lines; a file may have 400"]),
        ("tests/b.py", '"""x."""\n' + "x = 1\n" * 400, ["tests/b.py:1: 401 lines; a file may have 400"]),
        ("migrations/versions/1.py", '"""x."""\n' + "x = 1\n" * 400 + function(50), []),
        ("a/b.py", '"""x."""\n' + function(40), []),
        ("a/b.py", '"""x."""\n' + function(41), ["a/b.py:2: f has 41 lines; a function may have 40"]),
        ("a/b.py", '"""x."""\nTODO = "todo"\n', []),
        ("a/b.py", '"""x."""\nx = 1  # FIXME later\n', ["a/b.py:2: FIXME: finish it, or leave it out"]),
        (
            "a/b.py",
            '"""x."""\nraise NotImplementedError\n',
            ["a/b.py:2: NotImplementedError: finish it, or leave it out"],
        ),
        ("tests/b.py", '"""x."""\nraise NotImplementedError\n', []),
    ],
)
def test_each_breach_is_a_line_with_its_place(roofs: ModuleType, name: str, text: str, breaches: list[str]) -> None:
    assert list(roofs.of_file(Path(name), text)) == breaches


def test_a_package_needs_its_files_and_what_is_not_ours_is_left_alone(roofs: ModuleType, tmp_path: Path) -> None:
    for name in ("pack/inner/a.py", "tests/pack/test_a.py", "tools/a.py", ".venv/x/a.py", "demo/a.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text('"""x."""\n', encoding="utf-8")
    (tmp_path / "pack" / "__init__.py").write_text('"""x."""\n', encoding="utf-8")
    assert list(roofs.problems(tmp_path)) == ["pack: has no py.typed", "pack/inner: has no __init__.py"]
