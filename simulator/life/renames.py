"""New names on command. Nothing else changes: no issue gets a history entry, and old entries keep their texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.company import AZURE_DEVOPS, Product
from simulator.life.deeds import Given, nothing_more
from simulator.life.lookup import find_sprint, find_status, find_team
from simulator.life.world import World


def rename(world: World, product: Product, given: Given) -> Given:
    """What is called `name` (or has that id) of the kind `what` is called `to` from now on."""
    what, name, to = (given.pop(key) for key in ("what", "name", "to"))
    nothing_more(given)
    if what not in _RENAMES:
        raise ValueError(f"what is one of {', '.join(_RENAMES)}")
    if not isinstance(to, str) or not to.strip():
        raise ValueError("to is a name")
    return {"id": _RENAMES[what](world, product, name, to)}


def _sprint(_: World, product: Product, name: object, to: str) -> int:
    sprint = find_sprint(product, name)
    sprint.name = to
    return sprint.id


def _area(_: World, product: Product, name: object, to: str) -> int:
    team = next((number for number, area in product.areas.items() if area == name), None)
    if team is None:
        raise ValueError(f"no area {name}; there are: {', '.join(product.areas.values()) or 'none'}")
    product.areas[team] = to
    return team


def _status(_: World, product: Product, name: object, to: str) -> int:
    status = find_status(product, name)
    product.statuses[status.id] = replace(status, name=to)
    return status.id


def _team(world: World, product: Product, name: object, to: str) -> int:
    team = find_team(product, name)
    product.teams[team.id] = replace(team, name=to)
    for floor in world.floors:
        if floor.product is product and floor.team.id == team.id:
            floor.team = product.teams[team.id]
    return team.id


def _board(_: World, product: Product, name: object, to: str) -> int:
    """Boards are known by their ids here: their first names belong to the tracker."""
    if product.tracker == AZURE_DEVOPS or not isinstance(name, int):
        raise ValueError("a board is named by its id, and only Jira's can be renamed")
    product.board_names[name] = to
    return name


_RENAMES: dict[str, Callable[[World, Product, object, str], int]] = {
    "sprint": _sprint,
    "iteration": _sprint,
    "area": _area,
    "status": _status,
    "team": _team,
    "board": _board,
}
