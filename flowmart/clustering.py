"""Computes the configured lake on the configured engine, and loads it into the warehouse where that is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flowmart.config import Config
from flowmart.errors import JobFailed, UsageError
from flowmart.lake import configured_lake
from flowmart.settings.engine import Engine

if TYPE_CHECKING:
    from flowmart.cluster.job import Report

NOT_INSTALLED = "--engine spark: pyspark or deltalake is not installed; run pip install 'flowmart[spark]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterReport:
    """What was done, and how long it took."""

    done: Report
    seconds: float
    loaded: Mapping[str, int] = field(default_factory=dict)
    """Rows by table of the warehouse, if it was filled."""

    def require_success(self) -> None:
        """Raise `JobFailed` with a line that names each source that could not be computed and why."""
        if self.done.failed:
            raise JobFailed("; ".join(f"{one.source_id}: {one.error}" for one in self.done.failed))


def require_engine(config: Config) -> None:
    """Raise `UsageError` for a lake without `[engine]`: the warehouse beside it has none of what was synced."""
    if config.lake is not None and config.engine is None:
        raise UsageError(
            "compute: what was synced is in the lake; add [engine] with its url, or say --engine spark, or "
            "--engine warehouse for what was loaded into the warehouse"
        )


def compute_on_spark(
    config: Config,
    *,
    now: datetime,
    full: bool = False,
    into_warehouse: bool = False,
    step: Callable[[str], None] = lambda _: None,
) -> ClusterReport:
    """Compute what changed in the lake, or everything if `full`; then load all into the warehouse, if wanted.

    Raises `UsageError` without a lake, and `JobFailed` when the lake is empty or Spark does not do it.
    """
    engine = config.engine or Engine()
    if config.lake is None:
        raise UsageError("--engine spark computes what is in a lake, and none is configured; add [lake] with its url")
    if find_spec("pyspark") is None or find_spec("deltalake") is None:
        raise JobFailed(NOT_INSTALLED)
    lake = configured_lake(config)
    # from here on, since a compute of a warehouse needs neither Spark nor Arrow
    from flowmart.cluster.job import compute_lake, unchanged
    from flowmart.cluster.loading import load_warehouse
    from flowmart.cluster.shapes import Shared
    from flowmart.cluster.spark import spark
    from lake.reading import sources
    from metrics.outdated import code_version

    began = time.monotonic()
    if not sources(lake):
        raise JobFailed(f"lake {lake.url}: there is nothing to compute yet; run `flowmart sync`")
    shared = Shared(lake=lake, settings=config.metric_settings(), now=now, code_version=code_version())
    done = None if full else unchanged(shared)
    if done is None:
        step(f"starting on {engine.shown}")
        with spark(engine) as cluster:
            done = compute_lake(cluster, shared, full=full, step=step)
    loaded = load_warehouse(config, shared, step) if into_warehouse else {}
    return ClusterReport(done=done, seconds=time.monotonic() - began, loaded=loaded)
