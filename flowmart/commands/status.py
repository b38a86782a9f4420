"""`flowmart status`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

import typer
from rich.table import Table

from flowmart.commands.options import AsJson, print_json, row, session_of, table
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.session import Session
from flowmart.status import LakeStatus, NoticeStatus, RunStatus, SourceStatus, Status, StreamStatus, read_status
from flowmart.text import duration, instant, printable, size
from warehouse.sizes import Sizes

WithSizes = Annotated[
    bool, typer.Option("--sizes", help="Show how many rows and bytes each table has; counting takes a while.")
]


def command(
    context: typer.Context,
    sizes: WithSizes = False,  # noqa: FBT002 - Typer's shape
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show when each source was last synced, and how that went.

    Exit code 1 when a source's last complete sync is older than schedule.max_age, so that monitoring can call it.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    status = read_status(config, now, with_sizes=sizes)
    if as_json:
        print_json(session, asdict(status))
    else:
        _show(session, config, status)
    late = [source for source in status.sources if source.is_late]
    if late:
        most = duration(config.schedule.max_age_seconds)
        raise JobFailed(f"{'; '.join(_lateness(source) for source in late)} (schedule.max_age is {most})")


def _lateness(source: SourceStatus) -> str:
    if source.lag_seconds is None:
        return f"{source.source} was never completely synced"
    return f"{source.source} is {duration(source.lag_seconds)} old"


def _show(session: Session, config: Config, status: Status) -> None:
    newest = "the newest" if status.revision == status.newest_revision else f"the newest is {status.newest_revision}"
    revision = (
        "no tables yet: run `flowmart sync`" if status.revision is None else f"revision {status.revision}, {newest}"
    )
    session.print(f"warehouse {status.warehouse}: {revision}")
    if status.lake is not None:
        _show_lake(session, config, status.lake)
    for line in _job_lines(config, status):
        session.print(line)
    if status.alerts:
        hint = " (`flowmart alerts` shows them)" if any(status.alerts.values()) else ""
        session.print(f"open alerts: {_open_told(status.alerts)}{hint}")
    if status.sources:
        session.print("")
    for source in status.sources:
        _show_source(session, config, source)
    if status.sizes is not None:
        _show_sizes(session, config, status.sizes)


def _show_lake(session: Session, config: Config, lake: LakeStatus) -> None:
    right = ("page", "pages to read", "rows", "files", "size")
    made = table("source", "page", "published", "pages to read", "rows", "files", "size", "held by", right=right)
    for one in lake.sources:
        row(
            made,
            one.source,
            f"{one.page:,}",
            instant(one.published_at, config.zone),
            f"{one.pages:,}",
            None if one.rows is None else f"{one.rows:,}",
            None if one.files is None else f"{one.files:,}",
            None if one.bytes is None else size(one.bytes),
            one.held_by,
        )
    session.print(f"lake {lake.url}{'' if lake.sources else ': nothing is there yet: run `flowmart sync`'}")
    if lake.sources:
        session.show(made)


def _open_told(open_alerts: Mapping[str, int]) -> str:
    """`1 high, 3 medium, 12 low`, or `none`."""
    return ", ".join(f"{number:,} {severity}" for severity, number in open_alerts.items() if number) or "none"


def _job_lines(config: Config, status: Status) -> Iterator[str]:
    """What runs when, what became of the last runs, and who was told."""
    for step, due in status.next_runs.items():
        yield f"next {step} (by `flowmart schedule`): {instant(due, config.zone)}"
    for run in status.current_runs:
        yield from _run_lines(config, run)
    for notice in status.notices:
        yield _notice_line(config, notice)
    for problem in dict.fromkeys(notice.problem for notice in status.notices if notice.problem is not None):
        yield f"not everybody was told: {printable(problem)}"


def _run_lines(config: Config, run: RunStatus) -> Iterator[str]:
    """`last run: done, 2026-10-02 02:15 CEST, took 4 min`, and why it failed."""
    took = "" if run.finished_at is None else f", took {duration((run.finished_at - run.started_at).total_seconds())}"
    who = f", by {run.holder}" if run.finished_at is None else ""
    yield f"last {run.step}: {run.outcome}, {instant(run.started_at, config.zone)}{took}{who}"
    if run.error is not None:
        yield f"  {printable(run.error)}"


def _notice_line(config: Config, notice: NoticeStatus) -> str:
    told = "not told yet" if notice.told_at is None else f"told {instant(notice.told_at, config.zone)}"
    return f"{notice.kind} since {instant(notice.since, config.zone)}, {told}: {printable(notice.text)}"


def _show_sizes(session: Session, config: Config, sizes: Sizes) -> None:
    guessed = ", by table estimated from some rows" if sizes.is_estimated else ""
    unused = f", {size(sizes.unused_bytes)} of it free for new rows" if sizes.unused_bytes else ""
    title = f"sizes: {size(sizes.total_bytes)}{unused}{guessed}"
    made = table("table", "rows", "size", "oldest", "newest", title=title, right=("rows", "size"))
    for one in sizes.tables:
        row(made, one.table, f"{one.rows:,}", size(one.bytes), _day(config, one.oldest), _day(config, one.newest))
    session.show(made)


def _day(config: Config, of: datetime | date | None) -> str | None:
    """The day of an instant in the calendar's zone; a day as it is."""
    return f"{of.astimezone(config.zone) if isinstance(of, datetime) else of:%Y-%m-%d}" if of is not None else None


def _received(stream: StreamStatus) -> str | None:
    """`1,995 of 2,000`: in the stream's own units, which are not rows."""
    if stream.received is None:
        return None
    return f"{stream.received:,}" if stream.expected is None else f"{stream.received:,} of {stream.expected:,}"


_ALL_COLUMNS = 96
"""From this width of a terminal on there is room for the requests too."""


def _show_source(session: Session, config: Config, source: SourceStatus) -> None:
    last = source.last_synced_at
    when = "never completely synced" if last is None else f"synced {instant(last, config.zone)}"
    lag = "" if source.lag_seconds is None else f", {duration(source.lag_seconds)} ago"
    title = f"{source.source}: {when}{lag}"
    if source.streams:
        session.show(_streams(config, source, title, with_requests=session.out.width >= _ALL_COLUMNS))
    else:
        session.print(title)
    failed = [stream for stream in source.streams if stream.error is not None]
    for stream in failed:
        session.print(f"{source.source} {stream.stream}: {printable(stream.error or '')}")
    if failed:
        session.print("")  # as after a table


def _streams(config: Config, source: SourceStatus, title: str, *, with_requests: bool) -> Table:
    asked = ("requests",) if with_requests else ()
    names = ("stream", "last run", "outcome", "rows", "received", *asked, "took")
    made = table(
        *names,
        title=title,
        right=("rows", "received", "requests", "took"),
        whole=tuple(name for name in names if name != "received"),
    )
    for stream in source.streams:
        ended = stream.finished_at
        took = None if ended is None else duration((ended - stream.started_at).total_seconds())
        began = f"{stream.started_at.astimezone(config.zone):%Y-%m-%d %H:%M}"
        requests = (f"{stream.requests:,}",) if with_requests else ()
        row(made, stream.stream, began, stream.outcome, f"{stream.rows_read:,}", _received(stream), *requests, took)
    return made
