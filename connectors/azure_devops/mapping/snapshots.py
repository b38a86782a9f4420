"""A work item as it was in one revision, in a form that can be compared and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.azure_devops.gateway.answers import Revision
from connectors.azure_devops.mapping.fields import PARENT, FieldCatalogue
from connectors.azure_devops.mapping.identities import disguised, one_form
from connectors.azure_devops.mapping.structure import Organisation, ProjectModel
from connectors.people import Disguise, as_told

PROJECT = "System.TeamProject"
TYPE = "System.WorkItemType"
STATE = "System.State"
REASON = "System.Reason"
ITERATION = "System.IterationPath"
AREA = "System.AreaPath"
RESOLVED_REASON = "Microsoft.VSTS.Common.ResolvedReason"


_TEXTS = (
    PROJECT,
    TYPE,
    STATE,
    REASON,
    ITERATION,
    AREA,
    RESOLVED_REASON,
    "System.Title",
    "System.Tags",
    "System.ChangedDate",
    "System.CreatedDate",
)
"""What is no text here cannot be read."""

LONGEST_NAME = 500
"""Of what becomes part of a key: names of types, states, people and tags. The tracker's own limits are below 260."""


class Linked(msgspec.Struct, frozen=True):
    """Who became an item's parent by a link, and when; None: it has none since."""

    at: datetime
    parent: int | None


class Snapshot(msgspec.Struct, frozen=True):
    """The kept fields of a revision: empty ones are absent, people are `Name <unique name>`.

    The GUIDs of its nodes are kept beside the paths, so that a renamed node is not taken for another one.
    """

    rev: int
    fields: dict[str, Any]
    iteration: str | None = None
    area: str | None = None
    scope: str = ""
    """The scope (see `AzureDevOpsSettings.scope`) under which the history up to here was stored."""
    linked: Linked | None = None
    """A parent that came by a link later than this revision, which does not tell it: links make no revision."""

    @property
    def parent(self) -> int | None:
        """The parent's number, by whichever tells it last."""
        found: int | None = self.linked.parent if self.linked else self.fields.get(PARENT)
        return found

    @property
    def changed_at(self) -> datetime:
        """When the revision was made."""
        return instant(self.fields["System.ChangedDate"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the mapping needs to know beside the item."""

    source_id: str
    url: str
    time_zone: ZoneInfo
    fields: FieldCatalogue
    organisation: Organisation
    scope: str
    people: Disguise = as_told


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Snapshot)


def encode(snapshot: Snapshot) -> str:
    """The snapshot as compact JSON, the same for the same content."""
    return _encoder.encode(snapshot).decode()


def decode(content: str) -> Snapshot | None:
    """The snapshot from its JSON; None when it is in a form that this version does not know."""
    try:
        return _decoder.decode(content)
    except msgspec.MsgspecError:
        return None


def snapshot(context: Context, revision: Revision) -> Snapshot:
    """What is kept of a revision; of people what may be stored, so that later revisions are compared on like terms.

    Raises `TypeError` for a field of another kind than it always has, `KeyError` without a project.
    """
    dropped, identities = context.fields.dropped, context.fields.identities
    raw = revision.fields
    for reference in _TEXTS:
        if type(value := raw.get(reference)) is not str and value is not None:
            raise TypeError(f"{reference} is no text")
    if not raw.get(PROJECT):
        raise KeyError(PROJECT)
    if any(len(raw.get(reference) or "") > LONGEST_NAME for reference in (PROJECT, TYPE, STATE)):
        raise ValueError("the name of its project, type or state is too long")
    if type(parent := raw.get(PARENT)) is not int and parent is not None:
        raise TypeError(f"{PARENT} is no number")
    fields = {
        reference: one_form(value) if type(value) is dict else value
        for reference, value in raw.items()
        if reference not in dropped and value is not None and value != ""
    }
    if context.people is not as_told:
        for reference in [each for each in fields if each in identities or type(raw[each]) is dict]:
            person = disguised(str(fields.pop(reference)), context.people)
            if person is not None:
                fields[reference] = person
    if fields.get(PARENT) == 0:  # how some answers say that there is none
        del fields[PARENT]
    project = context.organisation.model(raw.get(PROJECT, ""))
    return Snapshot(
        revision.rev,
        fields,
        project.iterations.guid(raw.get(ITERATION), raw.get("System.IterationId")),
        project.areas.guid(raw.get(AREA), raw.get("System.AreaId")),
        context.scope,
    )


def project_name(revision: Revision) -> str | None:
    """The project that the revision names; empty without one, None when what stands there is no name."""
    name = revision.fields.get(PROJECT)
    return name or "" if name is None or type(name) is str else None


def instant(text: str) -> datetime:
    """A moment with its offset; `ValueError` without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"an instant without offset: {text!r}")
    return moment


def resolution(fields: dict[str, Any], project: ProjectModel) -> str | None:
    """How a finished item was finished; None while it is open.

    Azure DevOps has no resolution. A bug's reason for being resolved (Duplicate, Cannot Reproduce, …) outlives the
    later "Verified" of its closing, so it goes before the reason of the last change of state.
    """
    category = project.categories.get((fields.get(TYPE, ""), fields.get(STATE, "")))
    if category == "completed":
        return fields.get(RESOLVED_REASON) or fields.get(REASON)
    return fields.get(REASON) if category == "removed" else None


def plain(value: object) -> str | None:
    """A value as one text for one value: 5 and 5.0 are both `5`."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def is_blocked(value: object) -> bool:
    """Whether the CMMI field Blocked, which holds Yes or No, says so."""
    return value is True or (isinstance(value, str) and value.lower() in {"yes", "true"})
