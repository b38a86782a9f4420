"""Other people in a group on command; no issue gets a history entry, as nothing of it changes."""

from __future__ import annotations

from simulator.company import Product
from simulator.life.deeds import Given, nothing_more
from simulator.life.lookup import find_person
from simulator.life.world import World


def regroup(world: World, _: Product, given: Given) -> Given:
    """The groups called `group` have these `members` from now on, beside the groups within them."""
    name, wanted = given.pop("group"), given.pop("members")
    nothing_more(given)
    found = [group for group in world.company.groups.values() if group.name == name]
    if not found:
        raise ValueError(f"there is no group {name}")
    people = tuple(find_person(world.company, one) for one in wanted)
    for group in found:
        group.members = people
    world.company.age += 1
    return {"members": list(people)}
