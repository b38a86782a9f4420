"""Checks of what sources bring beside issues and sprints: syncs, statuses, groups and versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from metrics.base import Context
from metrics.defects.members import never_loaded
from metrics.quality.checks import finding
from warehouse.findings import Finding
from warehouse.records import group_id
from warehouse.tables.loaded import issues, projects, sources, statuses, versions
from warehouse.tables.operational import sync_runs

FRESH = timedelta(hours=26)
_SOURCES = select(sources.c.source_id)


def source_findings(context: Context) -> Iterator[Finding]:
    """Findings of all checks of sources, statuses, groups and versions."""
    yield from _syncs(context)
    yield from _failed_streams(context)
    yield from _statuses(context)
    yield from _groups(context)
    yield from _versions(context)


def _syncs(context: Context) -> Iterator[Finding]:
    of = sources.c
    for source_id, last in context.connection.execute(select(of.source_id, of.last_synced_at)):
        if last is None:
            evidence = f"{source_id} has no complete sync"
            yield finding("source_never_synced", source_id, evidence, source_id=source_id)
        elif last + FRESH < context.now:
            evidence = f"the last complete sync of {source_id} began at {last:%Y-%m-%d %H:%M} UTC"
            yield finding("sync_is_stale", source_id, evidence, source_id=source_id)


def _failed_streams(context: Context) -> Iterator[Finding]:
    """The last run of each stream, unless a complete sync of the source came after it."""
    of = sync_runs.c
    last = (
        select(of.source_id, of.stream, func.max(of.started_at).label("started_at"))
        .group_by(of.source_id, of.stream)
        .subquery()
    )
    same = and_(of.source_id == last.c.source_id, of.stream == last.c.stream, of.started_at == last.c.started_at)
    statement = (
        select(of.source_id, of.stream, of.started_at, of.outcome, of.error)
        .join(last, same)
        .join(sources, sources.c.source_id == of.source_id)
        .where(
            of.outcome.in_(["failed", "interrupted"]),
            or_(sources.c.last_synced_at.is_(None), of.started_at >= sources.c.last_synced_at),
        )
        .order_by(of.sync_run_id)
    )
    for source_id, stream, started_at, outcome, error in context.connection.execute(statement):
        told = f": {error}" if error else ""
        evidence = f"{stream} of {source_id}, begun at {started_at:%Y-%m-%d %H:%M} UTC, {outcome}{told}"
        yield finding("stream_failed", source_id, evidence, source_id=source_id, what=stream)


def _statuses(context: Context) -> Iterator[Finding]:
    of = statuses.c
    unclear = list(context.connection.execute(select(of.status_id, of.name, of.category).where(of.stage.is_(None))))
    if not unclear:
        return
    held = select(issues.c.status_id, func.count()).where(
        issues.c.absence.is_(None), issues.c.status_id.in_(select(of.status_id).where(of.stage.is_(None)))
    )
    counts = {row[0]: row[1] for row in context.connection.execute(held.group_by(issues.c.status_id))}
    for status_id, name, category in unclear:
        if status_id in counts:
            evidence = f"'{name}' has {'no category' if category is None else f'category {category}'}"
            yield finding("status_without_stage", status_id, f"{evidence}; {counts[status_id]:,} issues are in it")


def _groups(context: Context) -> Iterator[Finding]:
    """One finding a group and source, however many rules name it."""
    rules = [rule for rule in context.settings.defects.rules if rule.reporter_groups]
    if not rules:
        return
    named: dict[str, tuple[str, str, list[str]]] = {}
    for rule, source_id, group in never_loaded(context.connection, rules, context.connection.scalars(_SOURCES)):
        _, _, names = named.setdefault(group_id(source_id, group.name), (source_id, group.name, []))
        names.append(rule)
    for one, (source_id, name, names) in named.items():
        told = ", ".join(f"'{rule}'" for rule in dict.fromkeys(names))
        evidence = f"the members of '{name}' in {source_id} are unknown; it is named by {told}"
        yield finding("unknown_group", one, evidence)


def _versions(context: Context) -> Iterator[Finding]:
    of = versions.c
    statement = (
        select(of.version_id, of.name, projects.c.key)
        .join(projects, projects.c.project_id == of.project_id)
        .where(of.is_released.is_(True), of.released_on.is_(None), of.is_archived.is_not(True))
    )
    for version_id, name, project in context.connection.execute(statement):
        yield finding("released_without_day", version_id, f"'{name}' of {project} is released, on no day")
