"""An issue as the site shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.company import Issue, IssueType, Link, Project, Sprint, Status, Version, Worklog
from simulator.jira_cloud import fields as f
from simulator.jira_cloud.site import BOARDS, Site, site_time, user, utc_time
from simulator.wire import dumps

CATEGORIES = {
    "todo": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "in_progress": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4", "Lowest": "5"}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001", "Duplicate": "10002", "Cannot Reproduce": "10003"}
LINK_TYPES = {
    "blocks": {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
    "duplicates": {"id": "10002", "name": "Duplicate", "inward": "is duplicated by", "outward": "duplicates"},
    "relates": {"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"},
}
OPTIONS = {
    name: str(10100 + n)
    for n, name in enumerate(("Critical", "Major", "Minor", "Trivial", "Production", "Staging", "Test"))
}
INLINE_WORKLOGS = 20


def issue_text(site: Site, issue: Issue, names: tuple[str, ...], version: str) -> str:
    """The issue with these fields, as JSON text; without fields the way search does by default: nothing but the id."""
    if not names:
        return dumps({"id": str(issue.id)})
    return site.texts.get(
        site.company.age, (issue.id, names, version), lambda: _issue_text(site, issue, names, version)
    )


def _issue_text(site: Site, issue: Issue, names: tuple[str, ...], version: str) -> str:
    head = {
        "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": str(issue.id),
        "self": f"{site.url}/rest/api/{version}/issue/{issue.id}",
        "key": site.product.key(issue),
    }
    return dumps({**head, "fields": {name: _FIELDS[name](site, issue) for name in names}})


def text_body(text: str, version: str) -> object:
    """A rich text: a document in version 3, plain in version 2."""
    if version == "2":
        return text
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def status_json(site: Site, status: Status) -> dict[str, Any]:
    """A status with its category, and with its scope where one project owns it."""
    found: dict[str, Any] = {
        "self": f"{site.url}/rest/api/3/status/{status.id}",
        "description": "",
        "iconUrl": f"{site.url}/",
        "name": status.name,
        "id": str(status.id),
        "statusCategory": {"self": f"{site.url}/rest/api/3/statuscategory", **CATEGORIES[status.category]},
    }
    return found | scope(status.project_id)


def scope(project_id: int | None) -> dict[str, Any]:
    """The `scope` of what belongs to a team-managed project; nothing for the rest."""
    return {} if project_id is None else {"scope": {"type": "PROJECT", "project": {"id": str(project_id)}}}


def type_json(site: Site, kind: IssueType) -> dict[str, Any]:
    """An issue type with its level."""
    found = {
        "self": f"{site.url}/rest/api/3/issuetype/{kind.id}",
        "id": str(kind.id),
        "description": "",
        "iconUrl": f"{site.url}/",
        "name": kind.name,
        "subtask": kind.level < 0,
        "avatarId": 10300 + kind.level,
        "hierarchyLevel": kind.level,
    }
    return found | scope(kind.project_id)


def project_json(site: Site, project: Project) -> dict[str, Any]:
    """A project as issues name it."""
    return {
        "self": f"{site.url}/rest/api/3/project/{project.id}",
        "id": str(project.id),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": project.is_team_managed,
    }


def version_json(site: Site, version: Version) -> dict[str, Any]:
    """A version as issues name it."""
    return {
        "self": f"{site.url}/rest/api/3/version/{version.id}",
        "id": str(version.id),
        "name": version.name,
        "archived": False,
        "released": version.is_released,
        "releaseDate": version.release_on,
    }


def sprint_value(sprint: Sprint) -> dict[str, Any]:
    """A sprint as the Sprint field shows it."""
    found: dict[str, Any] = {"id": sprint.id, "name": sprint.name, "state": sprint.state}
    found |= {"boardId": origin_board(sprint), "goal": sprint.goal}
    if sprint.activated_at is not None:
        found |= {"startDate": utc_time(sprint.start_at), "endDate": utc_time(sprint.end_at)}
    if sprint.completed_at is not None:
        found["completeDate"] = utc_time(sprint.completed_at)
    return found


def origin_board(sprint: Sprint) -> int:
    """The board on which the sprint was made."""
    return next(board.id for board in BOARDS if board.team_ids == sprint.team_ids)


def worklog_json(site: Site, worklog: Worklog, version: str) -> dict[str, Any]:
    """Booked time; `started` has the author's offset."""
    author = user(site, site.company.people[worklog.author])
    hours, minutes = divmod(worklog.seconds // 60, 60)
    spent = " ".join(f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m")) if n)
    return {
        "self": f"{site.url}/rest/api/{version}/issue/{worklog.issue_id}/worklog/{worklog.id}",
        "author": author,
        "updateAuthor": author,
        "comment": text_body("", version) if version == "2" else text_body("work", version),
        "created": site_time(worklog.updated_at),
        "updated": site_time(worklog.updated_at),
        "started": site_time(worklog.started_at),
        "timeSpent": spent,
        "timeSpentSeconds": worklog.seconds,
        "id": str(worklog.id),
        "issueId": str(worklog.issue_id),
    }


def live_worklogs(site: Site, issue: Issue) -> list[Worklog]:
    """The issue's worklogs that are not deleted, oldest first."""
    return [w for w in (site.product.worklogs[n] for n in issue.worklogs) if w.deleted_at is None]


def comments_json(site: Site, issue: Issue, version: str) -> list[dict[str, Any]]:
    """The issue's comments, oldest first."""
    people = site.company.people
    return [
        {
            "self": f"{site.url}/rest/api/{version}/issue/{issue.id}/comment/{comment.id}",
            "id": str(comment.id),
            "author": user(site, people[comment.author]),
            "body": text_body(comment.text, version),
            "created": site_time(comment.at),
            "updated": site_time(comment.at),
        }
        for comment in issue.comments
    ]


def _short(site: Site, issue: Issue) -> dict[str, Any]:
    """An issue as another one names it."""
    product = site.product
    return {
        "id": str(issue.id),
        "key": product.key(issue),
        "self": f"{site.url}/rest/api/3/issue/{issue.id}",
        "fields": {
            "summary": issue.state["summary"],
            "status": status_json(site, product.statuses[issue.state["status"]]),
            "priority": _named("priority", issue.state["priority"], PRIORITIES, site),
            "issuetype": type_json(site, product.type_of(issue)),
        },
    }


def _named(kind: str, name: str | None, ids: dict[str, str], site: Site) -> dict[str, Any] | None:
    if name is None:
        return None
    return {"self": f"{site.url}/rest/api/3/{kind}/{ids[name]}", "id": ids[name], "name": name}


def _person(site: Site, number: int | None) -> dict[str, Any] | None:
    return None if number is None else user(site, site.company.people[number])


def _parent(site: Site, issue: Issue) -> dict[str, Any] | None:
    parent = site.product.issues.get(issue.state.get("parent") or 0)
    return None if parent is None or parent.deleted_at is not None else _short(site, parent)


def _epic_link(site: Site, issue: Issue) -> str | None:
    parent = site.product.issues.get(issue.state.get("parent") or 0)
    is_company_managed = not site.product.projects[issue.state["project"]].is_team_managed
    is_below_epic = parent is not None and site.product.type_of(parent).level == 1
    return site.product.key(parent) if parent is not None and is_company_managed and is_below_epic else None


def _subtasks(site: Site, issue: Issue) -> list[dict[str, Any]]:
    children = site.results.get(site.company.age, "children", lambda: [_children(site)])[0]
    return [_short(site, site.product.issues[n]) for n in children.get(issue.id, ())]


def _children(site: Site) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for issue in site.product.alive():
        if site.product.type_of(issue).level < 0 and issue.state.get("parent"):
            children.setdefault(issue.state["parent"], []).append(issue.id)
    return children


def _links(site: Site, issue: Issue) -> list[dict[str, Any]]:
    links = [site.product.links[number] for number in issue.links]
    return [_link(site, issue, link) for link in links if link.removed_at is None and _is_visible(site, link)]


def _is_visible(site: Site, link: Link) -> bool:
    return all(site.product.issues[end].deleted_at is None for end in (link.source, link.target))


def _link(site: Site, issue: Issue, link: Link) -> dict[str, Any]:
    is_source = link.source == issue.id
    other = site.product.issues[link.target if is_source else link.source]
    kind = LINK_TYPES[link.type]
    found: dict[str, Any] = {"id": str(link.id), "self": f"{site.url}/rest/api/3/issueLink/{link.id}"}
    found["type"] = {**kind, "self": f"{site.url}/rest/api/3/issueLinkType/{kind['id']}"}
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
    return {"self": f"{site.url}/rest/api/3/customFieldOption/{OPTIONS[value]}", "value": value, "id": OPTIONS[value]}


def _points(site: Site, issue: Issue, field_id: str) -> float | None:
    is_here = f.points_field(site.product, issue.state["project"]) == field_id
    return issue.state.get("points") if is_here else None


def _worklog_page(site: Site, issue: Issue) -> dict[str, Any]:
    rows = live_worklogs(site, issue)
    shown = [worklog_json(site, row, "3") for row in rows[:INLINE_WORKLOGS]]
    return {"startAt": 0, "maxResults": INLINE_WORKLOGS, "total": len(rows), "worklogs": shown}


def _comment_page(site: Site, issue: Issue) -> dict[str, Any]:
    rows = comments_json(site, issue, "3")
    return {"comments": rows, "self": f"{site.url}/", "maxResults": len(rows), "total": len(rows), "startAt": 0}


def _when(at: int | None) -> str | None:
    return None if at is None else site_time(at)


_FIELDS: dict[str, Callable[[Site, Issue], Any]] = {
    "summary": lambda _, i: i.state["summary"],
    "issuetype": lambda s, i: type_json(s, s.product.type_of(i)),
    "project": lambda s, i: project_json(s, s.product.projects[i.state["project"]]),
    "status": lambda s, i: status_json(s, s.product.statuses[i.state["status"]]),
    "priority": lambda s, i: _named("priority", i.state["priority"], PRIORITIES, s),
    "resolution": lambda s, i: _named("resolution", i.state.get("resolution"), RESOLUTIONS, s),
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
    f.TEAM: lambda _, __: None,
    f.EPIC_NAME: lambda s, i: i.state["summary"] if s.product.type_of(i).level == 1 else None,
    f.EPIC_LINK: _epic_link,
    f.ESTIMATE: lambda s, i: _points(s, i, f.ESTIMATE),
    f.POINTS: lambda s, i: _points(s, i, f.POINTS),
    f.RANK: lambda _, i: f"0|i{i.state.get('rank', i.id):05d}:",
    f.SPRINT: lambda s, i: [sprint_value(s.product.sprints[n]) for n in i.state.get("sprints") or ()] or None,
    f.FLAGGED: lambda _, i: [{"value": "Impediment", "id": "10019"}] if i.state.get("flagged") else None,
    f.SEVERITY: lambda s, i: _option(s, i.state.get("severity")),
    f.ENVIRONMENT: lambda s, i: _option(s, i.state.get("found_in")),
}
