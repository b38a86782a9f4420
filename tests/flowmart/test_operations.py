"""What docs/operations.md tells an operator to type is there to be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowmart.commands.catalog import COMMANDS
from tests.flowmart.conftest import Call

DOCUMENT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
CALLS = sorted(set(re.findall(r"(?:^|`)flowmart ([a-z]+)((?: --[a-z-]+)*)", DOCUMENT, re.MULTILINE)))


def test_it_calls_commands_that_there_are() -> None:
    named = {word for word, _ in CALLS}
    assert named <= set(COMMANDS)
    assert {"check", "run", "status", "migrate", "copy", "reconcile", "compute", "sync"} <= named


@pytest.mark.parametrize("command", sorted({word for word, options in CALLS if options}))
def test_it_names_options_that_they_have(call: Call, command: str) -> None:
    wanted = {option for word, options in CALLS if word == command for option in options.split()}
    said = call(command, "--help").out
    assert all(f"{option} " in said or f"{option}\n" in said for option in wanted)
