"""An issue's flow numbers, each with its formula in words, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flowmart.explaining.reading import AnyRow, Source
from flowmart.explaining.shapes import Measure, Value
from flowmart.text import duration
from metrics.settings import Calendar

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ABSENT = {
    "deleted": "it is deleted in the tracker",
    "moved_away": "it moved to a project that is not pulled",
    "access_lost": "the account may no longer see it",
}
_EFFICIENCY = {
    "not_started": "it has not started",
    "no_time": "it spent no time in progress",
    "no_rules": "nothing in [workflow] says what waits or blocks, and 100 % by default would be a lie",
}
NOT_COMPUTED = "this warehouse has no value for it yet: run `flowmart compute`"


def why_excluded(flow: AnyRow, resolution: str | None) -> str | None:
    """`issue_flow.exclusion` in words; None when nothing excludes the issue."""
    if flow.exclusion is None:
        return None
    cancelled = "its stage is removed" if flow.stage == "removed" else f"resolution {resolution}"
    words = {
        **_ABSENT,
        "level": f"its level is {flow.level}, and metrics.levels does not count that",
        "cancelled": f"it was cancelled, not delivered ({cancelled})",
        "not_finished": "it is not done now",
        "skipped_in_progress": "it was done without ever being in progress after its last return to todo",
    }
    why: str = words.get(flow.exclusion, flow.exclusion)
    return why


def measures(source: Source, flow: AnyRow, why: str | None) -> tuple[Measure, ...]:
    """All numbers of a row of `issue_flow`; `why` is its exclusion in words."""
    return (*_cycle(source, flow, why), *_lead(source, flow), *_effort(source, flow), *_age(source, flow))


def _moment(source: Source, name: str, moment: datetime | None) -> str:
    return f"{name} {source.local(moment)}"


def _cycle(source: Source, flow: AnyRow, why: str | None) -> Iterator[Measure]:
    started, finished = (_moment(source, name, getattr(flow, f"{name}_at")) for name in ("started", "finished"))
    calendar = source.settings.calendar
    yield Measure(
        name="cycle time", value=flow.cycle_seconds, unit="seconds", formula=f"{finished} − {started}", why_none=why
    )
    yield Measure(name="in days", value=flow.cycle_days, unit="days", formula="the same ÷ 24 hours", why_none=why)
    yield Measure(
        name="inclusive days",
        value=flow.cycle_days_inclusive,
        unit="count",
        formula=f"{flow.finished_on} − {flow.started_on} + 1: local days, both ends counted",
        why_none=why,
    )
    yield Measure(
        name="business time",
        value=flow.business_seconds,
        unit="working seconds",
        formula=f"working hours from start to finish: {working_hours(calendar)}",
        why_none=why or NOT_COMPUTED,
    )
    yield Measure(
        name="first to last",
        value=flow.cycle_first_to_last_seconds,
        unit="seconds",
        formula=f"{finished} − {_moment(source, 'first ever in progress', flow.first_started_at)}",
        why_none=why,
    )
    yield Measure(
        name="last run",
        value=flow.cycle_last_run_seconds,
        unit="seconds",
        formula=f"{finished} − {_moment(source, 'last entry into progress', _last_run(flow))}: as Azure DevOps counts",
        why_none=why,
    )


def _last_run(flow: AnyRow) -> datetime | None:
    if flow.finished_at is None or flow.cycle_last_run_seconds is None:
        return None
    finished: datetime = flow.finished_at
    return finished - timedelta(seconds=flow.cycle_last_run_seconds)


def working_hours(calendar: Calendar) -> str:
    """`Mon Tue Wed Thu Fri 09:00–17:00 without the holidays of DE`."""
    days = " ".join(_DAYS[day] for day in sorted(calendar.working_days))
    opens, closes = calendar.working_hours
    hours = f"{opens:%H:%M}–{'24:00' if closes is None else f'{closes:%H:%M}'}"
    return f"{days} {hours}" + (f" without the holidays of {calendar.holidays}" if calendar.holidays else "")


def _lead(source: Source, flow: AnyRow) -> Iterator[Measure]:
    yield Measure(
        name="lead time",
        value=flow.lead_seconds,
        unit="seconds",
        formula=f"{_moment(source, 'finished', flow.finished_at)} − {_moment(source, 'created', flow.created_at)}",
        why_none="it is not done now",
    )


def _effort(source: Source, flow: AnyRow) -> Iterator[Measure]:
    until = "finish" if flow.finished_at is not None else "now"
    parts = {
        "active": f"in progress from start to {until}, neither waiting nor blocked",
        "waiting": f"there in a waiting status{_waiting(source)}, not blocked",
        "blocked": "there while blocked (blocked wins where both hold)",
    }
    not_started = "it has not started" if flow.started_at is None else NOT_COMPUTED
    for name, formula in parts.items():
        yield Measure(
            name=name,
            value=getattr(flow, f"{name}_seconds"),
            unit="seconds",
            formula=formula,
            why_none=not_started,
        )
    reason = _EFFICIENCY.get(flow.flow_efficiency_reason or "", not_started)
    so_far = "" if flow.finished_at is not None else ", so far"
    yield Measure(
        name="flow efficiency",
        value=flow.flow_efficiency,
        unit="ratio",
        formula=f"{_shares(flow)}{so_far}",
        why_none=reason,
    )


def _shares(flow: AnyRow) -> str:
    parts = [getattr(flow, f"{name}_seconds") for name in ("active", "waiting", "blocked")]
    if None in parts:
        return "active ÷ (active + waiting + blocked)"
    active, waiting, blocked = map(duration, parts)
    return f"active {active} ÷ (active {active} + waiting {waiting} + blocked {blocked})"


def _waiting(source: Source) -> str:
    names = sorted(source.settings.workflow.waiting)
    return f" ({', '.join(names)})" if names else " (workflow.waiting names none)"


def _age(source: Source, flow: AnyRow) -> Iterator[Measure]:
    why = "it is not in progress"
    yield Measure(
        name="age",
        value=flow.age_seconds,
        unit="seconds",
        formula=f"now − {_moment(source, 'started', flow.started_at)}",
        why_none=why,
    )
    yield Measure(
        name="age in status",
        value=flow.status_age_seconds,
        unit="seconds",
        formula="now − its last entry",
        why_none=why,
    )
    counts: tuple[tuple[str, Value, str], ...] = (
        ("reopened", flow.reopened_count, "exits from done to todo or in progress"),
        ("moved back", flow.backward_count, "moves to an earlier stage of todo < in progress < done, reopenings too"),
    )
    for name, value, formula in counts:
        yield Measure(name=name, value=value, unit="count", formula=formula)
    yield Measure(
        name="points at finish",
        value=flow.points_at_finish,
        unit="points",
        formula="the estimate that held when it finished: what throughput counts",
        why_none="it is not done now" if flow.finished_at is None else "it had no estimate then",
    )
