"""Keeps each team's piles true when somebody from outside changes an issue: the next nights build on them."""

from __future__ import annotations

from simulator.company import DONE, IN_PROGRESS, REMOVED, RESOLVED, Issue, Product
from simulator.life.world import Floor, World


def lift(world: World, issue: Issue) -> None:
    """Take the issue off all piles."""
    for floor in world.floors:
        for pile in (floor.backlog, floor.board, floor.finished, floor.epics):
            if issue in pile:
                pile.remove(issue)


def settle(world: World, product: Product, issue: Issue) -> None:
    """Put the issue on the pile where it belongs now; one that is deleted belongs on none."""
    lift(world, issue)
    if issue.deleted_at is not None:
        world.hot.pop(issue, None)
        return
    pile = _pile(product, issue, _floor(world, product, issue))
    if pile is not None:
        pile.append(issue)


def _floor(world: World, product: Product, issue: Issue) -> Floor:
    floors = [floor for floor in world.floors if floor.product is product]
    return next((floor for floor in floors if floor.team.id == issue.state.get("team")), floors[0])


def _pile(product: Product, issue: Issue, floor: Floor) -> list[Issue] | None:
    category, level = product.category(issue), product.type_of(issue).level
    if level > 0:
        return None if category in {DONE, REMOVED} else floor.epics
    if category == REMOVED or (category == DONE and level < 0):
        return None
    if category == DONE:
        return floor.finished
    is_planned = floor.sprint is not None and floor.sprint.id in (issue.state.get("sprints") or ())
    is_at_home = issue.state["project"] == floor.team.project_id
    is_on_board = is_planned or level < 0 or category in {IN_PROGRESS, RESOLVED}
    return floor.board if is_on_board and is_at_home else floor.backlog
