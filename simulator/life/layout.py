"""The fixed skeleton of the company: who works there, and the projects, workflows and teams of its two products."""

from __future__ import annotations

from simulator.company import (
    AZURE_DEVOPS,
    DONE,
    IN_PROGRESS,
    JIRA,
    REMOVED,
    RESOLVED,
    TODO,
    Group,
    IssueType,
    Person,
    Product,
    Project,
    Status,
    Team,
)
from simulator.life.words import person_name

TEAM_SIZE = 6
BOT = 1
PAY, WEB = 10001, 10002
SHOP, INTAKE = 1, 2


def people() -> dict[int, Person]:
    """The bot that reads, four teams of six, and two who have left."""
    found = [Person(id=BOT, name="Flow Bot", login="bot", is_app=True)]
    for number in range(4 * TEAM_SIZE + 2):
        name = person_name(number)
        login = f"{name.split()[0].lower()}{number + 2}".encode("ascii", "ignore").decode()
        found.append(Person(id=number + 2, name=name, login=login, is_active=number < 4 * TEAM_SIZE))
    return {person.id: person for person in found}


def members(team_number: int) -> tuple[int, ...]:
    """The ids of the people in the n-th team."""
    first = 2 + team_number * TEAM_SIZE
    return tuple(range(first, first + TEAM_SIZE))


def groups() -> dict[int, Group]:
    """Customers, with partners among them, of whom one has left; and who contributes to each project of the Shop."""
    of_teams = [members(number) for number in range(4)]
    found = [
        Group(id=1, name="customers", members=(of_teams[0][5], of_teams[2][5]), groups=(2,)),
        Group(id=2, name="partners", members=(of_teams[1][5], of_teams[3][5], 2 + 4 * TEAM_SIZE)),
        Group(id=3, name="Contributors", members=of_teams[2] + of_teams[3], project_id=SHOP),
        Group(id=4, name="Contributors", members=of_teams[2], project_id=INTAKE),
    ]
    return {group.id: group for group in found}


def _jira_types(pay_path: tuple[int, ...], web_path: tuple[int, ...]) -> list[IssueType]:
    """The site's own issue types, and those of the team-managed project."""
    kinds = (("Epic", "epic", 1), ("Story", "story", 0), ("Task", "task", 0), ("Bug", "bug", 0))
    types = [
        IssueType(id=10000 + n, name=name, role=role, level=level, path=(10000, 3, 10002) if level else pay_path)
        for n, (name, role, level) in enumerate(kinds)
    ]
    types.append(IssueType(id=10004, name="Sub-task", role="subtask", level=-1, path=(10000, 3, 10002)))
    types += [
        IssueType(id=10020 + n, name=name, role=role, level=level, path=web_path, project_id=WEB)
        for n, (name, role, level) in enumerate((*kinds, ("Subtask", "subtask", -1)))
    ]
    return types


def payments() -> Product:
    """The Jira product: PAY (company-managed, one team) and WEB (team-managed, one team)."""
    statuses = [
        Status(id=10000, name="To Do", category=TODO),
        Status(id=3, name="In Progress", category=IN_PROGRESS),
        Status(id=10001, name="In Review", category=IN_PROGRESS),
        Status(id=10005, name="Ready for QA", category=IN_PROGRESS, is_retired=True),
        Status(id=10002, name="Done", category=DONE),
        Status(id=10010, name="To Do", category=TODO, project_id=WEB),
        Status(id=10011, name="In Progress", category=IN_PROGRESS, project_id=WEB),
        Status(id=10012, name="In Review", category=IN_PROGRESS, project_id=WEB),
        Status(id=10013, name="Done", category=DONE, project_id=WEB),
    ]
    pay_path, web_path = (10000, 3, 10001, 10005, 10002), (10010, 10011, 10012, 10013)
    types = _jira_types(pay_path, web_path)
    pay_types = {t.role: t.id for t in types if t.project_id is None}
    web_types = {t.role: t.id for t in types if t.project_id == WEB}
    return Product(
        name="Payments",
        tracker=JIRA,
        projects={
            PAY: Project(id=PAY, key="PAY", name="Payments", types=pay_types, components=("API", "Ledger", "Web")),
            WEB: Project(id=WEB, key="WEB", name="Payments Web", types=web_types, is_team_managed=True),
        },
        statuses={status.id: status for status in statuses},
        types={kind.id: kind for kind in types},
        teams={
            1: Team(id=1, name="PAY Core", project_id=PAY, members=members(0)),
            2: Team(id=2, name="WEB Front", project_id=WEB, members=members(1)),
        },
        counters={"issue": 10100, "event": 20000, "sprint": 35, "link": 9000, "worklog": 300, "comment": 500},
    )


def shop() -> Product:
    """The Azure DevOps product: Shop (Agile process, two teams by area) and Intake, where some ideas come in first."""
    names = (("New", TODO), ("Active", IN_PROGRESS), ("In Review", IN_PROGRESS), ("Resolved", RESOLVED))
    statuses = [Status(id=n, name=name, category=category) for n, (name, category) in enumerate(names, 1)]
    statuses += [Status(id=5, name="Closed", category=DONE), Status(id=6, name="Removed", category=REMOVED)]
    types = [
        IssueType(id=1, name="Epic", role="epic", level=2, path=(1, 2, 4, 5), removed=6),
        IssueType(id=2, name="Feature", role="feature", level=1, path=(1, 2, 4, 5), removed=6),
        IssueType(id=3, name="User Story", role="story", level=0, path=(1, 2, 3, 4, 5), removed=6),
        IssueType(id=4, name="Bug", role="bug", level=0, path=(1, 2, 4, 5)),
        IssueType(id=5, name="Task", role="subtask", level=-1, path=(1, 2, 5), removed=6),
    ]
    roles = {kind.role: kind.id for kind in types}
    return Product(
        name="Shop",
        tracker=AZURE_DEVOPS,
        projects={
            SHOP: Project(id=SHOP, key="SHOP", name="Shop", types=roles),
            INTAKE: Project(id=INTAKE, key="INTAKE", name="Intake", types=roles),
        },
        statuses={status.id: status for status in statuses},
        types={kind.id: kind for kind in types},
        teams={
            3: Team(id=3, name="Shop Basket", project_id=SHOP, members=members(2)),
            4: Team(id=4, name="Shop Search", project_id=SHOP, members=members(3)),
        },
        areas={3: "Basket", 4: "Search"},
        counters={"issue": 200, "event": 0, "sprint": 0, "link": 0, "worklog": 0, "comment": 0},
    )
