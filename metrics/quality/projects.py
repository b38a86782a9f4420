"""Checks of sums over the issues of projects, sources and people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select

from metrics.base import Context
from metrics.calendar import local_day
from metrics.history.stages import DONE, REMOVED
from metrics.quality.checks import finding, share
from metrics.quality.reading import keys_of, names_of, parts_of
from warehouse.findings import Finding
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import issues, projects, sources, users

LAST_DAYS = 90
FEWEST_ISSUES = 10

_OF = issues.c
_RESOLVED_OPEN = and_(_OF.resolved_at.is_not(None), _OF.stage.not_in([DONE, REMOVED]))
_DONE_UNRESOLVED = and_(_OF.stage == DONE, _OF.resolution.is_(None))


class _Sums(NamedTuple):
    """What one reading of all issues tells of a project."""

    project_id: str
    issues: int
    without_board: int
    defects: int
    done: int
    resolved: int
    resolved_open: int
    resolved_open_example: str | None
    unresolved: int
    unresolved_example: str | None


def _counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a group fulfil the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def project_findings(context: Context) -> Iterator[Finding]:
    """Findings of all checks of sums."""
    names = names_of(context.connection, projects)
    sums = _sums(context)
    yield from _boards(sums, names)
    yield from _resolutions(context, sums, names)
    yield from _parents(context, names)
    yield from _people(context)
    yield from _skipped(context, names)
    yield from _escapes(context, sums, names)


def _sums(context: Context) -> Sequence[_Sums]:
    def example(condition: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.min(case((condition, _OF.issue_id)))

    # as an expression: SQLite else reads the table in the order of the column's index, which takes twice as long
    project_id = _OF.project_id.concat("").label("project")
    statement = (
        select(
            project_id,
            func.count(),
            _counted(_OF.board_id.is_(None)),
            _counted(_OF.is_defect.is_(True)),
            _counted(_OF.stage == DONE),
            func.count(_OF.resolved_at),
            _counted(_RESOLVED_OPEN),
            example(_RESOLVED_OPEN),
            _counted(_DONE_UNRESOLVED),
            example(_DONE_UNRESOLVED),
        )
        .where(_OF.absence.is_(None), _OF.level.in_(sorted(context.settings.levels)))
        .group_by(project_id)
    )
    return [_Sums(*row) for row in context.connection.execute(statement)]


def _boards(sums: Sequence[_Sums], names: Mapping[str, str]) -> Iterator[Finding]:
    for one in sums:
        if one.issues >= FEWEST_ISSUES and 2 * one.without_board >= one.issues:
            evidence = f"{share(one.without_board, one.issues)} issues of {_name(names, one)} have no home board"
            yield finding("issues_without_board", one.project_id, evidence)


def _resolutions(context: Context, sums: Sequence[_Sums], names: Mapping[str, str]) -> Iterator[Finding]:
    """Jira only: Azure DevOps has reasons instead, and its own Resolved is in_progress."""
    jira = select(sources.c.source_id).where(sources.c.kind.in_(["jira_cloud", "jira_data_center"]))
    of_jira = set(context.connection.scalars(jira))
    mine = [one for one in sums if one.project_id.partition(":")[0] in of_jira]
    examples = {one.resolved_open_example for one in mine} | {one.unresolved_example for one in mine}
    keys = keys_of(context.connection, {example for example in examples if example})
    for one in mine:
        if one.resolved_open_example is not None:
            told = f"{share(one.resolved_open, one.resolved)} resolved issues of {_name(names, one)} are not done"
            evidence = f"{told}, e.g. {keys[one.resolved_open_example]}"
            yield finding("resolved_but_not_done", one.project_id, evidence)
        if one.unresolved_example is not None:
            told = f"{share(one.unresolved, one.done)} done issues of {_name(names, one)} have no resolution"
            evidence = f"{told}, e.g. {keys[one.unresolved_example]}"
            yield finding("done_without_resolution", one.project_id, evidence)


def _parents(context: Context, names: Mapping[str, str]) -> Iterator[Finding]:
    named = select(_OF.parent_id).where(_OF.parent_id.is_not(None))
    missing = set(context.connection.scalars(named.except_(select(_OF.issue_id))))
    children: Counter[str] = Counter()
    first: dict[str, tuple[str, str, str]] = {}
    for part in parts_of(missing):
        statement = select(_OF.project_id, _OF.issue_id, _OF.key, _OF.parent_id)
        for project_id, *child in context.connection.execute(
            statement.where(_OF.parent_id.in_(part), _OF.absence.is_(None))
        ):
            children[project_id] += 1
            issue_id, key, parent_id = child
            first[project_id] = min(first.get(project_id, (issue_id, key, parent_id)), (issue_id, key, parent_id))
    for project_id, count in children.items():
        _, key, parent_id = first[project_id]
        told = f"{count:,} issues of {names.get(project_id, project_id)} have a parent that is not held"
        yield finding("orphan_parent", project_id, f"{told}, e.g. {key} (parent {parent_id})")


def _people(context: Context) -> Iterator[Finding]:
    roles: defaultdict[str, list[str]] = defaultdict(list)
    for role, column in (("assignee", _OF.assignee_id), ("reporter", _OF.reporter_id)):
        statement = (
            select(column, func.count(), func.min(_OF.issue_id))
            .where(_OF.absence.is_(None), column.is_not(None), column.not_in(select(users.c.user_id)))
            .group_by(column)
        )
        rows = context.connection.execute(statement).fetchall()
        keys = keys_of(context.connection, {row[2] for row in rows})
        for user_id, count, example in rows:
            roles[user_id].append(f"{role} of {count:,} issues, e.g. {keys[example]}")
    for user_id, told in roles.items():
        yield finding("missing_user", user_id, f"{user_id} is {'; '.join(told)}")


def _skipped(context: Context, names: Mapping[str, str]) -> Iterator[Finding]:
    of = issue_flow.c
    skipped = of.exclusion == "skipped_in_progress"
    statement = (
        select(of.project_id, func.count(), _counted(skipped), func.min(case((skipped, of.issue_id))))
        .where(of.finished_on >= _since(context), of.exclusion.is_(None) | skipped)
        .group_by(of.project_id)
    )
    rows = [row for row in context.connection.execute(statement) if row[1] >= FEWEST_ISSUES and 10 * row[2] >= row[1]]
    keys = keys_of(context.connection, {row[3] for row in rows})
    for project_id, finished, count, example in rows:
        told = f"{share(count, finished)} issues of {names.get(project_id, project_id)} finished in {LAST_DAYS} days"
        evidence = f"{told} were never in progress, e.g. {keys.get(example, example)}"
        yield finding("finished_without_start", project_id, evidence)


def _escapes(context: Context, sums: Sequence[_Sums], names: Mapping[str, str]) -> Iterator[Finding]:
    if not context.settings.defects.rules:
        by_source: Counter[str] = Counter()
        for one in sums:
            by_source[one.project_id.partition(":")[0]] += one.defects
        for source_id, count in by_source.items():
            if count:
                evidence = f"{count:,} defects of {source_id} are of class unknown"
                yield finding("no_escape_rules", source_id, evidence, source_id=source_id)
        return
    of = defects.c
    unknown = of.escape_class == "unknown"
    statement = (
        select(_OF.project_id, func.count(), _counted(unknown), func.min(case((unknown, of.issue_id))))
        .join(issues, _OF.issue_id == of.issue_id)
        .where(of.created_on >= _since(context), of.is_cancelled.is_(False))
        .group_by(_OF.project_id)
    )
    rows = [row for row in context.connection.execute(statement) if row[1] >= FEWEST_ISSUES and 2 * row[2] > row[1]]
    keys = keys_of(context.connection, {row[3] for row in rows})
    for project_id, count, unclear, example in rows:
        told = f"{share(unclear, count)} defects of {names.get(project_id, project_id)} created in {LAST_DAYS} days"
        yield finding("escape_unknown_share", project_id, f"{told} match no rule, e.g. {keys.get(example, example)}")


def _name(names: Mapping[str, str], one: _Sums) -> str:
    return names.get(one.project_id, one.project_id)


def _since(context: Context) -> date:
    return local_day(context.now, context.settings.calendar.timezone) - timedelta(days=LAST_DAYS - 1)
