"""A sprint's row of `sprint_metrics` taken apart: each figure with the issues behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from flowmart.errors import UsageError
from flowmart.explaining.in_sprints import event_order
from flowmart.explaining.naming import find_sprint
from flowmart.explaining.reading import AnyRow, Source, freshness
from flowmart.explaining.shapes import Figure, Line, Listed, RowPart, SprintPage, Value
from flowmart.explaining.sums import Names, by_key, figure, line, listed, names_of_issues, ratio, total
from warehouse.tables.computed_sprints import sprint_scope_events

_TABLES = ("sprint_issues", "sprint_scope_events", "sprint_metrics")

RULES: Mapping[str, str] = {
    "committed": "members at the start, neither done nor cancelled then; estimate as of the start",
    "added": "joined after the start while neither done nor cancelled, or reopened in the sprint; estimate as of then",
    "removed": "in scope and left before the end, done or not; estimate as of leaving",
    "reestimated": "in scope with a changed estimate: the difference",
    "final_scope": "in scope at the end: committed + added − removed + reestimated",
    "completed": "in scope, member and done (not cancelled) at the end; estimate as of the end",
    "cancelled": "in scope and cancelled by the end",
    "carried_over": "members in scope, neither done nor cancelled at the end",
    "completed_outside": "done before the start or before it joined: in no scope",
    "kept": "completed of the committed, by the estimate at the start",
}
"""Figure → what belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The rows behind a sprint's figures."""

    stored: AnyRow
    names: Names
    members: Sequence[AnyRow]
    events: Sequence[AnyRow]
    carried: Mapping[str, str]

    def of_event(self, event: str) -> list[AnyRow]:
        return [row for row in self.events if row.event == event]

    @property
    def at_end(self) -> list[AnyRow]:
        """Members in scope at the end."""
        return [
            row for row in self.members if (row.is_committed or row.added_at is not None) and row.removed_at is None
        ]


def sprint_page(source: Source, word: str, board: str | None = None) -> SprintPage:
    """The sprint with that name or id. Raises `UsageError` where there is none, or none with figures."""
    sprint_id, notes = find_sprint(source, word, board)
    sprint, stored = source.one("sprints", sprint_id=sprint_id), source.one("sprint_metrics", sprint_id=sprint_id)
    if sprint is None:
        raise AssertionError("a sprint is found before it is explained")
    if stored is None:
        why = "run `flowmart compute`" if sprint.state != "future" else "it has not begun"
        raise UsageError(f"sprint {sprint.name!r} ({sprint_id}) has no figures: {why}")
    return SprintPage(
        sprint_id=sprint_id,
        name=sprint.name,
        board=source.boards.get(sprint.board_id or "", sprint.board_id),
        state=stored.state,
        source=sprint.source_id,
        start_at=stored.start_at,
        end_at=stored.end_at,
        freshness=freshness(source, *_TABLES),
        row=_taken_apart(source, sprint_id, stored),
        notes=tuple(notes),
    )


def _taken_apart(source: Source, sprint_id: str, stored: AnyRow) -> RowPart:
    members = source.of("sprint_issues", sprint_id=sprint_id)
    names = names_of_issues(source, (row.issue_id for row in members))
    of = sprint_scope_events.c
    events = sorted(source.rows(select(sprint_scope_events).where(of.sprint_id == sprint_id)), key=event_order)
    parts = _Parts(
        stored=stored,
        names=names,
        members=sorted(members, key=lambda row: by_key(row, names)),
        events=sorted(events, key=lambda row: by_key(row, names)),
        carried={row.sprint_id: row.name for row in source.of("sprints")},
    )
    lists = tuple(_lists(parts))
    return RowPart(title="sprint_metrics", figures=tuple(_figures(stored, lists)), lists=lists)


def _lists(parts: _Parts) -> Iterable[Listed]:
    for name, event, column in (
        ("committed", "committed", "points_after"),
        ("added", "added", "points_after"),
        ("removed", "removed", "points_before"),
    ):
        lines = [
            line(parts.names, row.issue_id, points=getattr(row, column), at=row.at) for row in parts.of_event(event)
        ]
        yield listed(name, RULES[name], lines)
    yield listed(
        "reestimated", RULES["reestimated"], (_reestimate(parts, row) for row in parts.of_event("estimate_changed"))
    )
    yield listed("final_scope", RULES["final_scope"], (_at_end(parts, row) for row in parts.at_end))
    for name in ("completed", "cancelled", "carried_over"):
        yield listed(name, RULES[name], (_at_end(parts, row) for row in parts.at_end if row.outcome == name))
    outside = [row for row in parts.members if row.outcome == "completed_outside" and row not in parts.at_end]
    yield listed("completed_outside", RULES["completed_outside"], (_at_end(parts, row) for row in outside))
    kept = [row for row in parts.at_end if row.outcome == "completed" and row.is_committed]
    yield listed("kept", RULES["kept"], (line(parts.names, row.issue_id, points=row.points_at_start) for row in kept))


def _reestimate(parts: _Parts, row: AnyRow) -> Line:
    before, after = row.points_before, row.points_after
    return line(parts.names, row.issue_id, points=(after or 0) - (before or 0), before=before, after=after, at=row.at)


def _at_end(parts: _Parts, row: AnyRow) -> Line:
    to = row.carried_to_sprint_id
    marks = (f"carried to {parts.carried.get(to, to)}",) if to else ()
    return line(parts.names, row.issue_id, *marks, points=row.points_at_end)


def _figures(stored: AnyRow, lists: Sequence[Listed]) -> Iterable[Figure]:
    by_name = {one.name: one.lines for one in lists}
    for name, lines in by_name.items():
        if name != "kept":
            yield figure(f"{name}_points", _stored(stored, f"{name}_points"), total(lines, "points"), RULES[name])
            yield figure(f"{name}_issues", _stored(stored, f"{name}_issues"), _issues(name, lines), RULES[name])
    for unit in ("points", "issues"):
        sums = {name: total(lines, "points") if unit == "points" else len(lines) for name, lines in by_name.items()}
        yield from _ratios(stored, unit, sums)
    unestimated = sum(1 for one in by_name["final_scope"] if one.values["points"] is None)
    yield figure("unestimated_issues", stored.unestimated_issues, unestimated, "in the final scope without an estimate")


def _issues(name: str, lines: Sequence[Line]) -> int:
    """Issues of a figure: what was added twice counts twice, what was re-estimated twice is one issue."""
    return len({one.issue_id for one in lines}) if name == "reestimated" else len(lines)


def _ratios(stored: AnyRow, unit: str, sums: Mapping[str, float]) -> Iterable[Figure]:
    committed, final = sums["committed"], sums["final_scope"]
    changed = sums["added"] + sums["removed"]
    for name, value, formula in (
        ("say_do", ratio(sums["kept"], committed), f"{sums['kept']:g} of the committed done ÷ {committed:g} committed"),
        (
            "completion_rate",
            ratio(sums["completed"], final),
            f"{sums['completed']:g} completed ÷ {final:g} final scope",
        ),
        (
            "scope_change",
            ratio(changed, committed),
            f"({sums['added']:g} added + {sums['removed']:g} removed) ÷ {committed:g} committed",
        ),
    ):
        yield figure(f"{name}_{unit}", _stored(stored, f"{name}_{unit}"), value, formula)


def _stored(row: AnyRow, name: str) -> Value:
    value: Value = getattr(row, name)
    return value
