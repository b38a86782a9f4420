"""How a Jira Cloud tells the facts: its fields, people by account id, sprints as objects."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from simulator.company import Person, Project, Sprint
from simulator.jira.entities import origin_board
from simulator.jira.fields import Field, field_table
from simulator.jira.site import Dialect, Site, utc_time

_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes"
_GREENHOPPER = "com.pyxis.greenhopper.jira"

_FIELDS = field_table(
    Field(id=f"customfield_{number}", role=role, name=name, type=kind, items=items, custom=custom)
    for number, role, name, kind, items, custom in (
        (10001, "team", "Team", "team", None, "com.atlassian.teams:rm-teams-custom-field-team"),
        (10011, "epic_name", "Epic Name", "string", None, f"{_GREENHOPPER}:gh-epic-label"),
        (10014, "epic_link", "Epic Link", "any", None, f"{_GREENHOPPER}:gh-epic-link"),
        (10016, "estimate", "Story point estimate", "number", None, f"{_GREENHOPPER}:jsw-story-points"),
        (10019, "rank", "Rank", "any", None, f"{_GREENHOPPER}:gh-lexo-rank"),
        (10020, "sprint", "Sprint", "array", "json", f"{_GREENHOPPER}:gh-sprint"),
        (10021, "flagged", "Flagged", "array", "option", f"{_TYPES}:multicheckboxes"),
        (10026, "points", "Story Points", "number", None, f"{_TYPES}:float"),
        (10031, "severity", "Severity", "option", None, f"{_TYPES}:select"),
        (10040, "found_in", "Environment", "option", None, f"{_TYPES}:select"),
    )
)


@lru_cache(maxsize=4096)
def account_id(person_id: int) -> str:
    """The person's account id."""
    return "5b10" + hashlib.sha256(f"account {person_id}".encode()).hexdigest()[:20]


def _person(site: Site, person: Person) -> dict[str, Any]:
    """Addresses are hidden."""
    return {
        "self": f"{site.url}/rest/api/3/user?accountId={account_id(person.id)}",
        "accountId": account_id(person.id),
        "accountType": "app" if person.is_app else "atlassian",
        "displayName": person.name,
        "active": person.is_active,
        "timeZone": "Europe/Berlin",
    }


def _sprint_value(site: Site, sprint: Sprint) -> dict[str, Any]:
    found: dict[str, Any] = {"id": sprint.id, "name": site.sprint_name(sprint), "state": sprint.state}
    found |= {"boardId": origin_board(sprint), "goal": site.sprint_goal(sprint)}
    if sprint.activated_at is not None:
        found |= {"startDate": utc_time(sprint.start_at), "endDate": utc_time(sprint.end_at)}
    if sprint.completed_at is not None:
        found["completeDate"] = utc_time(sprint.completed_at)
    return found


def _points_role(project: Project) -> str:
    return "estimate" if project.is_team_managed else "points"


CLOUD = Dialect(
    is_cloud=True,
    api="3",
    fields=_FIELDS,
    person_id=lambda person: account_id(person.id),
    person=_person,
    sprint_value=_sprint_value,
    points_role=_points_role,
)
