"""Words of a tracker that would steer a terminal are shown harmlessly in explanations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.flowmart.explaining.given import a_person, bug, by
from tests.metrics.conftest import Company, Life

EVIL = "a\x1b]0;owned\x07\x1b[2J\r\x9b31m\x08\u202eb\u2028\x85c\nforged"
STEERING = "\x1b\x07\r\x9b\x08\u202e\u2028\x85"


@pytest.mark.parametrize(
    "words", [("PAY-1",), ("PAY-1", "--json"), ("PAY-2",), ("--metric", "defect_escape", "--period", "2026-03")]
)
def test_threat_terminal_escapes_in_explanations(
    site: Company, explain: Callable[..., Any], words: tuple[str, ...]
) -> None:
    life = by(Life(1, others={"summary": EVIL}).then(24, status=EVIL), "ana").then(60, status="Done")
    site.holds(a_person(EVIL), a_person("ana"), life, bug(2, EVIL, others={"summary": EVIL})).computes()
    ended = explain(*words)
    assert ended.code == 0
    assert not [character for character in STEERING if character in ended.out + ended.err]
    if "--json" in words:
        (page,) = json.loads(ended.out)
        assert page["head"]["summary"] == EVIL
    elif words[0].startswith("PAY"):
        assert "owned" in ended.out
