"""The roofs that no linter holds: how large files and functions may be, open ends, and what each package needs."""

from __future__ import annotations

import ast
import io
import os
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 40

_SKIPPED = {"demo", "build", "dist"}
_SCRIPTS = {"tests", "tools"}
_REVISIONS = Path("migrations/versions")
_OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def problems(root: Path) -> Iterator[str]:
    """Every breach under the folder, as `path:line: what`."""
    folders = set()
    for path in python_files(root):
        name = path.relative_to(root)
        folders.add(name.parent)
        yield from of_file(name, path.read_text(encoding="utf-8"))
    for folder in sorted(folders):
        yield from of_folder(root, folder)


def python_files(root: Path) -> Iterator[Path]:
    """The Python files that are ours, in order."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _SKIPPED)
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def of_file(name: Path, text: str) -> Iterator[str]:
    """Breaches within one file, which is named by its path under the root."""
    lines, tree = text.splitlines(), ast.parse(text)
    if ast.get_docstring(tree) is None:
        yield f"{name}:1: has no docstring that says what it is for"
    if name.parent != _REVISIONS:
        yield from _too_large(name, lines, tree)
    if name.parts[0] != "tests" and name != Path("tools/roofs.py"):
        yield from (f"{name}:{number}: {what}: finish it, or leave it out" for number, what in _open_ends(text))


def of_folder(root: Path, folder: Path) -> Iterator[str]:
    """What a package lacks. Tests and tools are no packages, and neither are the revisions."""
    if not folder.parts or folder.parts[0] in _SCRIPTS or folder == _REVISIONS:
        return
    if not (root / folder / "__init__.py").exists():
        yield f"{folder}: has no __init__.py"
    if len(folder.parts) == 1 and not (root / folder / "py.typed").exists():
        yield f"{folder}: has no py.typed"


def _open_ends(text: str) -> Iterator[tuple[int, str]]:
    """Marks in comments, where `TODO` cannot be the stage of an issue, and `NotImplementedError` in code."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        found = _OPEN_END.search(token.string) if token.type == tokenize.COMMENT else None
        if found is not None or (token.type == tokenize.NAME and token.string == "NotImplementedError"):
            yield token.start[0], found[0] if found else token.string


def _too_large(name: Path, lines: Sequence[str], tree: ast.Module) -> Iterator[str]:
    if len(lines) > FILE_LINES:
        yield f"{name}:1: {len(lines)} lines; a file may have {FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, _Function) and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
            yield f"{name}:{node.lineno}: {node.name} has {length} lines; a function may have {FUNCTION_LINES}"


def main() -> int:
    """Print the breaches of the working directory; 1 if there are any."""
    found = list(problems(Path()))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
