"""One issue and its changes → its stays in statuses and sprints, its estimates: the one place that reads history.

Pure. Values at creation are not changes, so the first change's `from` tells them, else the current value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, pairwise, repeat
from operator import itemgetter
from typing import Any, NamedTuple

from metrics.history.boards import SprintCatalogue
from metrics.history.stages import KnownStatus, StatusCatalogue
from warehouse.fetching import maker

FIELDS = ("status", "project", "type", "sprint", "area", "story_points", "resolution")
"""The fields whose changes a timeline reads; changes of other fields do not matter to it."""


class Change(NamedTuple):
    """A row of `issue_changes`, as far as it matters here."""

    issue_id: str
    changed_at: datetime
    entry_number: int
    ordinal: int
    change_id: str
    field: str
    from_value: str | None
    from_text: str | None
    to_value: str | None
    to_text: str | None


class IssueState(NamedTuple):
    """An issue as it is now. `status_value` is the tracker's raw status: what a change would call `to_value`."""

    issue_id: str
    source_id: str
    project_id: str
    issue_type: str
    created_at: datetime
    status_value: str
    status: str
    resolution: str | None = None
    story_points: float | None = None
    sprint_ids: str | None = None
    area_path: str | None = None


class StatusStay(NamedTuple):
    """A stay in a status. `by_move`: its entry also moved the issue to another project or changed its type."""

    entered_at: datetime
    left_at: datetime | None
    status_id: str | None
    status: str
    stage: str | None
    is_waiting: bool
    change_id: str | None
    by_move: bool


class SprintStay(NamedTuple):
    """A stay in a sprint."""

    sprint_id: str
    entered_at: datetime
    left_at: datetime | None
    change_id: str | None


class Estimate(NamedTuple):
    """An estimate and how long it held."""

    points: float | None
    valid_from: datetime
    valid_to: datetime | None


class Timeline(NamedTuple):
    """An issue's life, each part in order of time. Changes at one instant keep the tracker's order.

    `stays` and `estimates` have no gaps and begin at creation. `gaps` names the fields whose history does not end in
    the current value; there the last interval has the current one.
    """

    stays: list[StatusStay]
    sprints: list[SprintStay]
    estimates: list[Estimate]
    resolutions: list[tuple[datetime, str | None]]
    gaps: list[str]
    has_unknown: bool = False
    """Some stay is in a status that was never known."""

    def points_at(self, moment: datetime) -> float | None:
        """The estimate as of an instant; a change exactly then has happened."""
        for points, valid_from, _ in reversed(self.estimates):
            if valid_from <= moment:
                return points
        return None


_SPRINT_STAY, _ESTIMATE = maker(SprintStay), maker(Estimate)
_History = Mapping[str, Sequence[Change]]


def replay(
    issue: IssueState, changes: Sequence[Change], statuses: StatusCatalogue, sprints: SprintCatalogue, now: datetime
) -> Timeline:
    """The issue's timeline as of `now`, from its changes in order (changed_at, entry_number, ordinal)."""
    if changes and changes[-1][1] > now:
        issue, changes = as_of(issue, changes, now)
    history: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        history[change[5]].append(change)
    gaps: list[str] = []
    stays = _status_stays(issue, history, statuses, gaps)
    return Timeline(
        stays=stays,
        sprints=_sprint_stays(issue, history, sprints, gaps),
        estimates=_estimates(issue, history, gaps),
        resolutions=_resolutions(issue, history),
        gaps=gaps,
        has_unknown=statuses.has_unknown and any(stay[4] is None for stay in stays),
    )


def as_of(issue: IssueState, changes: Sequence[Change], now: datetime) -> tuple[IssueState, Sequence[Change]]:
    """The issue and its changes as they were at an instant (which changes exactly then belong to)."""
    undone: dict[str, Change] = {}
    for change in changes:
        if change[1] > now:
            undone.setdefault(change[5], change)
    if "project" in undone or "type" in undone:
        issue = issue._replace(status_value=_raw_status(issue))
    for change in undone.values():
        issue = issue._replace(**_before(issue, change))
    return issue, [change for change in changes if change[1] <= now]


def _before(issue: IssueState, change: Change) -> dict[str, Any]:
    """The fields of the issue's state that the change overwrote."""
    value, text = change.from_value or None, change.from_text or None
    before: dict[str, dict[str, Any]] = {
        "status": {"status_value": value or text or "", "status": text or value or ""},
        "project": {"project_id": f"{issue.source_id}:{value or text}"},
        "type": {"issue_type": text or value or ""},
        "sprint": {"sprint_ids": value},
        "area": {"area_path": value or text},
        "story_points": {"story_points": _number(value, text)},
        "resolution": {"resolution": text or value},
    }
    return before.get(change.field, {})


class _StatusStep(NamedTuple):
    """A change of the status, or of the project or type that decides what it means."""

    at: datetime
    change_id: str | None
    value: str | None
    name: str
    project_id: str
    issue_type: str
    by_move: bool
    sets_status: bool = True
    """False: only the project or type changed."""


def _status_stays(issue: IssueState, history: _History, statuses: StatusCatalogue, gaps: list[str]) -> list[StatusStay]:
    if "project" in history or "type" in history:
        return _moved_stays(issue, history, statuses, gaps)
    changes, created_at = history.get("status", ()), issue.created_at
    meanings = statuses.meanings(issue.source_id, issue.project_id, issue.issue_type)
    first = (changes[0][6] or None, changes[0][7] or None) if changes else (issue.status_value, issue.status)
    known = [meanings[first], *map(meanings.__getitem__, map(_TO, changes))]
    if changes and (changes[-1][8] or changes[-1][9]) != issue.status_value and known[-1][1] != issue.status:
        gaps.append("status")
        known[-1] = meanings[issue.status_value, issue.status]
    begins = [created_at, *map(_AT, changes)]
    if changes and changes[0][1] < created_at:
        begins = [max(at, created_at) for at in begins]
    change_ids = [None, *map(_ID, changes)]
    columns = zip(begins, [*begins[1:], None], *zip(*known, strict=True), change_ids, repeat(False), strict=False)
    return list(map(_STAY, columns))


_AT, _ID, _TO = itemgetter(1), itemgetter(4), itemgetter(8, 9)
"""Of a change: when, its id, and what it led to."""
_STAY = maker(StatusStay)


def _moved_stays(issue: IssueState, history: _History, statuses: StatusCatalogue, gaps: list[str]) -> list[StatusStay]:
    """The same for an issue that was in other projects or types, which decide what a status means."""
    source_id = issue.source_id
    entered: list[tuple[datetime, KnownStatus, str, str | None, bool]] = []
    value: str | None = None
    before: KnownStatus | None = None
    for at, change_id, value, name, project_id, issue_type, by_move, sets_status in _status_steps(issue, history):
        known = statuses.look_up(source_id, project_id, issue_type, value, name)
        if sets_status or before != known:  # a change from a status to itself was made by somebody: it begins a stay
            before = known
            entered.append((max(at, issue.created_at), known, name, change_id, by_move))
    at, _, name, change_id, by_move = entered[-1]
    if value != issue.status_value and name != issue.status:
        gaps.append("status")
        known = statuses.look_up(source_id, issue.project_id, issue.issue_type, issue.status_value, issue.status)
        entered[-1] = (at, known, issue.status, change_id, by_move)
    ends = [*(start[0] for start in entered[1:]), None]
    return [
        StatusStay(at, end, known[0], name, known[1], known[2], change_id, by_move)
        for (at, known, name, change_id, by_move), end in zip(entered, ends, strict=True)
    ]


def _status_steps(issue: IssueState, history: _History) -> Iterator[_StatusStep]:
    """Creation, then one step for each change of status, each with the project and type that its entry ends with."""
    changes = history.get("status", ())
    moves = [*history.get("project", ()), *history.get("type", ())]
    project_id, issue_type = _first_place(issue, history)
    value, name = _first_status(issue, changes)
    yield _StatusStep(issue.created_at, None, value, name, project_id, issue_type, by_move=False)
    for entry in _entries([*changes, *moves]):
        project_id, issue_type = _place_after(entry, issue.source_id, project_id, issue_type)
        moved = next((change for change in entry if change.field != "status"), None)
        own = [change for change in entry if change.field == "status"]
        for change in own:
            value, name = change.to_value or change.to_text, change.to_text or change.to_value or ""
            yield _StatusStep(change[1], change[4], value, name, project_id, issue_type, by_move=moved is not None)
        if moved is not None and not own:
            yield _StatusStep(moved[1], moved[4], value, name, project_id, issue_type, by_move=True, sets_status=False)


def _first_status(issue: IssueState, changes: Sequence[Change]) -> tuple[str | None, str]:
    if not changes:
        return _raw_status(issue), issue.status
    value, text = changes[0].from_value or None, changes[0].from_text or None
    return value or text, text or value or ""


def _raw_status(issue: IssueState) -> str:
    # an id of Azure DevOps begins with the project and type of now, which were others then
    return issue.status if ":" in issue.status_value else issue.status_value


def _first_place(issue: IssueState, history: _History) -> tuple[str, str]:
    """Project (qualified id) and type at creation."""
    project_id, issue_type = issue.project_id, issue.issue_type
    for change in history.get("project", ())[:1]:
        project_id = f"{issue.source_id}:{change.from_value or change.from_text}"
    for change in history.get("type", ())[:1]:
        issue_type = change.from_text or change.from_value or issue_type
    return project_id, issue_type


def _place_after(entry: Sequence[Change], source_id: str, project_id: str, issue_type: str) -> tuple[str, str]:
    for change in entry:
        if change.field == "project":
            project_id = f"{source_id}:{change.to_value or change.to_text}"
        elif change.field == "type":
            issue_type = change.to_text or change.to_value or issue_type
    return project_id, issue_type


def _entries(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Changes grouped by the history entry (revision) that they came with, in order."""
    ordered = sorted(changes, key=lambda change: change[1:4])
    return (list(entry) for _, entry in groupby(ordered, key=lambda change: change[1:3]))


def _sprint_stays(issue: IssueState, history: _History, sprints: SprintCatalogue, gaps: list[str]) -> list[SprintStay]:
    changes, areas, source_id = history.get("sprint", ()), history.get("area", ()), issue.source_id
    if not changes and not areas:
        held = sprints.named(source_id, issue.sprint_ids, issue.area_path)
        return [SprintStay(sprint_id, issue.created_at, None, None) for sprint_id in held]
    open_stays: dict[str, tuple[datetime, str | None]] = {}
    ended: list[SprintStay] = []
    steps = _sprint_steps(issue, changes, areas, gaps) if areas else _plain_sprint_steps(issue, changes, gaps)
    for at, change_id, value, area in steps:
        held = sprints.named(source_id, value, area)
        if open_stays:
            for sprint_id in [open_id for open_id in open_stays if open_id not in held]:
                entered_at, by = open_stays.pop(sprint_id)
                ended.append(SprintStay(sprint_id, entered_at, at, by))
        for sprint_id in held:
            open_stays.setdefault(sprint_id, (at, change_id))
    lasting = [_SPRINT_STAY((sprint_id, at, None, by)) for sprint_id, (at, by) in open_stays.items()]
    if not ended:
        return lasting
    return sorted(ended + lasting, key=lambda stay: (stay.entered_at, stay.left_at is None))


_SprintStep = tuple[datetime, str | None, str | None, str | None]
"""Instant, change, value of the sprint field, area."""


def _plain_sprint_steps(issue: IssueState, changes: Sequence[Change], gaps: list[str]) -> list[_SprintStep]:
    """Creation and each change of an issue that stayed in its area."""
    created_at, area = issue.created_at, issue.area_path
    steps: list[_SprintStep] = [(created_at, None, changes[0][6], area)]
    steps += [(max(change[1], created_at), change[4], change[8], area) for change in changes]
    at, change_id, value, _ = steps[-1]
    if value != issue.sprint_ids and _ids(value) != _ids(issue.sprint_ids):
        gaps.append("sprint")
        steps[-1] = (at, change_id, issue.sprint_ids, area)
    return steps


def _sprint_steps(
    issue: IssueState, changes: Sequence[Change], areas: Sequence[Change], gaps: list[str]
) -> Iterator[_SprintStep]:
    """Creation and each change of the sprint or the area."""
    value = changes[0].from_value if changes else issue.sprint_ids
    area = (areas[0].from_value or areas[0].from_text) if areas else issue.area_path
    yield issue.created_at, None, value, area
    for entry in _entries([*changes, *areas]):
        at = max(entry[0].changed_at, issue.created_at)
        for change in entry:
            if change.field == "area":
                # a renamed area rewrites the current path and no revision: the last change led to where it is now
                area = issue.area_path if change is areas[-1] else change.to_value or change.to_text
        own = [change for change in entry if change.field == "sprint"]
        for change in own:
            value = change.to_value
            if change is changes[-1] and _ids(value) != _ids(issue.sprint_ids):
                gaps.append("sprint")
                value = issue.sprint_ids
            yield at, change.change_id, value, area
        if not own:
            yield at, entry[-1].change_id, value, area


def _ids(value: str | None) -> set[str]:
    return {part.strip() for part in (value or "").split(",")}


def _estimates(issue: IssueState, history: _History, gaps: list[str]) -> list[Estimate]:
    changes = history.get("story_points")
    if not changes:
        return [_ESTIMATE((issue.story_points, issue.created_at, None))]
    points = [(issue.created_at, _number(changes[0].from_value, changes[0].from_text))]
    for change in changes:
        value = _number(change[8], change[9])
        if value != points[-1][1]:
            points.append((max(change[1], issue.created_at), value))
    if points[-1][1] != issue.story_points:
        gaps.append("story_points")
        points[-1] = (points[-1][0], issue.story_points)
    held = [_ESTIMATE((value, at, end)) for (at, value), (end, _) in pairwise(points)]
    return [*held, _ESTIMATE((points[-1][1], points[-1][0], None))]


def _number(value: str | None, text: str | None) -> float | None:
    for candidate in (value, text):
        try:
            return float(candidate or "")
        except ValueError:
            continue
    return None


def _resolutions(issue: IssueState, history: _History) -> list[tuple[datetime, str | None]]:
    changes = history.get("resolution")
    if not changes:
        return [(issue.created_at, issue.resolution)]
    steps = [(issue.created_at, changes[0].from_text or changes[0].from_value)]
    steps += [(max(change[1], issue.created_at), change[9] or change[8]) for change in changes]
    steps[-1] = (steps[-1][0], issue.resolution)
    return steps
