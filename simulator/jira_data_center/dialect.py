"""How a Data Center tells the facts: its fields, people by key and name, sprints as texts."""

from __future__ import annotations

import zlib
from typing import Any

from simulator.company import Person, Sprint
from simulator.jira.entities import origin_board
from simulator.jira.fields import Field, field_table
from simulator.jira.site import Dialect, Site, utc_time

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes"
_GREENHOPPER = "com.pyxis.greenhopper.jira"
_NULL = "<null>"
_BEFORE_9 = ("rapidViewId", "state", "name", "goal", "startDate", "endDate", "completeDate", "sequence", "id")
_BEFORE_10 = (
    "id", "rapidViewId", "state", "name", "startDate", "endDate", "completeDate", "activatedDate", "sequence", "goal",
)  # fmt: skip
_NEWEST = (*_BEFORE_10, "synced", "autoStartStop", "incompleteIssuesDestinationId")

_FIELDS = field_table(
    Field(id=f"customfield_{number}", role=role, name=name, type=kind, items=items, custom=custom)
    for number, role, name, kind, items, custom in (
        (10002, "points", "Story Points", "number", None, f"{_TYPES}:float"),
        (10004, "rank", "Rank", "any", None, f"{_GREENHOPPER}:gh-lexo-rank"),
        (10005, "sprint", "Sprint", "array", "string", f"{_GREENHOPPER}:gh-sprint"),
        (10006, "epic_link", "Epic Link", "any", None, f"{_GREENHOPPER}:gh-epic-link"),
        (10007, "epic_name", "Epic Name", "string", None, f"{_GREENHOPPER}:gh-epic-label"),
        (10009, "flagged", "Flagged", "array", "option", f"{_TYPES}:multicheckboxes"),
        (10110, "severity", "Severity", "option", None, f"{_TYPES}:select"),
        (10111, "found_in", "Environment", "option", None, f"{_TYPES}:select"),
    )
)


def user_key(person: Person) -> str:
    """The key, which stays: who came before Jira 8.4 has the login of those days."""
    return person.login if person.id % 7 == 0 else f"JIRAUSER{10100 + person.id}"


def _person(site: Site, person: Person) -> dict[str, Any]:
    return {
        "self": f"{site.url}/rest/api/2/user?username={person.login}",
        "name": person.login,
        "key": user_key(person),
        "emailAddress": person.email,
        "avatarUrls": {"48x48": f"{site.url}/secure/useravatar?avatarId=10122"},
        "displayName": person.name,
        "active": person.is_active,
        "timeZone": "Europe/Berlin",
    }


def _sprint_text(site: Site, sprint: Sprint) -> str:
    """What Java makes of a sprint: keys in an order that depends on the version, values unescaped."""
    has_begun = sprint.activated_at is not None
    values = {
        "id": str(sprint.id),
        "rapidViewId": str(origin_board(sprint)),
        "state": sprint.state.upper(),
        "name": site.sprint_name(sprint),
        "startDate": utc_time(sprint.start_at) if has_begun else _NULL,
        "endDate": utc_time(sprint.end_at) if has_begun else _NULL,
        "completeDate": _NULL if sprint.completed_at is None else utc_time(sprint.completed_at),
        "activatedDate": _NULL if sprint.activated_at is None else utc_time(sprint.activated_at),
        "sequence": str(sprint.id),
        "goal": site.sprint_goal(sprint) or ("" if sprint.id % 2 else _NULL),
        "synced": "false",
        "autoStartStop": "false",
        "incompleteIssuesDestinationId": _NULL,
    }
    major = int(site.version.partition(".")[0])
    keys = _BEFORE_9 if major < 9 else _BEFORE_10 if major < 10 else _NEWEST
    place = f"{zlib.crc32(str(sprint.id).encode()):x}"
    inner = ",".join(f"{key}={values[key]}" for key in keys)
    return f"com.atlassian.greenhopper.service.sprint.Sprint@{place}[{inner}]"


DATA_CENTER = Dialect(
    is_cloud=False,
    api="2",
    fields=_FIELDS,
    person_id=user_key,
    person=_person,
    sprint_value=_sprint_text,
    points_role=lambda _: "points",
)
