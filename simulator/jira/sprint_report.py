"""The sprint report of Jira's own boards (`/rest/greenhopper/1.0`): what a sprint took on, finished and dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import DONE, Issue, Sprint, State, replay
from simulator.jira.boards import board_of, sprint_of
from simulator.jira.site import Site, site_of
from simulator.wire import answer

_GROUPS = ("completedIssues", "issuesNotCompletedInCurrentSprint", "puntedIssues", "issuesCompletedInAnotherSprint")
_SUMS = ("completedIssues", "issuesNotCompleted", "puntedIssues", "issuesCompletedInAnotherSprint")


@dataclass(slots=True)
class _Part:
    """How one issue took part in a sprint."""

    issue: Issue
    group: str
    is_added: bool
    first: float | None
    last: float | None


async def sprint_report(request: Request) -> Response:
    """The report of `sprintId` on the board `rapidViewId`."""
    site, query = site_of(request), request.query_params
    board_of(site, query.get("rapidViewId", ""))
    sprint = sprint_of(site, query.get("sprintId", ""))
    parts = [part for issue in site.issues() if (part := _part(site, issue, sprint)) is not None]
    contents: dict[str, Any] = {group: [_row(site, part) for part in parts if part.group == group] for group in _GROUPS}
    for group, name in zip(_GROUPS, _SUMS, strict=True):
        members = [part for part in parts if part.group == group]
        contents[f"{name}InitialEstimateSum"] = _sum([part.first for part in members])
        contents[f"{name}EstimateSum"] = _sum([part.last for part in members])
    contents["allIssuesEstimateSum"] = _sum([part.last for part in parts])
    keys = [site.product.key(part.issue) for part in parts if part.is_added]
    contents["issueKeysAddedDuringSprint"] = dict.fromkeys(keys, True)
    head = {"id": sprint.id, "name": site.sprint_name(sprint), "state": sprint.state.upper(), "goal": sprint.goal}
    return answer({"contents": contents, "sprint": head})


def _part(site: Site, issue: Issue, sprint: Sprint) -> _Part | None:
    """None for an issue that was not in the sprint while it ran. Of a future sprint nothing has started."""
    if sprint.activated_at is None or site.product.type_of(issue).level < 0:
        return None
    start, end = sprint.activated_at, sprint.completed_at or site.company.now
    before, states = _course(issue, start, end)
    running = [state for state in (before, *states) if state is not None]
    if not any(sprint.id in (state.get("sprints") or ()) for state in running):
        return None
    is_added = before is None or sprint.id not in (before.get("sprints") or ())
    was_done = before is not None and _is_done(site, before)
    group = _group(site, running[-1], sprint, was_done=was_done)
    return _Part(issue, group, is_added, running[0].get("points"), running[-1].get("points"))


def _course(issue: Issue, start: int, end: int) -> tuple[State | None, list[State]]:
    """The issue's state when the sprint started, and those after it up to its end."""
    before: State | None = None
    states: list[State] = []
    for event, state in replay(issue):
        at = issue.created_at if event is None else event.at
        if at > end:
            break
        if at <= start:
            before = dict(state)
        else:
            states.append(dict(state))
    return before, states


def _is_done(site: Site, state: State) -> bool:
    return site.product.statuses[state["status"]].category == DONE


def _group(site: Site, last: State, sprint: Sprint, *, was_done: bool) -> str:
    if sprint.id not in (last.get("sprints") or ()):
        return "puntedIssues"
    if not _is_done(site, last):
        return "issuesNotCompletedInCurrentSprint"
    return "issuesCompletedInAnotherSprint" if was_done else "completedIssues"


def _row(site: Site, part: _Part) -> dict[str, Any]:
    product, issue = site.product, part.issue
    status = product.statuses[issue.state["status"]]
    field = site.dialect.fields.roles[site.points_role(issue.state["project"])].id
    return {
        "id": issue.id,
        "key": product.key(issue),
        "hidden": False,
        "typeName": site.word(product.type_of(issue).name),
        "summary": issue.state["summary"],
        "done": status.category == DONE,
        "statusId": str(status.id),
        "statusName": site.word(status.name),
        "estimateStatistic": {"statFieldId": field, "statFieldValue": _value(part.first)},
        "currentEstimateStatistic": {"statFieldId": field, "statFieldValue": _value(part.last)},
    }


def _value(points: float | None) -> dict[str, float]:
    return {} if points is None else {"value": float(points)}


def _sum(points: list[float | None]) -> dict[str, Any]:
    known = [float(value) for value in points if value is not None]
    return {"value": sum(known), "text": f"{sum(known):.1f}"} if known else {"text": "null"}
