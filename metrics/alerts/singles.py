"""Rules about single things, each by itself: issues that are not finished, blocked ones, and sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, null, select

from metrics.alerts import wording
from metrics.alerts.grounds import Measure, column_of, ground_of, measure_of
from metrics.alerts.rules import COMPARISONS, Rule
from metrics.alerts.scene import Scene, conditions
from metrics.trends.wip_aging import PERCENTS, Yardstick, last_year, yardsticks
from warehouse.alerts import Alarm
from warehouse.fetching import fetch_as, fetch_rows
from warehouse.tables.computed import blocked_intervals, wip_aging
from warehouse.tables.loaded import issues, sources

_DAY_SECONDS, _HOUR_SECONDS = 86_400, 3_600
_COMPARED = {"board": "on its board", "project": "in its project", "all": "anywhere"}


class Seen(NamedTuple):
    """An issue that a rule holds for."""

    issue_id: str
    key: str
    url: str
    project_id: str
    board_id: str | None
    value: float
    n: int | None


def of_issues(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """An alert for each issue whose figure is beyond the limit; the database compares."""
    measure = measure_of(rule)
    found = fetch_as(Seen, scene.connection, _beyond(rule, measure))
    if rule.metric == "wip_aging.percentile_passed" and rule.comparison.startswith(">"):
        yield from _aged(scene, rule, found)
        return
    for seen in found:
        message = wording.of_one(_name(scene, seen), rule, measure, seen.value, seen.n)
        yield _alarm(scene, rule, seen, message, threshold=rule.threshold)


def of_blocked(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """An alert for each issue in progress that has been blocked without a break for long enough."""
    measure, compare = measure_of(rule), COMPARISONS[rule.comparison]
    since: Any = blocked_intervals.c.entered_at
    statement = (
        _issues(rule, since, null().cast(Integer))
        .join(blocked_intervals, blocked_intervals.c.issue_id == wip_aging.c.issue_id)
        .where(blocked_intervals.c.left_at.is_(None), wip_aging.c.is_blocked)
    )
    if rule.threshold is not None:  # what is longer ago began earlier
        statement = statement.where(compare(_before(scene.now, rule.threshold), since))
    for *issue, entered_at, n in fetch_rows(scene.connection, statement):
        days = (scene.now - entered_at).total_seconds() / _DAY_SECONDS
        seen = Seen._make((*issue, days, n))
        message = wording.of_one(_name(scene, seen), rule, measure, days, None)
        yield _alarm(scene, rule, seen, message, threshold=rule.threshold)


def of_sources(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """An alert for each configured source that was last synced too long ago, or never."""
    ground, compare = ground_of(rule), COMPARISONS[rule.comparison]
    wanted = {name for name in scene.sources if name in rule.filter.get("source", scene.sources)}
    statement = select(sources.c.source_id, sources.c.last_synced_at)
    synced: dict[str, datetime | None] = dict(fetch_rows(scene.connection, statement))
    rest = [one for one in rule.filter if one != "source"]
    if rest:
        chosen = select(sources.c.source_id).where(*conditions(rule, ground))
        wanted &= set(scene.connection.scalars(chosen))
    for name in sorted(wanted):
        last = synced.get(name)
        hours = None if last is None else (scene.now - last).total_seconds() / _HOUR_SECONDS
        if hours is None or compare(hours, rule.threshold):
            yield Alarm(
                cause=f"{rule.name}:{name}",
                rule=rule.name,
                severity=rule.severity,
                subject="source",
                subject_name=name,
                source_id=name,
                message=wording.of_source(name, rule, hours),
                explain="flowmart status",
                value=hours,
                threshold=rule.threshold,
            )


def _before(now: datetime, days: float) -> datetime:
    """The instant so many days before now; the first of all where that is before the calendar."""
    try:
        return now - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)


def _issues(rule: Rule, value: ColumnElement[Any], n: ColumnElement[Any]) -> Select[Any]:
    """The columns of `Seen`, by issue."""
    ground, of = ground_of(rule), issues.c
    return (
        select(of.issue_id, of.key, of.url, of.project_id, of.board_id, value, n)
        .select_from(ground.table)
        .join(issues, of.issue_id == ground.table.c.issue_id)
        .where(*conditions(rule, ground))
        .order_by(of.issue_id)
    )


def _beyond(rule: Rule, measure: Measure) -> Select[Any]:
    value = column_of(measure)
    statement = _issues(rule, value, null().cast(Integer) if measure.n is None else measure.n)
    if rule.minimum_n and measure.n is not None:
        statement = statement.where(measure.n >= rule.minimum_n)
    return statement.where(COMPARISONS[rule.comparison](value, rule.threshold))


def _aged(scene: Scene, rule: Rule, found: Sequence[Seen]) -> Iterator[Alarm]:
    """Alerts that tell the age itself, and the cycle time that so many per cent of its like did not exceed."""
    compare, limit = COMPARISONS[rule.comparison], rule.threshold
    percent = next((one for one in PERCENTS if compare(one, limit)), None)
    if percent is None or not found:
        return
    ages: dict[str, float] = dict(fetch_rows(scene.connection, select(wip_aging.c.issue_id, wip_aging.c.age_days)))
    places = {(seen.project_id, seen.board_id) for seen in found}
    lines = yardsticks(last_year(scene.connection, scene.today), places)
    for seen in found:
        like, age = lines[seen.project_id, seen.board_id], ages[seen.issue_id]
        line = like.percentiles[PERCENTS.index(percent)]
        message = wording.of_age(_name(scene, seen), age, line, percent, _compared(like))
        yield _alarm(scene, rule, seen._replace(value=age), message, threshold=line)


def _compared(like: Yardstick) -> str:
    return f"the {like.compared_count:,} finished {_COMPARED[like.compared_with or 'all']}"


def _name(scene: Scene, seen: Seen) -> str:
    """The key; of Azure DevOps, where that is a bare number, with its project."""
    return f"{scene.projects.get(seen.project_id, '')} {seen.key}".strip() if seen.key.isdigit() else seen.key


def _alarm(scene: Scene, rule: Rule, seen: Seen, message: str, *, threshold: float | None) -> Alarm:
    return Alarm(
        cause=f"{rule.name}:{seen.issue_id}",
        rule=rule.name,
        severity=rule.severity,
        subject="issue",
        subject_name=_name(scene, seen),
        issue_id=seen.issue_id,
        board_id=seen.board_id,
        project_id=seen.project_id,
        message=message,
        explain=wording.explain(seen.issue_id if seen.key.isdigit() else seen.key),
        url=seen.url,
        value=float(seen.value),
        threshold=threshold,
        n=seen.n,
    )
