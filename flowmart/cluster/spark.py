"""Does pieces of work on Spark: a session at a Connect server, a standalone cluster, or this machine.

Spark is asked for two things only: to run a function of Python once for each of n numbers, on as many executors as
there are, and to run it again where an executor went away. The function finds its piece of work by the number. So no
data passes through Spark, and whatever speaks Spark Connect will do.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from flowmart.cluster.shapes import Item, Result, Shared
from flowmart.errors import JobFailed
from flowmart.settings.engine import Engine
from metrics.outdated import code_version

_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    # a task is a whole source: one that went away with its machine is worth more than the usual four attempts
    "spark.task.maxFailures": "8",
}
_RESULTS = "result binary"
_PORTS = {"sc": 15002, "spark": 7077}
_PATIENCE_SECONDS = 10
_TRIED = 16
"""So many times the version is asked for, so that each executor is likely to be asked."""
_PYTHONS = re.compile(r"different version[^.]*|PYTHON_VERSION_MISMATCH[^.]*")
_OF_PY4J = "An error occurred while calling"
_MOST_TOLD = 300


@dataclass(frozen=True, slots=True)
class Spark:
    """A `Cluster` on a session of Spark."""

    session: Any

    def map(
        self, work: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], result: type[Result]
    ) -> Iterator[Result]:
        """The results come when all are there; Spark begins the items in their order."""
        if items:
            decode = msgspec.msgpack.Decoder(result).decode
            with _told():
                rows = self._one_each(len(items), partial(_each, work, shared, list(items)))
            yield from (decode(bytes(row[0])) for row in rows)

    def versions(self) -> set[str | None]:
        """The versions of flowmart that executors have; None stands for those that have none."""

        # within a function, so that Spark sends it as it is: by its name an executor without flowmart would not find it
        def look(batches: Iterator[Any]) -> Iterator[Any]:
            import importlib.metadata

            import pyarrow as pa

            for batch in batches:
                try:
                    here = importlib.metadata.version("flowmart").encode()
                except importlib.metadata.PackageNotFoundError:
                    here = b""
                yield pa.RecordBatch.from_pydict({"result": [here] * batch.num_rows})

        with _told():
            return {bytes(row[0]).decode() or None for row in self._one_each(_TRIED, look)}

    def _one_each(self, count: int, work: Callable[[Iterator[Any]], Iterator[Any]]) -> list[Any]:
        found: list[Any] = self.session.range(0, count, 1, count).mapInArrow(work, _RESULTS).collect()
        return found


def _each(work: Callable[[Any, Any], Any], shared: Any, items: Sequence[Any], batches: Iterator[Any]) -> Iterator[Any]:  # noqa: ANN401 - of any work
    """What runs on an executor: the numbers in, a result each out."""
    import pyarrow as pa

    for batch in batches:
        for number in batch.column(0).to_pylist():
            yield pa.RecordBatch.from_pydict({"result": [msgspec.msgpack.encode(work(shared, items[number]))]})


@contextmanager
def spark(engine: Engine) -> Iterator[Spark]:
    """Spark at `sc://host:15002` (Connect), `spark://host:7077` (standalone), or `local` on this machine.

    Raises `JobFailed` when nothing answers, or an executor has no flowmart or another one.
    """
    require_listening(engine)
    opened = _session(engine)
    try:
        cluster = Spark(opened)
        require_versions(cluster.versions(), engine.shown)
        yield cluster
    finally:
        opened.stop()


def require_listening(engine: Engine) -> None:
    """Raise `JobFailed` unless something listens at the address: Spark itself goes on asking for minutes."""
    kind, _, rest = engine.address.partition("://")
    places = rest.partition("/")[0].split(",") if rest else []
    for place in places:
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
        with suppress(OSError, ValueError):
            socket.create_connection((host.strip("[]"), int(port or _PORTS[kind])), _PATIENCE_SECONDS).close()
            return
    if places:
        raise JobFailed(f"engine {engine.shown}: nothing listens there; start it, or correct engine.url")


def _session(engine: Engine) -> Any:  # noqa: ANN401 - published with types that need pandas
    from pyspark.sql import SparkSession

    # a number each, however many there are: a task is to end with its result
    options = {"spark.sql.execution.arrow.maxRecordsPerBatch": "1", **engine.options}
    builder = SparkSession.builder.appName("flowmart")
    if engine.address.startswith("sc://"):
        builder = builder.remote(engine.address)
    else:
        is_local = engine.address == "local"
        builder = builder.master("local[*]" if is_local else engine.address)
        options = {**_QUIET, **options}
        if engine.python or is_local:  # this variable is all that Spark asks; without it, it takes `python3`
            os.environ["PYSPARK_PYTHON"] = engine.python or sys.executable
    for name, value in options.items():
        builder = builder.config(name, value)
    with _told(engine.shown):
        return builder.getOrCreate()


def require_versions(found: set[str | None], url: str) -> None:
    """Raise `JobFailed` unless all have the flowmart that is here."""
    wanted = code_version()
    if found != {wanted}:
        others = ", ".join(sorted(one or "none at all" for one in found - {wanted}))
        raise JobFailed(
            f"engine {url}: executors have other versions of flowmart ({others}) than {wanted}, which is here; "
            f"install flowmart[spark]=={wanted} on every worker, or ship it with spark.archives"
        )


@contextmanager
def _told(url: str = "") -> Iterator[None]:
    """What Spark says, in one line; its own errors are pages long."""
    try:
        yield
    except JobFailed:
        raise
    except Exception as error:
        where = f"engine {url}" if url else "engine"
        raise JobFailed(f"{where}: {meaning(error)}") from error


def meaning(error: Exception) -> str:
    """What an error of Spark's says, in one line."""
    said = str(error)
    if mismatch := _PYTHONS.search(said):
        here = ".".join(map(str, sys.version_info[:2]))
        return f"{mismatch[0]}: executors need Python {here}, as here"
    lines = [line.strip(" :") for line in said.splitlines() if line.strip(" :") and not line.startswith(_OF_PY4J)]
    # of a trace of Python the last line says what it was; of one of Java the first
    traced = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Version|Held|Lost)\b", line)]
    if "Traceback (most recent call last)" in said and traced:
        return traced[-1][:_MOST_TOLD]
    return (lines[0] if lines else type(error).__name__)[:_MOST_TOLD]
