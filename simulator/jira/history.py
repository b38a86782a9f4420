"""An issue's change history as the site tells it: the items of each entry, and the entry with its author and time.

Strings are in the language of the site, whatever language the request asks for: they were written down long ago.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.company import Change, Event, Issue
from simulator.jira.entities import LINK_TYPES, PRIORITIES, RESOLUTIONS
from simulator.jira.issue_values import OPTIONS, component_id, has_team, team_id
from simulator.jira.site import Site, site_time
from simulator.wire import dumps

Item = dict[str, Any]
Half = tuple[str | None, str | None]
_NOTHING: Half = (None, None)
_SERVER_NAMES = {"fixVersions": "Fix Version", "versions": "Version", "components": "Component"}


def issue_items(site: Site, issue: Issue) -> list[list[Item]]:
    """The items of each history entry of the issue, oldest first; None halves are there."""
    project, points, kind = issue.initial["project"], issue.initial.get("points"), issue.initial["type"]
    entries: list[list[Item]] = []
    for event in issue.events:
        before = project
        for change in event.changes:
            project = change.new if change.field == "project" else project
            kind = change.new if change.field == "type" else kind
        items = [item for change in event.changes for item in _items(site, issue, change, before, kind)]
        if project != before:
            items += _move_items(site, event, before, project, points)
        for change in event.changes:
            points = change.new if change.field == "points" else points
        entries.append(items)
    return entries


def inline_entries(site: Site, issue: Issue) -> list[str]:
    """Each entry that has items as the issue's own changelog shows it, oldest first."""
    key = (issue.id, "inline", site.view)
    return site.histories.get(site.company.age, key, lambda: _inline_texts(site, issue))


def _inline_texts(site: Site, issue: Issue) -> list[str]:
    """Each author is put into words once: there are few of them, and many entries."""
    rows = zip(issue.events, issue_items(site, issue), strict=True)
    return [
        f'{{"id":"{event.id}","author":{_author(site, event.author)},'
        f'"created":"{site_time(event.at)}","items":{dumps(items)}}}'
        for event, items in rows
        if items
    ]


def _author(site: Site, number: int) -> str:
    return site.texts.get(site.company.age, ("author", number, site.view), lambda: dumps(site.user(number)))


def _item(site: Site, role: str, old: Half, new: Half) -> Item:
    """One item on a field; a half is its id and its text."""
    field = site.dialect.fields.roles[role]
    is_custom = field.custom is not None
    name = site.told(field.name) if is_custom else field.id
    if not site.dialect.is_cloud:
        name = _SERVER_NAMES.get(name, name)
    return _bare(name, old, new, field_id=field.id if site.dialect.is_cloud else None, is_custom=is_custom)


def _bare(field: str, old: Half, new: Half, *, field_id: str | None = None, is_custom: bool = False) -> Item:
    """One item; a Data Center tells no ids of fields, and a Cloud not those of all."""
    item: Item = {"field": field, "fieldtype": "custom" if is_custom else "jira"}
    if field_id:
        item["fieldId"] = field_id
    return item | {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def _items(site: Site, issue: Issue, change: Change, project: int, kind: int) -> list[Item]:
    if change.field == "points":
        return [_points_item(site, site.points_role(project), change.old, change.new)]
    if change.field == "parent":
        return [_parent_item(site, change, is_subtask=site.product.types[kind].level < 0)]
    if change.field == "link":
        return [_link_item(site, issue, change)]
    if change.field in _LISTS:
        return _list_items(site, change)
    if change.field == "team":
        return _team_items(site, issue, change)
    return [_SINGLE[change.field](site, change)] if change.field in _SINGLE else []


def _points_item(site: Site, role: str, old: float | None, new: float | None) -> Item:
    return _item(site, role, (None, _number(old)), (None, _number(new)))


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _move_items(site: Site, event: Event, before: int, after: int, points: float | None) -> list[Item]:
    """What a move between projects adds: the key, and the points where the two keep them in different fields."""
    keys = (site.product.projects[before].key, site.product.projects[after].key)
    items = [
        _bare("Key", (None, f"{keys[0]}-{change.old}"), (None, f"{keys[1]}-{change.new}"))
        for change in event.changes
        if change.field == "number"
    ]
    roles = (site.points_role(before), site.points_role(after))
    if points is not None and roles[0] != roles[1]:
        items += [_points_item(site, roles[0], points, None), _points_item(site, roles[1], None, points)]
    return items


def _parent_item(site: Site, change: Change, *, is_subtask: bool) -> Item:
    old, new = (
        _NOTHING if number is None else (str(number), text)
        for number, text in ((change.old, change.old_text), (change.new, change.new_text))
    )
    if site.dialect.is_cloud:
        return _bare("IssueParentAssociation", old, new)
    return _bare("Parent", old, new) if is_subtask else _item(site, "epic_link", old, new)


def _link_item(site: Site, issue: Issue, change: Change) -> Item:
    number = change.new or change.old
    link = site.product.links[number]
    kind = LINK_TYPES[link.type]
    words = site.told(kind["outward" if link.source == issue.id else "inward"])
    key = change.old_text if change.new is None else change.new_text
    half = (key, f"{site.told('This issue')} {words} {key}")
    old, new = (half, _NOTHING) if change.new is None else (_NOTHING, half)
    return _bare("Link", old, new, field_id="issuelinks" if site.dialect.is_cloud else None)


def _list_items(site: Site, change: Change) -> list[Item]:
    """Versions and components: one item for each value that came or went."""
    role, half_of = _LISTS[change.field]
    old, new = change.old or (), change.new or ()
    gone = [_item(site, role, half_of(site, value), _NOTHING) for value in old if value not in new]
    return gone + [_item(site, role, _NOTHING, half_of(site, value)) for value in new if value not in old]


def _version_half(site: Site, number: int) -> Half:
    return str(number), site.product.versions[number].name


def _component_half(_: Site, name: str) -> Half:
    return component_id(name), name


def _team_items(site: Site, issue: Issue, change: Change) -> list[Item]:
    if "team" not in site.dialect.fields.roles or not has_team(issue):
        return []
    teams = site.product.teams
    return [_item(site, "team", *(_NOTHING if n is None else (team_id(n), teams[n].name) for n in _halves(change)))]


def _halves(change: Change) -> tuple[Any, Any]:
    return change.old, change.new


def _status(site: Site, change: Change) -> Item:
    """By the names of that time: statuses can be renamed."""
    statuses = site.product.statuses
    halves = ((change.old, change.old_text), (change.new, change.new_text))
    return _item(site, "status", *((str(n), site.told(text or statuses[n].name)) for n, text in halves))


def _type(site: Site, change: Change) -> Item:
    types = site.product.types
    return _item(site, "issuetype", *((str(n), site.told(types[n].name)) for n in _halves(change)))


def _project(site: Site, change: Change) -> Item:
    return _item(site, "project", *((str(n), site.product.projects[n].name) for n in _halves(change)))


def _sprint(site: Site, change: Change) -> Item:
    """By the names of that time. A Data Center says nothing where a list was never filled."""
    old, new = (
        (", ".join(map(str, numbers or ())), _sprint_names(site, numbers, text))
        for numbers, text in ((change.old, change.old_text), (change.new, change.new_text))
    )
    return _item(site, "sprint", _NOTHING if not old[0] and not site.dialect.is_cloud else old, new)


def _sprint_names(site: Site, numbers: tuple[int, ...] | None, text: str | None) -> str:
    if text is not None and not site.hostile_sprints:
        return text
    return ", ".join(site.sprint_name(site.product.sprints[number]) for number in numbers or ())


def _assignee(site: Site, change: Change) -> Item:
    people = site.company.people
    return _item(
        site, "assignee", *(_NOTHING if n is None else (site.person_id(n), people[n].name) for n in _halves(change))
    )


def _named(role: str, ids: dict[str, str]) -> Callable[[Site, Change], Item]:
    return lambda site, change: _item(
        site, role, *(_NOTHING if v is None else (ids[v], site.told(v)) for v in _halves(change))
    )


def _labels(site: Site, change: Change) -> Item:
    return _item(site, "labels", *((None, " ".join(v or ())) for v in _halves(change)))


def _flagged(site: Site, change: Change) -> Item:
    flag = ("[10019]", site.told("Impediment"))
    return _item(site, "flagged", *(flag if value else ("", "") for value in _halves(change)))


def _rank(site: Site, change: Change) -> Item:
    is_higher = change.new < (change.old or 5_000)
    return _item(site, "rank", ("", ""), ("", site.told("Ranked higher" if is_higher else "Ranked lower")))


def _summary(site: Site, change: Change) -> Item:
    return _item(site, "summary", (None, change.old), (None, change.new))


def _time_spent(site: Site, change: Change) -> Item:
    return _item(site, "timespent", *(_NOTHING if v is None else (str(v), str(v)) for v in _halves(change)))


_LISTS: dict[str, tuple[str, Callable[[Site, Any], Half]]] = {
    "fix_versions": ("fixVersions", _version_half),
    "affects_versions": ("versions", _version_half),
    "components": ("components", _component_half),
}
_SINGLE: dict[str, Callable[[Site, Change], Item]] = {
    "status": _status,
    "type": _type,
    "project": _project,
    "sprints": _sprint,
    "assignee": _assignee,
    "labels": _labels,
    "flagged": _flagged,
    "rank": _rank,
    "summary": _summary,
    "time_spent": _time_spent,
    "priority": _named("priority", PRIORITIES),
    "resolution": _named("resolution", RESOLUTIONS),
    "severity": _named("severity", OPTIONS),
    "found_in": _named("found_in", OPTIONS),
}
