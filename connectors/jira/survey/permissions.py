"""What the account may not do on a Jira site, by the names that an administrator knows, and when its token ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.http.flight import in_order
from connectors.jira.gateway import answers
from connectors.jira.gateway.inquiry import Inquiry
from connectors.jira.gateway.scopes import (
    BOARDS,
    HISTORIES,
    PERMISSIONS,
    SEARCH,
    SPRINTS,
    USERS,
    WORKLOGS,
    Family,
    lacks_scope,
)
from connectors.jira.gateway.site_gateway import Refused
from connectors.jira.gateway.values import epoch_milliseconds, optional_instant
from connectors.jira.pulling.site import Site

BROWSE = "BROWSE_PROJECTS"
_PEOPLE = "USER_PICKER"
_MOST_PROJECTS = 20
_RECENTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What was found out about permissions."""

    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Probe:
    """A small request that shows whether a family answers."""

    family: Family
    method: str
    path: str
    params: dict[str, Any] | None = None
    body: object = None


def rights(
    site: Site, inquiry: Inquiry, projects: Sequence[answers.Project], boards: Sequence[answers.Board]
) -> Rights:
    """Permissions and scopes that are missing. Asks a handful of requests, and one for each of at most 20 projects."""
    missing: list[str] = []
    problems: list[str] = []
    notes: list[str] = []
    _ask_everywhere(inquiry, missing, notes)
    _ask_in_projects(site, inquiry, projects, missing, problems, notes)
    notes += _levels(site, inquiry, projects)
    probes = list(_probes(site, projects, boards))
    told = in_order(site.pool, lambda p: inquiry.refusal(p.method, p.path, params=p.params, body=p.body), probes, 4)
    for probe, refused in zip(probes, told, strict=True):
        if refused is None:
            continue
        if lacks_scope(refused.reason):
            missing.append(probe.family.scopes_missing())
        elif probe.family is WORKLOGS:
            notes.append(f"worklogs are not shown (is time tracking off?): {refused.reason}")
        elif probe.family is not USERS or not any(_PEOPLE in each for each in missing):
            notes.append(f"{probe.family.what} are not shown, so that {probe.family.lost}: {refused.reason}")
    return Rights(missing=tuple(missing), problems=tuple(problems), notes=tuple(notes))


def no_licence(reason: str) -> str:
    """A sentence for a site that shows the account no boards at all."""
    if lacks_scope(reason):
        return BOARDS.scopes_missing()
    return f"access to Jira Software (a licence for the account): without it {BOARDS.lost}"


def _ask_everywhere(inquiry: Inquiry, missing: list[str], notes: list[str]) -> None:
    held = inquiry.permissions([_PEOPLE])
    if isinstance(held, Refused):
        if lacks_scope(held.reason):
            missing.append(PERMISSIONS.scopes_missing())
        notes.append(f"permissions are not told: {held.reason}")
    elif held.get(_PEOPLE) is False:
        missing.append(f"{_PEOPLE} (Browse users and groups, global): without it {USERS.lost}")


def _ask_in_projects(
    site: Site,
    inquiry: Inquiry,
    projects: Sequence[answers.Project],
    missing: list[str],
    problems: list[str],
    notes: list[str],
) -> None:
    some = projects[:_MOST_PROJECTS]
    told = in_order(site.pool, lambda project: inquiry.permissions([BROWSE], project.key), some, site.width)
    lacking, silent = [], []
    for project, held in zip(some, told, strict=True):
        if isinstance(held, Refused):
            silent.append(project.key)
        elif held.get(BROWSE) is False:
            lacking.append(project.key)
    if lacking:
        missing.append(f"{BROWSE} (Browse Projects) in {', '.join(lacking)}: without it no issue of them is seen")
        named = {key.casefold() for key in site.settings.projects}
        problems += [f"project {k}: the account may not browse its issues" for k in lacking if k.casefold() in named]
    if silent:
        notes.append(f"permissions in {', '.join(silent)} are not told")
    if left := len(projects) - len(some):
        notes.append(f"permissions in {left:,} more project(s) were not asked for")


def _levels(site: Site, inquiry: Inquiry, projects: Sequence[answers.Project]) -> Iterator[str]:
    """Security levels keep single issues from people, and nothing in an answer shows it."""
    some = projects[:_MOST_PROJECTS]
    told = in_order(site.pool, lambda project: inquiry.has_levels(project.key), some, site.width)
    leveled = [project.key for project, has in zip(some, told, strict=True) if has]
    if leveled:
        yield (
            f"security levels are in use in {', '.join(leveled)}: issues of a level that the account is not in are "
            "missing without a sign"
        )


def _probes(site: Site, projects: Sequence[answers.Project], boards: Sequence[answers.Board]) -> Iterator[_Probe]:
    yield _Probe(USERS, "GET", *_users(site))
    since = {"since": epoch_milliseconds(site.settings.now())}
    yield _Probe(WORKLOGS, "GET", "rest/api/2/worklog/updated", since)
    scrum = next((board for board in boards if board.type == "scrum"), None)
    if scrum is not None:
        yield _Probe(SPRINTS, "GET", f"rest/agile/1.0/board/{scrum.id}/sprint", {"maxResults": 1})
    if projects and site.dialect.kind == "jira_cloud":
        jql = f"project = {projects[0].id}"
        yield _Probe(SEARCH, "POST", "rest/api/3/search/jql", None, {"jql": jql, "fields": ["key"], "maxResults": 1})
        body = {"issueIdsOrKeys": [f"{projects[0].key}-1"], "maxResults": 1}
        yield _Probe(HISTORIES, "POST", "rest/api/3/changelog/bulkfetch", None, body)


def _users(site: Site) -> tuple[str, dict[str, Any]]:
    if site.dialect.kind == "jira_cloud":
        return "rest/api/3/users/search", {"startAt": 0, "maxResults": 1}
    return "rest/api/2/user/search", {"username": ".", "maxResults": 1}


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the token ends, if that is told, and how it is known."""

    at: datetime | None
    note: str


def token_expiry(site: Site, inquiry: Inquiry) -> Expiry:
    """Data Center lists the account's tokens; Cloud tells nothing of API tokens."""
    if not isinstance(site.settings.token, str):
        return Expiry(None, "the login renews its tokens; when its secret expires is not told")
    if site.dialect.kind == "jira_cloud":
        return Expiry(None, "Jira Cloud does not tell when an API token expires; its owner sees it at id.atlassian.com")
    if site.settings.email is not None:
        return Expiry(None, "a password does not expire by the tracker's word")
    told = inquiry.tokens()
    if isinstance(told, Refused):
        return Expiry(None, f"the site does not list the account's tokens: {told.reason}")
    return in_use(told, site.settings.now())


def in_use(tokens: Sequence[answers.PersonalToken], now: datetime) -> Expiry:
    """The end of the token in use; where it cannot be told which one that is, the soonest end of all."""
    ends: list[tuple[answers.PersonalToken, datetime | None, datetime | None]] = []
    for token in tokens:
        end = _instant(token.expiring_at)
        if end is None or end > now:
            ends.append((token, end, _instant(token.last_accessed_at)))
    if not ends:
        return Expiry(None, "the site lists no token of the account that is valid")
    used = [each for each in ends if each[2] is not None and now - each[2] < _RECENTLY]
    only = used[0] if len(used) == 1 else ends[0] if len(ends) == 1 else None
    if only is not None:
        return Expiry(only[1], f"personal access token {only[0].name!r}" + ("" if only[1] else " does not expire"))
    told = [(end, token.name) for token, end, _ in ends if end is not None]
    if not told:
        return Expiry(None, f"none of the account's {len(ends)} personal access tokens expires")
    end, name = min(told)
    return Expiry(end, f"{name!r}, the soonest of the account's {len(ends)} personal access tokens")


def _instant(value: answers.Moment | None) -> datetime | None:
    try:
        return optional_instant(value)
    except ValueError:
        return None
