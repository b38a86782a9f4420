"""Breaks the metrics on purpose, one place at a time, and tells which breaks no test notices.

    ./dev python tools/mutations.py [NAME…]

`mutations.toml` beside this file lists the breaks: a file, a text in it, what stands there instead, and the tests that
should fail. NAME chooses those whose names begin so. All happens in a copy of the checkout, which is removed again.
Exits with 1 when a break survives, with 2 when the list does not fit the code or the tests fail as they are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".toml")
SECONDS = 300
"""A break that makes tests hang is noticed too."""

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.db", "build", "dist", "demo")
_FAILED, _PASSED = 1, 0


@dataclass(frozen=True)
class Mutation:
    """A break and the tests that should notice it."""

    name: str
    file: str
    old: str
    new: str
    tests: Sequence[str]

    def fits(self, root: Path) -> bool:
        """Whether its text stands in the file exactly once."""
        return (root / self.file).read_text(encoding="utf-8").count(self.old) == 1


def read_mutations(path: Path) -> list[Mutation]:
    """The list, in its order."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))["mutation"]
    return [Mutation(**one) for one in found]


def run_tests(root: Path, tests: Sequence[str]) -> int | None:
    """What pytest exits with for the tests on SQLite, at the first failure; None when it takes too long."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", "-k", "not postgresql"]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            [*command, *tests], cwd=root, env=environment, timeout=SECONDS, check=False, capture_output=True
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def judge(root: Path, mutation: Mutation) -> str:
    """`noticed`, `SURVIVED`, or `BROKEN` for one after which no test can run; the copy is as before afterwards."""
    path = root / mutation.file
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        code = run_tests(root, mutation.tests)
    finally:
        path.write_text(before, encoding="utf-8")
    if code in {None, _FAILED}:
        return "noticed"
    return "SURVIVED" if code == _PASSED else "BROKEN"


def main(names: Sequence[str]) -> int:
    """Try the chosen mutations; the exit code."""
    mutations = [one for one in read_mutations(LIST) if not names or one.name.startswith(tuple(names))]
    unfit = [one.name for one in mutations if not one.fits(ROOT)]
    if unfit or not mutations:
        print(f"text not found exactly once: {', '.join(unfit)}" if unfit else "no mutation of that name")
        return 2
    with tempfile.TemporaryDirectory(prefix="flowmart-mutations-") as folder:
        root = Path(folder, "checkout")
        shutil.copytree(ROOT, root, ignore=_LEFT_OUT)
        if run_tests(root, sorted({test for one in mutations for test in one.tests})) != _PASSED:
            print("the tests fail as they are")
            return 2
        verdicts = []
        for one in mutations:
            verdicts.append(judge(root, one))
            print(f"{verdicts[-1]:8}  {one.name}", flush=True)
    lasting = len(verdicts) - verdicts.count("noticed")
    print(f"{len(verdicts)} mutations, {lasting} of them unnoticed")
    return 1 if lasting else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
