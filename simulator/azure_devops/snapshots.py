"""A work item's revisions: what each field was after each change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.azure_devops.organization import (
    Organization,
    ado_time,
    area,
    guid,
    identity,
    identity_text,
    iteration,
)
from simulator.company import DONE, IN_PROGRESS, RESOLVED, Event, Issue, State, replay
from simulator.wire import dumps

Fields = dict[str, Any]
PEOPLE = ("System.AssignedTo", "System.CreatedBy", "System.ChangedBy")
NEVER = "9999-01-01T00:00:00Z"
PRIORITIES = {"Highest": 1, "High": 2, "Medium": 3, "Low": 4, "Lowest": 4}
_REASONS = {
    "New": "New",
    "Active": "Implementation started",
    "In Review": "Moved to state In Review",
    "Resolved": "Code complete and unit tests pass",
    "Closed": "Acceptance tests pass",
    "Removed": "Removed from the backlog",
}
_HOUR = 3600


@dataclass(slots=True)
class _Dates:
    """The date fields that follow the state; overwritten when an item is reopened."""

    changed: str
    activated: str | None = None
    resolved: str | None = None
    closed: str | None = None

    def note(self, category: str, at: str) -> None:
        """The state has become one of this category."""
        self.changed = at
        if category == IN_PROGRESS:
            self.activated, self.resolved, self.closed = at, None, None
        elif category == RESOLVED:
            self.resolved = at
        elif category == DONE:
            self.closed = at


def snapshots(organization: Organization, issue: Issue) -> list[Fields]:
    """The fields of each revision, oldest first; people as numbers, without RevisedDate."""
    return organization.snapshots.get(organization.company.age, issue.id, lambda: _snapshots(organization, issue))


def _snapshots(organization: Organization, issue: Issue) -> list[Fields]:
    revising = {event.id for event in organization.feed.revising(issue)}
    dates = _Dates(ado_time(issue.created_at))
    found: list[Fields] = []
    status = issue.initial["status"]
    for event, state in replay(issue):
        if event is not None and event.id not in revising:
            continue
        if state["status"] != status and event is not None:
            status = state["status"]
            dates.note(organization.product.statuses[status].category, ado_time(event.at))
        fields = _fields(organization, issue, state, event, len(found) + 1)
        found.append({name: value for name, value in (fields | _dates(dates)).items() if value not in (None, "")})
    return found


def _dates(dates: _Dates) -> Fields:
    return {
        "Microsoft.VSTS.Common.StateChangeDate": dates.changed,
        "Microsoft.VSTS.Common.ActivatedDate": dates.activated,
        "Microsoft.VSTS.Common.ResolvedDate": dates.resolved,
        "Microsoft.VSTS.Common.ClosedDate": dates.closed,
    }


def _fields(organization: Organization, issue: Issue, state: State, event: Event | None, rev: int) -> Fields:
    product = organization.product
    area_id, area_path = area(product, state)
    iteration_id, iteration_path = iteration(product, state)
    status = product.statuses[state["status"]].name
    at, author = (issue.created_at, issue.author) if event is None else (event.at, event.author)
    return {
        "System.Id": issue.id,
        "System.Rev": rev,
        "System.AreaId": area_id,
        "System.AreaPath": area_path,
        "System.TeamProject": product.projects[state["project"]].name,
        "System.IterationId": iteration_id,
        "System.IterationPath": iteration_path,
        "System.WorkItemType": product.types[state["type"]].name,
        "System.State": status,
        "System.Reason": state.get("resolution") or _REASONS.get(status, f"Moved to state {status}"),
        "System.AssignedTo": state.get("assignee"),
        "System.CreatedDate": ado_time(issue.created_at),
        "System.CreatedBy": issue.author,
        "System.ChangedDate": ado_time(at),
        "System.AuthorizedDate": ado_time(at),
        "System.ChangedBy": author,
        "System.CommentCount": sum(1 for comment in issue.comments if comment.at <= at),
        "System.Title": state["summary"],
        "System.Parent": state.get("parent"),
        "System.Tags": "; ".join(state.get("labels") or ()),
        "System.IsDeleted": state.get("is_deleted"),
        **_board(organization, state, status),
        **_planning(state, organization.effort_field),
    }


def _board(organization: Organization, state: State, status: str) -> Fields:
    team = organization.product.teams.get(state.get("team") or 0)
    is_on_board = team is not None and organization.product.types[state["type"]].level == 0
    if team is None or not is_on_board or status == "Removed":
        return {}
    column = f"WEF_{guid('board', team.id).replace('-', '').upper()}_Kanban.Column"
    is_done_half = state.get("column_done") == state["status"]
    return {
        "System.BoardColumn": status,
        "System.BoardColumnDone": is_done_half,
        column: status,
        f"{column}.Done": is_done_half,
        "System.NodeName": organization.product.areas[team.id],
    }


def _planning(state: State, effort_field: str) -> Fields:
    estimate, spent, due = state.get("original_estimate"), state.get("time_spent"), state.get("due")
    return {
        "Microsoft.VSTS.Common.Priority": PRIORITIES[state["priority"]],
        "Microsoft.VSTS.Common.Severity": state.get("severity"),
        "Microsoft.VSTS.Common.ValueArea": "Business",
        "Microsoft.VSTS.Common.StackRank": state.get("rank"),
        effort_field: state.get("points"),
        "Microsoft.VSTS.Scheduling.OriginalEstimate": None if estimate is None else estimate / _HOUR,
        "Microsoft.VSTS.Scheduling.CompletedWork": None if spent is None else spent / _HOUR,
        "Microsoft.VSTS.Scheduling.DueDate": None if due is None else f"{due}T00:00:00Z",
        "Microsoft.VSTS.Build.FoundIn": state.get("build"),
        "Custom.Environment": state.get("found_in"),
    }


def shown(organization: Organization, fields: Fields, *, objects: bool) -> Fields:
    """The fields with people as objects or as `Name <address>`."""
    people = organization.company.people
    found = dict(fields)
    if not organization.has_parent_field:
        found.pop("System.Parent", None)
    for name in PEOPLE:
        if name in found:
            person = people[found[name]]
            found[name] = identity(organization, person) if objects else identity_text(person)
    return found


def snapshot_texts(organization: Organization, issue: Issue, *, objects: bool) -> list[str]:
    """Each revision as the feed writes it, left open behind its last field."""
    return organization.texts.get(
        organization.company.age,
        (issue.id, objects, organization.has_parent_field),
        lambda: [
            dumps({"id": issue.id, "rev": rev, "fields": shown(organization, fields, objects=objects)})[:-2]
            for rev, fields in enumerate(snapshots(organization, issue), 1)
        ],
    )


def revised_date(all_revisions: list[Fields], rev: int) -> str:
    """When the revision was superseded."""
    return NEVER if rev >= len(all_revisions) else str(all_revisions[rev]["System.ChangedDate"])
