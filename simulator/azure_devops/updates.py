"""A work item's updates: per change what was and what is, with link changes that have no revision of their own."""

from __future__ import annotations

from typing import Any

from simulator.azure_devops.organization import Organization, ado_time, identity
from simulator.azure_devops.relations import PARENT, relation, relation_changes
from simulator.azure_devops.snapshots import NEVER, Fields, shown, snapshots
from simulator.company import Issue


def all_updates(organization: Organization, issue: Issue) -> list[dict[str, Any]]:
    """The updates in order. `id` counts all of them, `rev` only those that changed fields."""
    revs = [
        shown(organization, fields, objects=organization.shows_people_as_objects)
        for fields in snapshots(organization, issue)
    ]
    revising = {event.id for event in organization.feed.revising(issue)}
    first: dict[str, Any] = {"fields": {name: {"newValue": value} for name, value in revs[0].items()}}
    if issue.initial.get("parent"):
        first["relations"] = {"added": [relation(organization, PARENT, issue.initial["parent"])]}
    found = [_head(organization, issue, 1, 1, issue.author, issue.created_at) | first]
    rev = 1
    for event in issue.events:
        is_link_only = event.id not in revising
        rev += 0 if is_link_only else 1
        update = _head(organization, issue, len(found) + 1, rev, event.author, event.at)
        if not is_link_only:
            update["fields"] = _difference(revs[rev - 2], revs[rev - 1])
        relations = relation_changes(organization, issue, event.changes)
        found.append(update | ({"relations": relations} if relations else {}))
    return _with_revised_dates(found)


def _head(
    organization: Organization, issue: Issue, number: int, rev: int, author: int, at: int
) -> dict[str, Any]:  # fmt: skip
    base = f"{organization.url}/_apis/wit/workItems/{issue.id}/updates/{number}"
    by = identity(organization, organization.company.people[author])
    return {"id": number, "workItemId": issue.id, "rev": rev, "revisedBy": by, "revisedDate": ado_time(at), "url": base}


def _difference(before: Fields, after: Fields) -> Fields:
    names = [*before, *(name for name in after if name not in before)]
    found: Fields = {}
    for name in names:
        if before.get(name) != after.get(name):
            halves = {"oldValue": before.get(name), "newValue": after.get(name)}
            found[name] = {half: value for half, value in halves.items() if value is not None}
    return found


def _with_revised_dates(updates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An update's revisedDate says when it was superseded: that of the next one."""
    dates = [update["revisedDate"] for update in updates[1:]]
    return [update | {"revisedDate": date} for update, date in zip(updates, [*dates, NEVER], strict=True)]
