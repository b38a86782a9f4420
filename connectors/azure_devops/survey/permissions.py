"""What an account may not do in an Azure DevOps organisation, by the names that its administrator knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping.structure import NodeIndex, ProjectModel
from connectors.errors import AuthenticationError, PermissionMissing, SourceError

_AREAS = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3"
"""The security namespace of areas; in it the bit 16 is `View work items in this node`."""
_VIEW = 16
_NODE = "vstfs:///Classification/Node/"
_MOST_AREAS = 500
_MOST_NAMED = 10

WORK_ITEMS = "Work Items (Read), a scope of the token: without it no work item, field or state can be read"
TEAMS = "Project and Team (Read), a scope of the token: without it there are no teams, no boards and no sprints"
NOT_TOLD = (
    "whether areas are hidden from the account cannot be told: an area without the permission 'View work items in this "
    "node' hides its items without a sign"
)


def lacks_scope(gateway: Gateway, error: SourceError) -> bool:
    """Whether a refusal is one of this kind of thing only; raises when the login as a whole is refused by now."""
    if isinstance(error, AuthenticationError):
        return gateway.is_still_in()
    return isinstance(error, PermissionMissing)


def hidden_areas(gateway: Gateway, models: Iterable[ProjectModel]) -> tuple[list[str], list[str]]:
    """Missing permissions and notes about areas whose items the account may not see. One request for all of them."""
    areas = [each for model in models for each in _tokens(model.areas)]
    if not areas:
        return [], []
    some = areas[:_MOST_AREAS]
    try:
        told = gateway.permitted(_AREAS, _VIEW, [token for _, token in some])
    except SourceError:
        return [], [NOT_TOLD]
    if len(told) != len(some):
        return [], [NOT_TOLD]
    hidden = [path for (path, _), answer in zip(some, told, strict=True) if not answer]
    notes = [f"{len(areas) - len(some):,} more areas were not asked about"] if len(areas) > len(some) else []
    return ([_sentence(hidden)] if hidden else []), notes


def _sentence(hidden: Sequence[str]) -> str:
    named = ", ".join(hidden[:_MOST_NAMED])
    more = f" and {len(hidden) - _MOST_NAMED:,} more" if len(hidden) > _MOST_NAMED else ""
    return f"View work items in this node, for the area(s) {named}{more}: without it their items are missing unnoticed"


def _tokens(areas: NodeIndex) -> Iterator[tuple[str, str]]:
    """Path and security token of each area; a token names all nodes from the root down."""
    for path in sorted(areas.by_path):
        above = accumulate(path.split("\\"), lambda left, right: f"{left}\\{right}")
        guids = [areas.by_path.get(each, "") for each in above]
        if all(guids):
            yield path, ":".join(f"{_NODE}{guid}" for guid in guids)
