"""Runs one piece of work in a process of its own, so that its CPU time and its memory are its own.

`python -m benchmarks.measuring MODULE:FUNCTION JSON` is that process.
"""

from __future__ import annotations

import importlib
import inspect
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a piece of work took; CPU counts from its call on, memory from the start of its process."""

    cpu_seconds: float
    """Of the process, and of processes that it started and waited for."""
    wall_seconds: float
    peak_mb: float
    told: dict[str, Any] = field(default_factory=dict)
    """What the work said of itself: issues, changes, requests."""


class WorkFailed(Exception):  # noqa: N818 - a reason to leave a line out, told to people
    """The work ended early; the message is its last line of error."""


class Measure(Protocol):
    """Does a piece of work and says what it took."""

    def __call__(self, work: str, **arguments: Any) -> Measured:  # noqa: ANN401 - JSON
        """`work` is `module:function`."""
        ...


def measure(work: str, **arguments: Any) -> Measured:  # noqa: ANN401 - JSON
    """Call `module:function` with the arguments in a fresh process; it returns a dict. Raises `WorkFailed`.

    Of a generator only what follows its first `yield` is measured, and what it returns counts.
    """
    command = [sys.executable, "-m", "benchmarks.measuring", work, json.dumps(arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise WorkFailed((done.stderr.strip().splitlines() or ["ended without a word"])[-1])
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def measure_here(work: str, **arguments: Any) -> Measured:  # noqa: ANN401 - JSON
    """The same within this process, with its memory: for trying out that everything works."""
    return _done(work, arguments)


def main(work: str, arguments: str) -> None:
    """Do the work and print what it took as JSON."""
    print(msgspec.json.encode(_done(work, json.loads(arguments))).decode())


def _done(work: str, arguments: Mapping[str, Any]) -> Measured:
    module, _, name = work.partition(":")
    call = getattr(importlib.import_module(module), name)
    stages = call(**arguments) if inspect.isgeneratorfunction(call) else _at_once(call, arguments)
    next(stages)
    began, cpu = time.perf_counter(), _cpu()
    told = {}
    try:
        next(stages)
    except StopIteration as end:
        told = end.value
    return Measured(cpu_seconds=_cpu() - cpu, wall_seconds=time.perf_counter() - began, peak_mb=peak_mb(), told=told)


def _at_once(call: Callable[..., dict[str, Any]], given: Mapping[str, Any]) -> Generator[None, None, dict[str, Any]]:
    yield
    return call(**given)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory that this process has held."""
    if _STATUS.exists():  # what getrusage tells begins with the memory of whoever started the process
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
