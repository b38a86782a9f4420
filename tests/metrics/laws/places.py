"""What the issues of a made-up company share: sources, statuses, boards, sprints and versions, as of either load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from tests.metrics.laws.scripts import Company, at
from warehouse.records import Board, BoardArea, Project, Record, Source, Sprint, Status, Version

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "To Do": ("1", "new"),
    "Doing": ("2", "indeterminate"),
    "Review": ("3", "indeterminate"),
    "Done": ("4", "done"),
    "Closed": ("5", "done"),
    "Dropped": ("6", "removed"),
}
LEVELS = {"Story": "standard", "Bug": "standard", "Task": "subtask", "Epic": "portfolio"}


def shared(company: Company, load: int) -> Iterator[Record]:
    """All of them."""
    yield from _places(company, load)
    yield from _sprints(company, load)
    yield from _versions(company, load)


def _places(company: Company, load: int) -> Iterator[Record]:
    """Sources, projects, statuses, boards and the areas of teams."""
    for source_id, kind in (("acme", "jira_cloud"), ("ado", "azure_devops")):
        yield Source(source_id=source_id, kind=kind, url="https://acme.example")
        for native, key in (("10", "PAY"), ("20", "OPS")):
            yield Project(project_id=f"{source_id}:{native}", source_id=source_id, key=key, name=key)
    yield from statuses_of(company.statuses[load - 1])
    variant = company.places[load - 1]
    boards = [("acme:7", "acme", "acme:10"), ("ado:red", "ado", "ado:10"), ("ado:blue", "ado", "ado:10")]
    if load == 2 or variant:
        boards.append(("acme:8", "acme", ["acme:20", "acme:20", "acme:10"][variant]))
    for board_id, source_id, project_id in boards:
        yield Board(board_id=board_id, source_id=source_id, project_id=project_id, name=board_id, kind="scrum")
    areas = {
        0: [("ado:red", "Pay\\Red", True), ("ado:blue", "Pay\\Blue", True)],
        1: [("ado:red", "Pay\\Red", False), ("ado:blue", "Pay", True)],
        2: [("ado:red", "Pay", True), ("ado:blue", "Pay\\Red", True), ("ado:blue", "Ops", False)],
    }
    for board_id, path, with_children in areas[variant]:
        yield BoardArea(
            board_area_id=f"{board_id}:{path}", board_id=board_id, area_path=path, includes_children=with_children
        )


def statuses_of(variant: int) -> Iterator[Status]:
    """As one knows them; with Review renamed (1), Closed in another category (2), or Parked known at last (3)."""
    for name, (number, category) in [*CATEGORIES.items(), *([("Parked", ("9", "new"))] if variant == 3 else [])]:
        called = "In Review" if variant == 1 and name == "Review" else name
        kind = "indeterminate" if variant == 2 and name == "Closed" else category
        status_id = "id of Parked" if name == "Parked" else number
        yield Status(
            status_id=f"acme:{status_id}",
            source_id="acme",
            project_id=None,
            issue_type=None,
            name=called,
            category=kind,
        )
        for project in ("10", "20"):
            for issue_type in LEVELS if project == "10" else ("Story", "Bug"):
                yield Status(
                    status_id=f"ado:{project}:{issue_type}:{name}",
                    source_id="ado",
                    project_id=f"ado:{project}",
                    issue_type=issue_type,
                    name=name,
                    category=kind,
                )


_JIRA_SPRINTS: Mapping[str, tuple[str, float]] = {"36": ("7", 5), "37": ("7", 60), "38": ("7", 125), "39": ("8", 40)}
"""Sprint → board and planned start."""
_ITERATIONS = {"5": 0, "6": 4, "7": 8}
"""Iteration → number of its first day."""


def _sprints(company: Company, load: int) -> Iterator[Sprint]:
    for native, variants in company.sprints.items():
        variant = variants[load - 1]
        if variant is None:
            continue
        if native in _JIRA_SPRINTS:
            yield _jira_sprint(company, native, variant, load)
        else:
            yield from _iteration(company, native, variant)


def _jira_sprint(company: Company, native: str, variant: int, load: int) -> Sprint:
    """Future, active, or closed: late, early, without a word when, or as late but with another plan."""
    board, start = _JIRA_SPRINTS[native]
    states = ["future", "active", "closed", "closed", "closed", "closed"]
    end = start + [50, 50, 50, 80, 50, 90][variant]
    completed = [None, None, start + 52, end - 20, None, start + 52][variant]
    return Sprint(
        sprint_id=f"acme:{native}",
        iteration_id=f"acme:{native}",
        source_id="acme",
        board_id=f"acme:{board}",
        name=f"Sprint {native} of load {load}",
        state=states[variant],
        start_at=None if variant == 0 and native == "38" else at(company, start + (variant == 3)),
        end_at=at(company, end),
        completed_at=None if completed is None else at(company, completed),
    )


def _iteration(company: Company, native: str, variant: int) -> Iterator[Sprint]:
    """Picked by both teams, one of them, or without days."""
    first = (company.epoch + timedelta(days=_ITERATIONS[native])).date()
    teams = [("red", "blue"), ("red",), ("blue",), ("red", "blue"), ("red",), ("blue",)][variant]
    for team in teams:
        dated = variant != 4
        yield Sprint(
            sprint_id=f"ado:{native}:{team}",
            iteration_id=f"ado:{native}",
            source_id="ado",
            board_id=f"ado:{team}",
            name=f"Iteration {native}",
            state="future",
            start_on=first if dated else None,
            finish_on=first + timedelta(days=3 + 2 * (variant == 3)) if dated else None,
        )


def _versions(company: Company, load: int) -> Iterator[Version]:
    for name, days in company.versions.items():
        day = days[load - 1]
        released_on = None if day is None else (company.epoch + timedelta(days=day)).date()
        for source_id in ("acme", "ado"):
            yield Version(
                version_id=f"{source_id}:{name}",
                project_id=f"{source_id}:10",
                name=name,
                is_released=day is not None,
                released_on=released_on,
            )
