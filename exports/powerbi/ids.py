"""Ids that stay the same from one export to the next, so that Power BI knows its objects again."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

_NAMESPACE = uuid5(NAMESPACE_URL, "flowmart/power-bi")


def lineage(*path: str) -> str:
    """The id of the object at this path, e.g. `("table", "issues")`."""
    return str(uuid5(_NAMESPACE, "/".join(path)))
