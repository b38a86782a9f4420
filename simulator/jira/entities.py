"""What surrounds issues and hangs on them, as the site shows it: statuses, types, projects, versions, worklogs."""

from __future__ import annotations

from typing import Any

from simulator.company import Issue, IssueType, Project, Sprint, Status, Version, Worklog
from simulator.jira.site import BOARDS, KANBAN, SCRUM, Board, Site, site_time

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


def api(site: Site, path: str) -> str:
    """The address of something in the platform API."""
    return f"{site.url}/rest/api/{site.dialect.api}/{path}"


def text_body(text: str, version: str) -> object:
    """A rich text: a document in version 3, plain in version 2."""
    if version != "3":
        return text
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def status_json(site: Site, status: Status) -> dict[str, Any]:
    """A status with its category, and with its scope where one project owns it."""
    category = CATEGORIES[status.category]
    found: dict[str, Any] = {
        "self": api(site, f"status/{status.id}"),
        "description": "",
        "iconUrl": f"{site.url}/",
        "name": site.word(status.name),
        "id": str(status.id),
        "statusCategory": {
            "self": api(site, f"statuscategory/{category['id']}"),
            **category,
            "name": site.word(str(category["name"])),
        },
    }
    return found | scope(site, status.project_id)


def scope(site: Site, project_id: int | None) -> dict[str, Any]:
    """The `scope` of what belongs to a team-managed project; nothing for the rest, and nothing on a Data Center."""
    if project_id is None or not site.dialect.is_cloud:
        return {}
    return {"scope": {"type": "PROJECT", "project": {"id": str(project_id)}}}


def type_json(site: Site, kind: IssueType) -> dict[str, Any]:
    """An issue type; a Cloud tells its level too."""
    found: dict[str, Any] = {
        "self": api(site, f"issuetype/{kind.id}"),
        "id": str(kind.id),
        "description": "",
        "iconUrl": f"{site.url}/",
        "name": site.word(kind.name),
        "subtask": kind.level < 0,
        "avatarId": 10300 + kind.level,
    }
    return found | ({"hierarchyLevel": kind.level} if site.dialect.is_cloud else {}) | scope(site, kind.project_id)


def project_json(site: Site, project: Project) -> dict[str, Any]:
    """A project as issues name it."""
    found: dict[str, Any] = {
        "self": api(site, f"project/{project.id}"),
        "id": str(project.id),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
    }
    return found | ({"simplified": project.is_team_managed} if site.dialect.is_cloud else {})


def version_json(site: Site, version: Version) -> dict[str, Any]:
    """A version as issues name it."""
    return {
        "self": api(site, f"version/{version.id}"),
        "id": str(version.id),
        "name": version.name,
        "archived": False,
        "released": version.is_released,
        "releaseDate": version.release_on,
    }


def version_row(site: Site, version: Version) -> dict[str, Any]:
    """A version as its project lists it."""
    return version_json(site, version) | {"startDate": version.start_on, "projectId": version.project_id}


def named_json(site: Site, kind: str, name: str, ids: dict[str, str]) -> dict[str, Any]:
    """A priority or resolution by its English name."""
    return {"self": api(site, f"{kind}/{ids[name]}"), "id": ids[name], "name": site.word(name)}


def link_type_json(site: Site, kind: str) -> dict[str, str]:
    """A type of links with its words for both directions."""
    words = {name: text if name == "id" else site.word(text) for name, text in LINK_TYPES[kind].items()}
    return {**words, "self": api(site, f"issueLinkType/{words['id']}")}


def origin_board(sprint: Sprint) -> int:
    """The board on which the sprint was made."""
    return next(board.id for board in BOARDS if board.team_ids == sprint.team_ids)


def board_kind(site: Site, board: Board) -> str:
    """The board's type; a Data Center knows no simple ones."""
    return board.kind if site.dialect.is_cloud or board.kind == KANBAN else SCRUM


def worklog_json(site: Site, worklog: Worklog, version: str) -> dict[str, Any]:
    """Booked time; `started` has the author's offset."""
    author = site.user(worklog.author)
    hours, minutes = divmod(worklog.seconds // 60, 60)
    spent = " ".join(f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m")) if n)
    return {
        "self": f"{site.url}/rest/api/{version}/issue/{worklog.issue_id}/worklog/{worklog.id}",
        "author": author,
        "updateAuthor": author,
        "comment": text_body("work", version),
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
    return [
        {
            "self": f"{site.url}/rest/api/{version}/issue/{issue.id}/comment/{comment.id}",
            "id": str(comment.id),
            "author": site.user(comment.author),
            "body": text_body(comment.text, version),
            "created": site_time(comment.at),
            "updated": site_time(comment.at),
        }
        for comment in issue.comments
    ]
