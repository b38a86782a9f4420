"""Starts engines that speak Spark on loopback: a standalone cluster of real processes, or Sail, and ends them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_HOST = "127.0.0.1"
_LIFE_SECONDS = 3_000
"""No engine outlives this, whatever becomes of whoever started it."""
_SAIL = """
import sys, threading
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
print("sc://%s:%s" % server.listening_address, flush=True)
sys.stdin.read()
server.stop()
"""


class NoEngine(Exception):  # noqa: N818 - a state, as the house names them
    """What is missing for an engine to be started."""


@dataclass(frozen=True, slots=True)
class Standalone:
    """A master, and its workers as processes; each is the head of a group with its executors."""

    url: str
    workers: Sequence[subprocess.Popen[bytes]]

    def kill(self, worker: int) -> None:
        """Kill a worker and its executors, with no chance to say farewell."""
        _kill(self.workers[worker])


@contextmanager
def standalone(folder: Path, workers: int = 2, cores: int = 1, memory: str = "1500m") -> Iterator[Standalone]:
    """A cluster of Spark's own on loopback; its files are in the folder. Raises `NoEngine` without pyspark or Java."""
    home = _spark_home()
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": _HOST, "PYSPARK_PYTHON": sys.executable}
    with ExitStack() as stack:

        def start(name: str, *words: str) -> tuple[subprocess.Popen[bytes], Path]:
            log = folder / f"{name}.log"
            command = [str(home / "bin" / "spark-class"), *words]
            return stack.enter_context(_running(command, environment, log)), log

        place = f"{_HOST} --port 0 --webui-port 0".split()
        master, log = start("master", "org.apache.spark.deploy.master.Master", "--host", *place)
        url = _said(master, log, re.compile(r"Starting Spark master at (spark://\S+)"))
        options = f"--host {_HOST} --webui-port 0 --cores {cores} --memory {memory} --work-dir".split()
        begun = [
            start(f"worker-{number}", "org.apache.spark.deploy.worker.Worker", *options, str(folder / f"{number}"), url)
            for number in range(workers)
        ]
        for process, its_log in begun:
            _said(process, its_log, re.compile(r"(Successfully registered) with master"))
        yield Standalone(url, [process for process, _ in begun])


@contextmanager
def sail(folder: Path) -> Iterator[str]:
    """The address of a Sail server, which speaks Spark Connect without a JVM. Raises `NoEngine` without pysail."""
    if importlib.util.find_spec("pysail") is None:
        raise NoEngine("pysail is not installed")
    log = folder / "sail.log"
    with _running([sys.executable, "-c", _SAIL], os.environ, log) as process:
        yield _said(process, log, re.compile(r"^(sc://\S+)$", re.MULTILINE))


def _spark_home() -> Path:
    found = importlib.util.find_spec("pyspark")
    home = None if found is None or found.origin is None else Path(found.origin).parent
    if home is None or not (home / "jars").is_dir():
        raise NoEngine("pyspark is not installed with its engine")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise NoEngine("there is no Java")
    return home


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ended with the block by its own id; what it says goes into the file."""
    bounded = ["timeout", "--signal=KILL", str(_LIFE_SECONDS), *command] if shutil.which("timeout") else [*command]
    with (
        log.open("wb") as said,
        subprocess.Popen(  # noqa: S603 - ours
            bounded, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # the head of the group is ours until it was waited for: its number is nobody else's
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _said(process: subprocess.Popen[bytes], log: Path, words: re.Pattern[str]) -> str:
    """What the process says, once it has said it."""
    for _ in range(1_200):
        found = words.search(log.read_text("utf-8", "replace"))
        if found is not None:
            return found[1]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    raise NoEngine(f"{log.name}: it does not start: {log.read_text('utf-8', 'replace')[-300:]}")
