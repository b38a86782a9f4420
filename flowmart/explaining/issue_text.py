"""The page of an issue for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from flowmart.explaining.paper import Column, Ink, Paper, ink, joined, points, share, span
from flowmart.explaining.shapes import Change, InSprint, IssuePage, Measure, ScopeEvent, Stay
from flowmart.explaining.sums import in_points

_NEW_LINE = "\n"
_STAGE_INK: dict[str | None, Ink] = {"done": "done"}


def show_issue(paper: Paper, page: IssuePage) -> None:
    """Write the page."""
    _head(paper, page)
    _timeline(paper, page)
    _blocked(paper, page)
    _numbers(paper, page)
    _counted(paper, page)
    _sprints(paper, page)
    _estimates(paper, page)
    _defect(paper, page)
    _findings(paper, page)


def _head(paper: Paper, page: IssuePage) -> None:
    head = page.head
    paper.line(ink(head.key, "strong"), ink(f"  {head.summary}", "strong"))
    if page.found_by == "former key":
        paper.line(f"{page.asked} is a former key of it: it was moved")
    place = f"{head.issue_type} ({head.level}) in {head.project}, source {head.source}"
    home = f"home board {head.board}" if head.board else "no home board"
    epic = f", epic {head.epic}" if head.epic else ""
    paper.line(f"{place}, {home}{epic}")
    paper.line(ink(head.url, "quiet"))
    resolution = f", resolution {head.resolution}" if head.resolution else ""
    estimate = "no estimate" if head.points is None else in_points(head.points)
    paper.line(f"{head.status} (stage {head.stage or 'unknown'}){resolution}, {estimate}")
    if head.absence is not None:
        paper.line(ink(f"absent: {head.absence.replace('_', ' ')}", "blocked"))
    paper.fresh(page.freshness, "the issue has not changed since")


def _who(paper: Paper, change: Change | None, *, field: str) -> Text:
    """`To Do → Done by Ana` with the id of the change."""
    if change is None:
        return Text()
    said = f"{change.old or 'nothing'} → {change.new or 'nothing'}"
    if change.field != field:
        said = f"{change.field}: {said}"
    by = f" by {change.by}" if change.by else ""
    return joined(ink(f"{said}{by}"), ink(change.change_id, "quiet"), by=_NEW_LINE if not paper.is_wide else "  ")


def _timeline(paper: Paper, page: IssuePage) -> None:
    if not page.timeline:
        return
    paper.heading("Timeline", f"each stay in a status; times in {paper.zone.key}")
    rows = [(paper.moment(stay.entered_at), *_stay(paper, stay)) for stay in page.timeline]
    if paper.is_very_wide:
        columns = [
            Column("entered"),
            Column("status (stage)", most=34),
            Column("stayed", right=True),
            Column("which means", grows=True),
            Column("changed", grows=True),
        ]
        paper.table(columns, rows)
        return
    columns = [Column("entered"), Column("status, stage", most=22), Column("stayed", right=True)]
    narrow = [(at, status, stayed, joined(marks, change)) for at, status, stayed, marks, change in rows]
    paper.table([*columns, Column("which means, and what changed", grows=True)], narrow)


def _stay(paper: Paper, stay: Stay) -> tuple[Text, str, Text, Text]:
    stage = stay.stage or "stage unknown"
    extra = f"{stage}, waiting" if stay.is_waiting and stay.stage == "in_progress" else stage
    colour: Ink = "waiting" if "waiting" in extra else _STAGE_INK.get(stay.stage, "plain")
    lasted = span(stay.seconds)
    if stay.left_at is None and stay.seconds is not None:
        lasted = f"{lasted}{' ' if paper.is_very_wide else _NEW_LINE}so far"
    marks = ink(", ".join(stay.marks), "strong")
    if stay.blocked_seconds:
        marks = joined(marks, ink(f"blocked {span(stay.blocked_seconds)}", "blocked"), by=", ")
    status = ink(f"{stay.status} ({extra})", colour)
    if not paper.is_very_wide:
        status = joined(ink(stay.status, colour), ink(extra, "quiet"))
    return status, lasted, marks, _who(paper, stay.change, field="status")


def _blocked(paper: Paper, page: IssuePage) -> None:
    if not page.blocked:
        return
    paper.heading("Blocked", "stretches that something held it up, in whatever status")
    rows = [
        (paper.moment(one.entered_at), paper.moment(one.left_at), span(one.seconds), "; ".join(one.causes))
        for one in page.blocked
    ]
    paper.table([Column("from"), Column("until"), Column("for", right=True), Column("by", grows=True)], rows)


def _numbers(paper: Paper, page: IssuePage) -> None:
    if not page.numbers:
        return
    paper.heading("Numbers", "and how each comes about")
    rows = [(one.name, *_measure(one)) for one in page.numbers]
    paper.table([Column("number"), Column("value", right=True), Column("how", grows=True)], rows)


def _measure(one: Measure) -> tuple[str, Text]:
    if one.value is None:
        return "–", ink(f"none: {one.why_none or 'there is none'}", "quiet")
    if not isinstance(one.value, int | float):
        return str(one.value), ink(one.formula)
    shown = {
        "seconds": span,
        "working seconds": _hours,
        "days": lambda value: f"{value:,.2f}",
        "ratio": share,
        "count": lambda value: f"{value:,}",
        "points": points,
    }
    return shown[one.unit](one.value), ink(one.formula)


def _hours(seconds: float) -> str:
    """Working time: a day has fewer hours than 24."""
    minutes = int(seconds) // 60
    return f"{minutes // 60:,} h {minutes % 60} min"


def _counted(paper: Paper, page: IssuePage) -> None:
    if not page.counted:
        return
    paper.heading("Which metric counts it", "and why, or why not")
    rows = [
        (one.metric, ink("counted", "good") if one.is_counted else ink("left out", "waiting"), one.says)
        for one in page.counted
    ]
    paper.table([Column("metric"), Column(""), Column("because, or where", grows=True)], rows)


def _sprints(paper: Paper, page: IssuePage) -> None:
    if not page.sprints:
        return
    paper.heading("Sprints", "what it did to the scope of each, with its points at that moment")
    blank: tuple[str | Text, ...] = ("", "", "", "")
    rows = [
        row for place, one in enumerate(page.sprints) for row in (*([blank] if place else []), *_sprint(paper, one))
    ]
    columns = [Column("when"), Column("what", grows=True), Column("points", right=True), Column("by", grows=True)]
    paper.table(columns, rows)


def _sprint(paper: Paper, one: InSprint) -> Iterator[tuple[str | Text, ...]]:
    """Its name, then all that happened in order of time."""
    board = f", {one.board}" if one.board else ""
    yield "", ink(f"{one.name} ({one.state}{board}, {one.sprint_id})", "strong"), "", ""
    steps: list[tuple[datetime, int, tuple[str | Text, ...]]] = []
    for stay in one.memberships:
        steps.append((stay.entered_at, 1, _joined(paper, stay.change)))
        if stay.left_at is not None:
            steps.append((stay.left_at, 1, (ink("taken out of it"), "", "")))
    if one.start_at is not None and one.outcome is not None and not one.is_committed:
        steps.append((one.start_at, 2, (ink("the sprint starts", "quiet"), "", "")))
    steps += [(event.at, 3, _event(event)) for event in one.events]
    if one.end_at is not None and one.outcome is not None:
        ends = "the sprint ends" if one.state == "closed" else "now"
        to = f" to {one.carried_to}" if one.carried_to else ""
        outcome = ink(f"{ends}: {one.outcome.replace('_', ' ')}{to}", "strong")
        steps.append((one.end_at, 4, (outcome, points(one.points_at_end), "")))
    for at, _, cells in sorted(steps, key=lambda step: step[:2]):
        yield paper.moment(at), *cells
    if one.why_none is not None:
        yield "", ink(f"in no figure: {one.why_none}", "waiting"), "", ""


def _event(event: ScopeEvent) -> tuple[str | Text, ...]:
    before, after = points(event.points_before), points(event.points_after)
    words = {"committed": "the sprint starts: committed", "estimate_changed": "estimate changed"}
    changed = f"{before} → {after}"
    shown = {"committed": after, "added": after, "removed": before}.get(
        event.event, after if before == after else changed
    )
    return ink(words.get(event.event, event.event)), shown, ""


def _joined(paper: Paper, change: Change | None) -> tuple[str | Text, ...]:
    if change is None:
        return ink("created in it"), "", ""
    by = joined(ink(change.by or ""), ink(change.change_id, "quiet"), by=_NEW_LINE if not paper.is_wide else "  ")
    return ink("put into it"), "", by


def _estimates(paper: Paper, page: IssuePage) -> None:
    if not page.estimates:
        return
    paper.heading("Estimates")
    rows: Sequence[tuple[str | Text, ...]] = [
        (
            paper.moment(one.valid_from),
            "now" if one.valid_to is None else paper.moment(one.valid_to),
            "not estimated" if one.points is None else in_points(one.points),
            _who(paper, one.change, field="story_points"),
        )
        for one in page.estimates
    ]
    paper.table([Column("from"), Column("until"), Column("estimate"), Column("changed", grows=True)], rows)


def _defect(paper: Paper, page: IssuePage) -> None:
    defect = page.defect
    if defect is None:
        return
    paper.heading("Defect", f"{defect.escape_class} now, {defect.class_at_creation} as of its creation")
    rows: list[tuple[str | Text, ...]] = [
        (
            one.name,
            one.condition,
            ink(f"matches {defect.evidence!r}: {defect.escape_class}", "strong") if one.decided else "does not match",
        )
        for one in defect.rules
    ]
    if defect.rule is None:
        rows.append(("(no rule)", "none of them matches", ink("unknown", "strong")))
    paper.table([Column("rule, in order"), Column("condition", grows=True), Column("here", grows=True)], rows)
    said = [("severity", defect.severity or "none")]
    if defect.introduced_in is not None:
        said.append(("introduced by", f"{defect.introduced_in}, released {defect.released_on}"))
        said.append(("found", f"{defect.days_after_release} days after that release"))
    else:
        said.append(("introduced by", "unknown: no affects-version of it is released"))
    paper.pairs(said)


def _findings(paper: Paper, page: IssuePage) -> None:
    if not page.findings:
        return
    paper.heading("What does not add up")
    for one in page.findings:
        paper.line(f"  {one.severity} {one.check_name}: {one.evidence or ''}")
        if one.advice:
            paper.line(ink(f"    {one.advice}", "quiet"))
