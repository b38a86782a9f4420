"""Finds what a command means by the names that people use; a ValueError says what there is instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from simulator.company import AZURE_DEVOPS, JIRA, Company, Issue, IssueType, Product, Project, Sprint, Status, Team

T = TypeVar("T")
TRACKERS = {
    "jira": JIRA,
    "jira_cloud": JIRA,
    "jira_data_center": JIRA,
    "azure_devops": AZURE_DEVOPS,
    "azure_devops_server": AZURE_DEVOPS,
}


def find_product(company: Company, tracker: object) -> Product:
    """The product behind a tracker, whatever its flavour."""
    if tracker not in TRACKERS:
        raise ValueError(f"tracker is one of {', '.join(TRACKERS)}")
    return company.product(TRACKERS[str(tracker)])


def find_issue(product: Product, given: object) -> Issue:
    """The issue of this id or key, deleted ones too."""
    text = str(given)
    number = int(text) if text.isdigit() else product.keys.get(text.upper(), 0)
    if number not in product.issues:
        raise ValueError(f"there is no issue {given}")
    return product.issues[number]


def find_person(company: Company, given: object) -> int:
    """The id of the person of this id, login, name or address."""
    for person in company.people.values():
        if given in {person.id, person.login, person.name, person.email}:
            return person.id
    raise ValueError(f"there is nobody called {given}")


def find_project(product: Product, given: object) -> Project:
    """The project of this id, key or name."""
    return _one("project", given, product.projects.values(), lambda p: (p.id, p.key, p.name))


def find_team(product: Product, given: object) -> Team:
    """The team of this id or name."""
    return _one("team", given, product.teams.values(), lambda t: (t.id, t.name))


def find_sprint(product: Product, given: object) -> Sprint:
    """The sprint of this id or name, unless it is deleted."""
    there = [sprint for sprint in product.sprints.values() if not sprint.is_deleted]
    return _one("sprint", given, there, lambda s: (s.id, s.name))


def find_status(product: Product, given: object, kind: IssueType | None = None) -> Status:
    """The status of this id or name, of one type or of all."""
    there = list(product.statuses.values()) if kind is None else [product.statuses[n] for n in kind.statuses]
    return _one("status", given, there, lambda s: (s.id, s.name))


def find_type(product: Product, project: Project, given: object) -> IssueType:
    """The type of this id, name or role, among those of the project."""
    there = [product.types[number] for number in project.types.values()]
    return _one("type", given, there, lambda t: (t.id, t.name, t.role))


def _one(what: str, given: object, there: Iterable[T], names_of: Callable[[T], tuple[object, ...]]) -> T:
    rows = list(there)
    found = [row for row in rows if given in names_of(row)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(" ".join(map(str, names_of(row))) for row in rows)
    raise ValueError(f"{'no' if not found else 'more than one'} {what} {given}; there are: {known}")
