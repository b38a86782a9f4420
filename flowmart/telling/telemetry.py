"""What Prometheus may read of the status: instants, counts and flags, by the names of the configuration alone.

No secret, no title and nobody's name is in it: labels are sources, streams and steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from flowmart.config import Config
from flowmart.status import Status, read_status

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

NOT_INSTALLED = "telemetry: prometheus-client is not installed; run pip install 'flowmart[prometheus]'"


def write_file(config: Config, now: datetime) -> list[str]:
    """Write `telemetry.prometheus_file`, if there is to be one, in one step; returns what went wrong."""
    path = config.telemetry.prometheus_file
    if path is None:
        return []
    try:
        from prometheus_client import write_to_textfile  # here, since it is an optional extra
    except ImportError:
        return [NOT_INSTALLED]
    try:
        write_to_textfile(str(path), registry(read_status(config, now)))
    except OSError as error:
        return [f"telemetry.prometheus_file: {path}: {error.strerror or error}"]
    return []


def text(status: Status) -> bytes:
    """The same as the answer to a scrape. Raises `ImportError` without the extra."""
    from prometheus_client import generate_latest

    made: bytes = generate_latest(registry(status))
    return made


def registry(status: Status) -> CollectorRegistry:
    """All metrics of one status."""
    from prometheus_client import CollectorRegistry

    made = CollectorRegistry(auto_describe=False)

    class Collector:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            yield from _of_sources(status)
            yield from _of_streams(status)
            yield from _of_runs(status)
            yield from _of_notices(status)

    made.register(Collector())
    return made


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    import prometheus_client.core as library

    return library.GaugeMetricFamily(f"flowmart_{name}", about, labels=labels)


def _of_sources(status: Status) -> Iterator[GaugeMetricFamily]:
    synced = _gauge("source_last_sync_timestamp_seconds", "Start of the last complete sync.", "source")
    late = _gauge("source_late", "1 when that is longer ago than schedule.max_age, or never was.", "source")
    for source in status.sources:
        if source.last_synced_at is not None:
            synced.add_metric([source.source], source.last_synced_at.timestamp())
        late.add_metric([source.source], source.is_late)
    yield from (synced, late)


def _of_streams(status: Status) -> Iterator[GaugeMetricFamily]:
    about = {
        "rows": "Records that the last run of the stream read.",
        "requests": "Requests of the last run of the stream.",
        "retries": "Requests of the last run of the stream that were sent again.",
        "failed": "1 when the last run of the stream failed or was interrupted.",
    }
    made = {name: _gauge(f"stream_{name}", words, "source", "stream") for name, words in about.items()}
    for source in status.sources:
        for stream in source.streams:
            values = (stream.rows_read, stream.requests, stream.retries, stream.outcome in {"failed", "interrupted"})
            for family, value in zip(made.values(), values, strict=True):
                family.add_metric([source.source, stream.stream], value)
    yield from made.values()


def _of_runs(status: Status) -> Iterator[GaugeMetricFamily]:
    ok = _gauge("run_success", "1 when the last run of the step that ended went well.", "step")
    started = _gauge("run_start_timestamp_seconds", "Start of the last run of the step.", "step")
    seconds = _gauge("run_duration_seconds", "How long the last run of the step took.", "step")
    due = _gauge("next_run_timestamp_seconds", "When the schedule has the step due.", "step")
    for run in status.runs:
        started.add_metric([run.step], run.started_at.timestamp())
        if run.finished_at is not None:
            ok.add_metric([run.step], run.outcome == "done")
            seconds.add_metric([run.step], (run.finished_at - run.started_at).total_seconds())
    for step, moment in status.next_runs.items():
        due.add_metric([step], moment.timestamp())
    yield from (ok, started, seconds, due)


def _of_notices(status: Status) -> Iterator[GaugeMetricFamily]:
    is_open = _gauge("notices_open", "Failures and alerts that are not over.", "kind")
    untold = _gauge("notices_untold", "Those of them that nobody could be told of.", "kind")
    for kind in ("failure", "alerts"):
        ours = [notice for notice in status.notices if notice.kind == kind]
        is_open.add_metric([kind], len(ours))
        untold.add_metric([kind], sum(notice.told_at is None for notice in ours))
    yield from (is_open, untold)
