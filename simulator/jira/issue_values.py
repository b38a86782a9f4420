"""An issue as the site shows it: the value of each field."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from simulator.company import Issue, Link
from simulator.jira.entities import (
    PRIORITIES,
    RESOLUTIONS,
    api,
    comments_json,
    link_type_json,
    live_worklogs,
    named_json,
    project_json,
    status_json,
    type_json,
    version_json,
    worklog_json,
)
from simulator.jira.site import Site, site_time
from simulator.wire import dumps

OPTIONS = {
    name: str(10100 + n)
    for n, name in enumerate(("Critical", "Major", "Minor", "Trivial", "Production", "Staging", "Test"))
}
INLINE_WORKLOGS = INLINE_COMMENTS = 20
_EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"


def issue_text(site: Site, issue: Issue, names: tuple[str, ...], version: str) -> str:
    """The issue with these fields, as JSON text."""
    key = (issue.id, names, version, site.view)
    return site.texts.get(site.company.age, key, lambda: _issue_text(site, issue, names, version))


def field_value(site: Site, issue: Issue, field_id: str) -> Any:  # noqa: ANN401 - JSON
    """What the issue shows of one field."""
    return _VALUES[site.fields.ids[field_id].role](site, issue)


def _issue_text(site: Site, issue: Issue, names: tuple[str, ...], version: str) -> str:
    head = {
        "expand": _EXPANDABLE,
        "id": str(issue.id),
        "self": f"{site.url}/rest/api/{version}/issue/{issue.id}",
        "key": site.product.key(issue),
    }
    ids = site.fields.ids
    return dumps({**head, "fields": {name: _VALUES[ids[name].role](site, issue) for name in names if name in ids}})


def _short(site: Site, issue: Issue) -> dict[str, Any]:
    """An issue as another one names it."""
    product = site.product
    return {
        "id": str(issue.id),
        "key": product.key(issue),
        "self": api(site, f"issue/{issue.id}"),
        "fields": {
            "summary": issue.state["summary"],
            "status": status_json(site, product.statuses[issue.state["status"]]),
            "priority": named_json(site, "priority", issue.state["priority"], PRIORITIES),
            "issuetype": type_json(site, product.type_of(issue)),
        },
    }


def _resolution(site: Site, issue: Issue) -> dict[str, Any] | None:
    name = issue.state.get("resolution")
    return None if name is None else named_json(site, "resolution", name, RESOLUTIONS)


def _person(site: Site, number: int | None) -> dict[str, Any] | None:
    return None if number is None else site.user(number)


def _visible_parent(site: Site, issue: Issue) -> Issue | None:
    parent = site.product.issues.get(issue.state.get("parent") or 0)
    return parent if parent is not None and site.shows(parent) else None


def _parent(site: Site, issue: Issue) -> dict[str, Any] | None:
    """A Data Center keeps only the parents of sub-tasks here."""
    parent = _visible_parent(site, issue)
    is_here = site.dialect.is_cloud or site.product.type_of(issue).level < 0
    return _short(site, parent) if parent is not None and is_here else None


def _epic_link(site: Site, issue: Issue) -> str | None:
    """The epic's key; team-managed projects, which only a Cloud has, do without."""
    parent = _visible_parent(site, issue)
    is_team_managed = site.dialect.is_cloud and site.product.projects[issue.state["project"]].is_team_managed
    if parent is None or is_team_managed or site.product.type_of(parent).level != 1:
        return None
    return site.product.key(parent)


def _subtasks(site: Site, issue: Issue) -> list[dict[str, Any]]:
    children = site.results.get(site.company.age, ("children", site.view), lambda: [_children(site)])[0]
    return [_short(site, site.product.issues[n]) for n in children.get(issue.id, ())]


def _children(site: Site) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for issue in site.issues():
        if site.product.type_of(issue).level < 0 and issue.state.get("parent"):
            children.setdefault(issue.state["parent"], []).append(issue.id)
    return children


def _links(site: Site, issue: Issue) -> list[dict[str, Any]]:
    links = [site.product.links[number] for number in issue.links]
    return [_link(site, issue, link) for link in links if link.removed_at is None and _is_visible(site, link)]


def _is_visible(site: Site, link: Link) -> bool:
    return all(site.shows(site.product.issues[end]) for end in (link.source, link.target))


def _link(site: Site, issue: Issue, link: Link) -> dict[str, Any]:
    is_source = link.source == issue.id
    other = site.product.issues[link.target if is_source else link.source]
    found: dict[str, Any] = {"id": str(link.id), "self": api(site, f"issueLink/{link.id}")}
    found["type"] = link_type_json(site, link.type)
    found["outwardIssue" if is_source else "inwardIssue"] = _short(site, other)
    return found


def resolved_at(issue: Issue) -> int | None:
    """When the present resolution was set."""
    if issue.state.get("resolution") is None:
        return None
    times = [event.at for event in issue.events for change in event.changes if change.field == "resolution"]
    return times[-1] if times else issue.created_at


def _versions(site: Site, numbers: tuple[int, ...] | None) -> list[dict[str, Any]]:
    return [version_json(site, site.product.versions[n]) for n in numbers or ()]


def _components(site: Site, issue: Issue) -> list[dict[str, Any]]:
    names = issue.state.get("components") or ()
    return [{"self": f"{site.url}/", "id": component_id(name), "name": name} for name in names]


def component_id(name: str) -> str:
    """The id of a component."""
    return str(10200 + sum(map(ord, name)))


def _option(site: Site, value: str | None) -> dict[str, str] | None:
    if value is None:
        return None
    return {"self": api(site, f"customFieldOption/{OPTIONS[value]}"), "value": value, "id": OPTIONS[value]}


def _points(role: str) -> Callable[[Site, Issue], float | None]:
    def points(site: Site, issue: Issue) -> float | None:
        is_here = site.points_role(issue.state["project"]) == role
        return issue.state.get("points") if is_here else None

    return points


def _sprints(site: Site, issue: Issue) -> list[Any] | None:
    numbers = issue.state.get("sprints") or ()
    return [site.dialect.sprint_value(site, site.product.sprints[number]) for number in numbers] or None


def has_team(issue: Issue) -> bool:
    """Whether somebody cares to fill in the Team of this issue: two of three do."""
    return issue.id % 3 > 0


def team_id(number: int) -> str:
    """The id of a team."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"team/{number}"))


def _team(site: Site, issue: Issue) -> dict[str, Any] | None:
    team = site.product.teams.get(issue.state.get("team") or 0)
    if team is None or not has_team(issue):
        return None
    return {"id": team_id(team.id), "name": team.name, "avatarUrl": "", "isVisible": True, "title": team.name}


def _worklog_page(site: Site, issue: Issue) -> dict[str, Any]:
    rows = live_worklogs(site, issue)
    shown = [worklog_json(site, row, site.dialect.api) for row in rows[:INLINE_WORKLOGS]]
    return {"startAt": 0, "maxResults": INLINE_WORKLOGS, "total": len(rows), "worklogs": shown}


def _comment_page(site: Site, issue: Issue) -> dict[str, Any]:
    """A Cloud shows the first twenty with the true total, a Data Center all."""
    rows = comments_json(site, issue, site.dialect.api)
    shown = rows[:INLINE_COMMENTS] if site.dialect.is_cloud else rows
    size = INLINE_COMMENTS if site.dialect.is_cloud else len(rows)
    found: dict[str, Any] = {"comments": shown, "maxResults": size, "total": len(rows), "startAt": 0}
    return found | ({"self": api(site, f"issue/{issue.id}/comment")} if site.dialect.is_cloud else {})


def _when(at: int | None) -> str | None:
    return None if at is None else site_time(at)


_VALUES: dict[str, Callable[[Site, Issue], Any]] = {
    "summary": lambda _, i: i.state["summary"],
    "issuetype": lambda s, i: type_json(s, s.product.type_of(i)),
    "project": lambda s, i: project_json(s, s.product.projects[i.state["project"]]),
    "status": lambda s, i: status_json(s, s.product.statuses[i.state["status"]]),
    "priority": lambda s, i: named_json(s, "priority", i.state["priority"], PRIORITIES),
    "resolution": _resolution,
    "assignee": lambda s, i: _person(s, i.state.get("assignee")),
    "reporter": lambda s, i: _person(s, i.state.get("reporter")),
    "creator": lambda s, i: _person(s, i.author),
    "created": lambda _, i: site_time(i.created_at),
    "updated": lambda _, i: site_time(i.updated_at),
    "resolutiondate": lambda _, i: _when(resolved_at(i)),
    "duedate": lambda _, i: i.state.get("due"),
    "labels": lambda _, i: list(i.state.get("labels") or ()),
    "components": _components,
    "fixVersions": lambda s, i: _versions(s, i.state.get("fix_versions")),
    "versions": lambda s, i: _versions(s, i.state.get("affects_versions")),
    "issuelinks": _links,
    "subtasks": _subtasks,
    "parent": _parent,
    "environment": lambda _, __: None,
    "description": lambda _, __: None,
    "timeoriginalestimate": lambda _, i: i.state.get("original_estimate"),
    "timeestimate": lambda _, i: i.state.get("original_estimate"),
    "timespent": lambda _, i: i.state.get("time_spent"),
    "worklog": _worklog_page,
    "comment": _comment_page,
    "team": _team,
    "epic_name": lambda s, i: i.state["summary"] if s.product.type_of(i).level == 1 else None,
    "epic_link": _epic_link,
    "estimate": _points("estimate"),
    "points": _points("points"),
    "rank": lambda _, i: f"0|i{i.state.get('rank', i.id):05d}:",
    "sprint": _sprints,
    "flagged": lambda s, i: [{"value": s.word("Impediment"), "id": "10019"}] if i.state.get("flagged") else None,
    "severity": lambda s, i: _option(s, i.state.get("severity")),
    "found_in": lambda s, i: _option(s, i.state.get("found_in")),
}
