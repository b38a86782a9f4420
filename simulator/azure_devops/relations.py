"""The links of a work item, seen from its side."""

from __future__ import annotations

from typing import Any

from simulator.azure_devops.organization import Organization
from simulator.company import Change, Issue, Product

NAMES = {
    "System.LinkTypes.Hierarchy-Reverse": "Parent",
    "System.LinkTypes.Hierarchy-Forward": "Child",
    "System.LinkTypes.Dependency-Forward": "Successor",
    "System.LinkTypes.Dependency-Reverse": "Predecessor",
    "System.LinkTypes.Related": "Related",
    "System.LinkTypes.Duplicate-Forward": "Duplicate",
    "System.LinkTypes.Duplicate-Reverse": "Duplicate Of",
}
_ENDS = {
    "blocks": ("System.LinkTypes.Dependency-Forward", "System.LinkTypes.Dependency-Reverse"),
    "relates": ("System.LinkTypes.Related", "System.LinkTypes.Related"),
    "duplicates": ("System.LinkTypes.Duplicate-Forward", "System.LinkTypes.Duplicate-Reverse"),
}
PARENT, CHILD = "System.LinkTypes.Hierarchy-Reverse", "System.LinkTypes.Hierarchy-Forward"


def relation(organization: Organization, rel: str, number: int) -> dict[str, Any]:
    """One end of a link."""
    attributes = {"isLocked": False, "name": NAMES[rel]}
    return {"rel": rel, "url": f"{organization.url}/_apis/wit/workItems/{number}", "attributes": attributes}


def link_end(product: Product, issue: Issue, number: int) -> tuple[str, int]:
    """What a link is called on the issue's side, and whom it leads to."""
    link = product.links[number]
    is_source = link.source == issue.id
    return _ENDS[link.type][0 if is_source else 1], link.target if is_source else link.source


def relations_now(organization: Organization, issue: Issue) -> list[dict[str, Any]]:
    """The item's parent, children and links today."""
    product = organization.product
    found = []
    if issue.state.get("parent"):
        found.append(relation(organization, PARENT, issue.state["parent"]))
    children = [child.id for child in product.alive() if child.state.get("parent") == issue.id]
    found += [relation(organization, CHILD, number) for number in children]
    links = [product.links[number] for number in issue.links]
    ends = [link_end(product, issue, link.id) for link in links if link.removed_at is None]
    return found + [relation(organization, rel, number) for rel, number in ends]


def relation_changes(organization: Organization, issue: Issue, changes: tuple[Change, ...]) -> dict[str, Any]:
    """What an event did to the item's relations: `added` and `removed`, each only where there is something."""
    found: dict[str, Any] = {}
    for change in changes:
        for verb, value in (("removed", change.old), ("added", change.new)):
            if value is None or change.field not in {"parent", "link"}:
                continue
            end = (PARENT, value) if change.field == "parent" else link_end(organization.product, issue, value)
            found.setdefault(verb, []).append(relation(organization, *end))
    return found
