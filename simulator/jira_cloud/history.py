"""An issue's change history as the site tells it: the items of each entry, in the inline and in the bulk form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.company import Change, Event, Issue
from simulator.jira_cloud import fields as f
from simulator.jira_cloud.render import LINK_TYPES, OPTIONS, PRIORITIES, RESOLUTIONS, component_id
from simulator.jira_cloud.site import Site, account_id, site_time, user
from simulator.wire import dumps

Item = dict[str, Any]


def issue_items(site: Site, issue: Issue) -> list[list[Item]]:
    """The items of each history entry of the issue, oldest first; None halves are there."""
    project, points = issue.initial["project"], issue.initial.get("points")
    entries: list[list[Item]] = []
    for event in issue.events:
        before = project
        for change in event.changes:
            project = change.new if change.field == "project" else project
        items = [item for change in event.changes for item in _items(site, issue, change, before)]
        if project != before:
            items += _move_items(site, event, before, project, points)
        for change in event.changes:
            points = change.new if change.field == "points" else points
        entries.append(items)
    return entries


def bulk_entries(site: Site, issue: Issue) -> list[tuple[Event, str]]:
    """Each entry that has items as bulk fetch shows it: epoch milliseconds, null halves left out."""
    texts = site.histories.get(site.company.age, (issue.id, "bulk"), lambda: _bulk_texts(site, issue))
    return [(event, text) for event, text in zip(issue.events, texts, strict=True) if text]


def iso_entries(site: Site, issue: Issue) -> list[str]:
    """Each entry that has items as the issue's own changelog shows it, oldest first."""
    texts = site.histories.get(site.company.age, (issue.id, "iso"), lambda: _iso_texts(site, issue))
    return [text for text in texts if text]


def _bulk_texts(site: Site, issue: Issue) -> list[str]:
    rows = zip(issue.events, issue_items(site, issue), strict=True)
    return [dumps(bulk_json(site, event, items)) if items else "" for event, items in rows]


def bulk_json(site: Site, event: Event, items: list[Item]) -> Item:
    """One entry of bulk fetch."""
    kept = [{name: value for name, value in item.items() if value is not None} for item in items]
    author = {"accountId": account_id(event.author), "displayName": site.company.people[event.author].name}
    return {"id": str(event.id), "author": author, "created": event.at, "items": kept}


def _iso_texts(site: Site, issue: Issue) -> list[str]:
    people = site.company.people
    return [
        dumps({"id": str(e.id), "author": user(site, people[e.author]), "created": site_time(e.at), "items": items})
        if items
        else ""
        for e, items in zip(issue.events, issue_items(site, issue), strict=True)
    ]


def _item(
    field: str, field_id: str | None, old: tuple[str | None, str | None], new: tuple[str | None, str | None]
) -> Item:
    """One item; a half is its id and its text."""
    item: Item = {"field": field, "fieldtype": "custom" if (field_id or "").startswith("customfield") else "jira"}
    if field_id:
        item["fieldId"] = field_id
    return item | {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def _items(site: Site, issue: Issue, change: Change, project: int) -> list[Item]:
    if change.field == "points":
        return [_points_item(f.points_field(site.product, project), change.old, change.new)]
    if change.field == "link":
        return [_link_item(site, issue, change)]
    if change.field in _LISTS:
        return _list_items(site, change)
    if change.field == "time_spent":
        return _time_items(change)
    return _SINGLE[change.field](site, change) if change.field in _SINGLE else []


def _points_item(field_id: str, old: float | None, new: float | None) -> Item:
    return _item(f.field_name(field_id), field_id, (None, _number(old)), (None, _number(new)))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _move_items(site: Site, event: Event, before: int, after: int, points: float | None) -> list[Item]:
    """What a move between projects adds: the key, and the points where the two keep them in different fields."""
    keys = (site.product.projects[before].key, site.product.projects[after].key)
    items = [
        _item("Key", None, (None, f"{keys[0]}-{change.old}"), (None, f"{keys[1]}-{change.new}"))
        for change in event.changes
        if change.field == "number"
    ]
    if points is not None:
        fields = (f.points_field(site.product, before), f.points_field(site.product, after))
        items += [_points_item(fields[0], points, None), _points_item(fields[1], None, points)]
    return items


def _link_item(site: Site, issue: Issue, change: Change) -> Item:
    number = change.new or change.old
    link = site.product.links[number]
    kind = LINK_TYPES[link.type]
    words = kind["outward" if link.source == issue.id else "inward"]
    half = (change.new_text, f"This issue {words} {change.new_text}")
    nothing = (None, None)
    return _item("Link", "issuelinks", half if change.new is None else nothing, nothing if change.new is None else half)


def _list_items(site: Site, change: Change) -> list[Item]:
    """Versions and components: one item for each value that came or went."""
    field, name_of = _LISTS[change.field]
    old, new = change.old or (), change.new or ()
    gone = [_item(field, field, name_of(site, value), (None, None)) for value in old if value not in new]
    return gone + [_item(field, field, (None, None), name_of(site, value)) for value in new if value not in old]


def _version_half(site: Site, number: int) -> tuple[str, str]:
    return str(number), site.product.versions[number].name


def _component_half(_: Site, name: str) -> tuple[str, str]:
    return component_id(name), name


def _time_items(change: Change) -> list[Item]:
    halves = [(None, None) if value is None else (str(value), str(value)) for value in (change.old, change.new)]
    return [_item("timespent", "timespent", halves[0], halves[1])]


def _status(site: Site, change: Change) -> list[Item]:
    statuses = site.product.statuses
    return [_item("status", "status", *((str(n), statuses[n].name) for n in (change.old, change.new)))]


def _type(site: Site, change: Change) -> list[Item]:
    types = site.product.types
    return [_item("issuetype", "issuetype", *((str(n), types[n].name) for n in (change.old, change.new)))]


def _project(site: Site, change: Change) -> list[Item]:
    projects = site.product.projects
    return [_item("project", "project", *((str(n), projects[n].name) for n in (change.old, change.new)))]


def _sprint(site: Site, change: Change) -> list[Item]:
    sprints = site.product.sprints
    halves = [
        (", ".join(str(n) for n in numbers or ()), ", ".join(sprints[n].name for n in numbers or ()))
        for numbers in (change.old, change.new)
    ]
    return [_item("Sprint", f.SPRINT, *halves)]


def _parent(_: Site, change: Change) -> list[Item]:
    halves = [
        (None, None) if number is None else (str(number), text)
        for number, text in ((change.old, change.old_text), (change.new, change.new_text))
    ]
    return [_item("IssueParentAssociation", None, *halves)]


def _person(site: Site, change: Change) -> list[Item]:
    people = site.company.people
    halves = [(None, None) if n is None else (account_id(n), people[n].name) for n in (change.old, change.new)]
    return [_item("assignee", "assignee", *halves)]


def _named(field: str, field_id: str, ids: dict[str, str]) -> Callable[[Site, Change], list[Item]]:
    def items(_: Site, change: Change) -> list[Item]:
        halves = [(None, None) if v is None else (ids[v], v) for v in (change.old, change.new)]
        return [_item(field, field_id, *halves)]

    return items


def _labels(_: Site, change: Change) -> list[Item]:
    return [_item("labels", "labels", *((None, " ".join(v or ())) for v in (change.old, change.new)))]


def _flagged(_: Site, change: Change) -> list[Item]:
    halves = [("[10019]", "Impediment") if value else ("", "") for value in (change.old, change.new)]
    return [_item("Flagged", f.FLAGGED, *halves)]


def _rank(_: Site, change: Change) -> list[Item]:
    is_higher = change.new < (change.old or 5_000)
    return [_item("Rank", f.RANK, ("", ""), ("", "Ranked higher" if is_higher else "Ranked lower"))]


def _text(field: str) -> Callable[[Site, Change], list[Item]]:
    return lambda _, change: [_item(field, field, (None, change.old), (None, change.new))]


_LISTS: dict[str, tuple[str, Callable[[Site, Any], tuple[str, str]]]] = {
    "fix_versions": ("fixVersions", _version_half),
    "affects_versions": ("versions", _version_half),
    "components": ("components", _component_half),
}
_SINGLE: dict[str, Callable[[Site, Change], list[Item]]] = {
    "status": _status,
    "type": _type,
    "project": _project,
    "sprints": _sprint,
    "parent": _parent,
    "assignee": _person,
    "labels": _labels,
    "flagged": _flagged,
    "rank": _rank,
    "summary": _text("summary"),
    "priority": _named("priority", "priority", PRIORITIES),
    "resolution": _named("resolution", "resolution", RESOLUTIONS),
    "severity": _named("Severity", f.SEVERITY, OPTIONS),
    "found_in": _named("Environment", f.ENVIRONMENT, OPTIONS),
}
