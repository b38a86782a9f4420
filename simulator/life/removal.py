"""How issues and sprints go on command, and how issues come back."""

from __future__ import annotations

from simulator.company import JIRA, Issue, Product
from simulator.life.deeds import Given, author_of, moment_of, nothing_more
from simulator.life.lookup import find_sprint
from simulator.life.piles import settle
from simulator.life.world import World, disconnect, edit


def delete(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """Jira forgets the issue; Azure DevOps keeps it in the recycle bin, with a last revision."""
    author, at = author_of(world, given), moment_of(world, issue)
    nothing_more(given)
    if issue.deleted_at is not None:
        raise ValueError("the issue is deleted already")
    if product.tracker != JIRA:
        edit(world, product, issue, author=author, at=at, is_deleted=True)
    issue.deleted_at = at
    settle(world, product, issue)
    return {}


def restore(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """Out of the recycle bin with one more revision; in Jira the issue is merely seen again."""
    author, at = author_of(world, given), moment_of(world, issue)
    nothing_more(given)
    if issue.deleted_at is None:
        raise ValueError("the issue is not deleted")
    issue.deleted_at = None
    if product.tracker != JIRA:
        edit(world, product, issue, author=author, at=at, is_deleted=False)
    settle(world, product, issue)
    return {}


def destroy(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """Out of the recycle bin for good: no trace is left, links and children are let go."""
    author = author_of(world, given)
    nothing_more(given)
    if product.tracker == JIRA or issue.deleted_at is None:
        raise ValueError("only what lies in the recycle bin of Azure DevOps can be destroyed")
    for number in issue.links:
        link = product.links[number]
        if link.removed_at is None:
            ends = (product.issues[link.source], product.issues[link.target])
            disconnect(world, product, link, author, at=moment_of(world, *ends))
    for child in product.issues.values():
        if child.state.get("parent") == issue.id:
            edit(world, product, child, author=author, at=moment_of(world, child), parent=None)
    del product.issues[issue.id]
    return {}


def delete_sprint(world: World, product: Product, given: Given) -> Given:
    """The `sprint` goes, and each issue in it gets a history entry that says so."""
    author, sprint = author_of(world, given), find_sprint(product, given.pop("sprint"))
    nothing_more(given)
    sprint.is_deleted = True
    for floor in world.floors:
        if floor.sprint is sprint:
            floor.sprint = None
    inside = [issue for issue in product.alive() if sprint.id in (issue.state.get("sprints") or ())]
    for issue in inside:
        rest = tuple(number for number in issue.state["sprints"] if number != sprint.id)
        edit(world, product, issue, author=author, at=moment_of(world, issue), sprints=rest)
        settle(world, product, issue)
    return {"sprint": sprint.id, "issues": [issue.id for issue in inside]}
