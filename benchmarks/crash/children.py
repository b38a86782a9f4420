"""Runs of the console command in processes forked from this one, which has imported everything already."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import msgspec

from benchmarks.crash.places import Place
from benchmarks.crash.watching import Killer, Recorder, watch
from flowmart.cli import main

_SECONDS = 300
"""A run that takes longer hangs."""
_DEFECT = 70


class Children:
    """Starts runs with one environment; what they print goes into a folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str], words: Sequence[str]) -> None:
        self._output, self._note = folder / "output.txt", folder / "note.json"
        self._environment = environment
        self._words = words

    def recorded(self) -> list[Place]:
        """The places of a run that nothing disturbs. Raises `RuntimeError` when it fails."""

        def work() -> int:
            recorder = Recorder()
            watch(recorder)
            code = main(self._words, self._environment)
            self._note.write_bytes(msgspec.json.encode(recorder.places))
            return code

        if forked(work, self._output) != 0:
            raise RuntimeError(f"the undisturbed run fails:\n{self.said()}")
        return msgspec.json.decode(self._note.read_bytes(), type=list[Place])

    def killed(self, at: Place) -> tuple[int, str]:
        """A run killed there: how it ended (minus the signal), and what it was at; "" if it ended before."""

        def work() -> int:
            watch(Killer(at, self._note))
            return main(self._words, self._environment)

        self._note.unlink(missing_ok=True)
        code = forked(work, self._output)
        return code, self._note.read_text(encoding="utf-8") if self._note.exists() else ""

    def undisturbed(self) -> int:
        """The exit code of a run."""
        return self.beside()()

    def beside(self) -> Callable[[], int]:
        """Begin a run; what is returned waits for its exit code."""
        return _fork(lambda: main(self._words, self._environment), self._output)

    def said(self) -> str:
        """The last lines of the last run."""
        return "\n".join(self._output.read_text(encoding="utf-8").splitlines()[-10:])


def warm_up(environment: Mapping[str, str], words: Sequence[str]) -> None:
    """Do a run in this process, so that none of its children imports anything. Raises `RuntimeError` when it fails."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(words, environment)
    if code != 0 or threading.active_count() > 1:  # a thread would not be there in a child, but what it locked would
        raise RuntimeError(f"the first run fails with {code}, or goes on:\n{said.getvalue()}")


def forked(work: Callable[[], int], output: Path) -> int:
    """Exit code of a child that does the work, or minus the signal that ended it."""
    return _fork(work, output)()


def _fork(work: Callable[[], int], output: Path) -> Callable[[], int]:
    """Begin a child; what is returned waits for it."""
    sys.stdout.flush()
    gc.freeze()  # the child shares what is there as long as nobody walks through it
    child = os.fork()
    if child == 0:
        code = _DEFECT
        try:
            signal.alarm(_SECONDS)
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            os.dup2(1, 2)
            code = work()
        except BaseException:  # noqa: BLE001 - it is shown, and the child must not go on as its parent
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return lambda: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
