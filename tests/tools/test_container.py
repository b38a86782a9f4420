"""The image is made of what is locked and built, runs as nobody special, and is asked how it is by a real command."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flowmart.commands.catalog import COMMANDS

ROOT = Path(__file__).parents[2]
FILE = (ROOT / "Containerfile").read_text("utf-8")
STEPS = [line.strip() for line in re.sub(r"\\\n", " ", FILE).splitlines() if line.strip() and not line.startswith("#")]


def test_only_what_is_copied_goes_to_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    copied = [name for step in STEPS if re.match(r"COPY (?!--from)", step) for name in step.split()[1:-1]]
    assert sorted(copied) == sorted(allowed)
    assert all(fnmatch.fnmatch("dist/flowmart-0.1.0-py3-none-any.whl", n) or (ROOT / n).exists() for n in copied)


def test_it_installs_what_is_locked_and_nothing_else() -> None:
    installs = re.findall(r"pip --python \S+ install ([^&]*)", " ".join(STEPS))
    assert ["--require-hashes -r /src/runtime.lock" in each or "--no-deps --no-index" in each for each in installs] == [
        True,
        True,
    ]


def test_it_runs_as_a_user_of_its_own_given_by_number() -> None:
    after_base = STEPS[[n for n, step in enumerate(STEPS) if step.startswith("FROM")][-1] :]
    users = [step.split()[1] for step in after_base if step.startswith("USER")]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


@pytest.mark.parametrize("instruction", ["HEALTHCHECK", "CMD"])
def test_what_it_runs_is_a_command(instruction: str) -> None:
    (step,) = [step for step in STEPS if step.startswith(instruction)]
    words = json.loads(step[step.index("[") :])
    assert words[-1] in COMMANDS


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not on the PATH")
def test_the_linter_finds_nothing() -> None:
    done = subprocess.run(
        [shutil.which("hadolint") or "", str(ROOT / "Containerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
