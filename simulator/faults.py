"""Faults on command: which requests each of them hits, by tracker, path, method, number, rate, chance or burst."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

KINDS = (
    "answer",
    "burst",
    "headers",
    "patched",
    "truncated",
    "reset",
    "reset_mid_body",
    "lying_200",
    "sign_in_203",
    "sign_in_302",
    "act",
)
SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
SIGN_IN_PLACE = "https://spsprodcus1.vssps.visualstudio.com/_signin?realm=dev.azure.com"
UNLIMITED = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a fault looks at; `at` is the real time in seconds."""

    tracker: str
    method: str
    path: str
    at: float


@dataclass(slots=True, eq=False, kw_only=True)
class Fault:
    """Let `after` matching requests pass, then strike `times` of them: each one, each `every`-th, or a `share`.

    `match` is searched in the path; `method` and `tracker` limit it further. A `burst` strikes what goes beyond
    `requests` in `seconds`, for each tracker by itself. Without `times` a plain fault strikes once, the others
    for ever.
    """

    match: str = ""
    method: str = ""
    tracker: str = ""
    kind: str = "answer"
    after: int = 0
    times: int | None = None
    every: int = 1
    share: float = 1.0
    seed: int = 0
    requests: int = 0
    seconds: float = 1.0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    struck: int = field(default=0, init=False)
    wait: float = field(default=0.0, init=False)
    """Seconds until the burst that was struck last has room again."""
    _seen: int = field(default=0, init=False)
    _rng: Random = field(default_factory=Random, init=False)
    _passed: dict[str, deque[float]] = field(default_factory=dict, init=False)

    @property
    def left(self) -> int:
        """How often it may strike yet."""
        is_plain = self.every == 1 and self.share == 1 and self.kind != "burst"
        limit = self.times if self.times is not None else 1 if is_plain else UNLIMITED
        return limit - self.struck

    def strikes(self, asked: Asked) -> bool:
        """Whether this request is hit; counts it."""
        if self.left <= 0 or not self._concerns(asked):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self._seen += 1
        if self._seen == 1:
            self._rng.seed(self.seed)
        is_hit = self._seen % self.every == 0 and (self.share == 1 or self._rng.random() < self.share)
        if is_hit and self.kind == "burst":
            is_hit = self._is_too_much(asked)
        self.struck += is_hit
        return is_hit

    def _concerns(self, asked: Asked) -> bool:
        return (
            self.tracker in {"", asked.tracker}
            and self.method.upper() in {"", asked.method}
            and re.search(self.match, asked.path) is not None
        )

    def _is_too_much(self, asked: Asked) -> bool:
        """Only requests that got through fill the bucket."""
        passed = self._passed.setdefault(asked.tracker, deque())
        while passed and passed[0] <= asked.at - self.seconds:
            passed.popleft()
        if len(passed) < self.requests:
            passed.append(asked.at)
            return False
        self.wait = passed[0] + self.seconds - asked.at if passed else self.seconds
        return True


def read_fault(given: dict[str, Any]) -> Fault:
    """A fault out of the JSON that a test sends; ValueError for an unknown name or kind, or a bad value."""
    try:
        fault = Fault(**given)
        re.compile(fault.match)
    except (TypeError, re.error) as error:
        raise ValueError(str(error)) from error
    if fault.kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    if fault.every < 1 or not 0 <= fault.share <= 1:
        raise ValueError("every is 1 or more, share is between 0 and 1")
    if fault.kind == "burst" and (fault.requests < 1 or fault.seconds <= 0):
        raise ValueError("a burst needs requests and seconds above 0")
    if fault.kind in {"patched", "act"} and not isinstance(fault.body, dict):
        raise ValueError(f"{fault.kind} needs an object as its body")
    return fault
