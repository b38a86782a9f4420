"""Defect escape and defect quality of a period, taken apart into defects by class, rule and evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, select

from flowmart.explaining.asking import Ask, require_grouping
from flowmart.explaining.reading import AnyRow
from flowmart.explaining.shapes import Figure, Line, Listed, RowPart, Value
from flowmart.explaining.sums import Names, by_key, figure, line, listed, names_of_issues, ratio
from metrics.defects.escape_rules import ESCAPED, INTERNAL, UNKNOWN
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import versions

GROUPINGS = ("all", "project", "board")
_CLASSES = {
    ESCAPED: "a rule with escaped = true matched first",
    INTERNAL: "a rule with escaped = false matched first",
    UNKNOWN: "no rule matched: in defects and unknown_share, not in the rate",
}


def defects_where(ask: Ask, *conditions: ColumnElement[bool]) -> Sequence[AnyRow]:
    """Rows of `defects` of the group, with `version` and `released_on` of what introduced them."""
    return ask.source.rows(
        select(defects, versions.c.name.label("version"), versions.c.released_on)
        .join(issue_flow, issue_flow.c.issue_id == defects.c.issue_id)
        .join(versions, versions.c.version_id == defects.c.introduced_in_version_id, isouter=True)
        .where(*conditions, *ask.group.where(issue_flow))
        .order_by(defects.c.issue_id)
    )


def explain_escape(ask: Ask) -> Sequence[RowPart]:
    """The row by discovery, and one for each release of the period that introduced defects."""
    require_grouping("defect_escape", ask.group, GROUPINGS)
    if ask.period is None:
        raise AssertionError("defect_escape has periods")
    first, last = ask.period.first_on, ask.period.last_on
    found = defects_where(ask, defects.c.created_on.between(first, last))
    stored = ask.row_of("defect_escape", basis="discovery", version_id=None)
    parts = [_part(ask, f"found in {ask.period_name}, {ask.group.says}", stored, found, is_release=False)]
    introduced = defects_where(ask, versions.c.released_on.between(first, last), defects.c.is_cancelled.is_(False))
    by_version: dict[str, list[AnyRow]] = {}
    for row in introduced:
        by_version.setdefault(row.introduced_in_version_id, []).append(row)
    for version_id, rows in sorted(by_version.items(), key=lambda one: (one[1][0].released_on, one[0])):
        title = f"introduced by {rows[0].version} (released {rows[0].released_on}), {ask.group.says}"
        by_release = ask.source.one(
            "defect_escape",
            basis="release",
            version_id=version_id,
            grouping=ask.group.grouping,
            project_id=ask.group.project_id,
            board_id=ask.group.board_id,
        )
        parts.append(_part(ask, title, by_release, rows, is_release=True))
    return parts


def _part(ask: Ask, title: str, stored: AnyRow | None, rows: Sequence[AnyRow], *, is_release: bool) -> RowPart:
    names = names_of_issues(ask.source, (row.issue_id for row in rows))
    ordered = sorted(rows, key=lambda row: (row.escape_rule or "", row.escape_evidence or "", by_key(row, names)))
    counting = [row for row in ordered if not row.is_cancelled]
    cancelled = [row for row in ordered if row.is_cancelled]
    return RowPart(
        title=title,
        figures=tuple(_escape_figures(ask, stored, counting, is_release=is_release)),
        lists=(
            *(_of_class(names, name, rule, counting) for name, rule in _CLASSES.items()),
            listed("cancelled", "finished without being delivered: count nowhere", _lines(names, cancelled)),
        ),
    )


def _of_class(names: Names, name: str, rule: str, rows: Iterable[AnyRow]) -> Listed:
    return listed(name, rule, _lines(names, (row for row in rows if row.escape_class == name)))


def _lines(names: Names, rows: Iterable[AnyRow]) -> Iterable[Line]:
    return (
        line(
            names,
            row.issue_id,
            *((f"{row.escape_class_at_creation} at creation",) if _was_other(row) else ()),
            rule=row.escape_rule,
            evidence=row.escape_evidence,
            severity=row.severity,
            created_on=row.created_on,
            days_after_release=row.days_after_release,
        )
        for row in rows
    )


def _was_other(row: AnyRow) -> bool:
    return bool(row.escape_class_at_creation != row.escape_class)


def _escape_figures(ask: Ask, stored: AnyRow | None, rows: Sequence[AnyRow], *, is_release: bool) -> Iterable[Figure]:
    counts = {name: sum(row.escape_class == name for row in rows) for name in _CLASSES}
    escaped, internal, unknown = (counts[name] for name in _CLASSES)
    weights = {name.casefold(): weight for name, weight in ask.source.settings.defects.severity_weights.items()}
    heavy = {name: _weight([row for row in rows if row.escape_class == name], weights) for name in _CLASSES}
    known = escaped + internal
    found: list[tuple[str, Value, str]] = [
        ("defects", len(rows), "defects that are not cancelled"),
        ("escaped", escaped, "of them escaped"),
        ("internal", internal, "of them found before release"),
        ("unknown", unknown, "of them matched by no rule"),
        ("rate", ratio(escaped, known), f"{escaped} escaped ÷ ({escaped} escaped + {internal} internal)"),
        ("unknown_share", ratio(unknown, len(rows)), f"{unknown} unknown ÷ {len(rows)} defects"),
        (
            "rate_weighted",
            ratio(heavy[ESCAPED], heavy[ESCAPED] + heavy[INTERNAL]),
            "the rate with each defect weighted by defects.severity_weights" + ("" if weights else " (none are set)"),
        ),
    ]
    for days in (30, 90) if is_release else ():
        young = sum(row.escape_class == ESCAPED and 0 <= row.days_after_release <= days for row in rows)
        found.append((f"escaped_{days}d", young, f"escaped, found within {days} days after the release"))
    for name, value, formula in found:
        yield figure(name, None if stored is None else getattr(stored, name), value, formula)


def _weight(rows: Iterable[AnyRow], weights: dict[str, float]) -> float:
    return math.fsum(weights.get((row.severity or "").casefold(), 1.0) for row in rows)
