"""The organisation's fields: their names, and which of them play a role here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.azure_devops.gateway.answers import FieldInfo
from connectors.azure_devops.mapping.identities import WELL_KNOWN
from connectors.base import FieldChoice

PARENT = "System.Parent"

CANONICAL: Mapping[str, str] = {
    "System.State": "status",
    "System.IterationPath": "sprint",
    "System.AreaPath": "area",
    "System.AssignedTo": "assignee",
    PARENT: "parent",
    "System.WorkItemType": "type",
    "System.TeamProject": "project",
    "System.Title": "summary",
    "System.Tags": "labels",
    "Microsoft.VSTS.Common.Priority": "priority",
    "Microsoft.VSTS.Scheduling.DueDate": "due",
    "Microsoft.VSTS.Scheduling.OriginalEstimate": "original_estimate",
    "Microsoft.VSTS.CMMI.Blocked": "flagged",
}
"""Reference name → the name of the field across trackers, where every process means the same by it."""

ROLES = ("story_points", "severity", "found_in")
"""Roles whose field depends on the process or on the config."""

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "story_points": (
        "Microsoft.VSTS.Scheduling.StoryPoints",
        "Microsoft.VSTS.Scheduling.Effort",
        "Microsoft.VSTS.Scheduling.Size",
    ),
    "severity": ("Microsoft.VSTS.Common.Severity",),
    "found_in": ("Microsoft.VSTS.CMMI.FoundInEnvironment", "Environment", "Found In Environment", "Found In"),
}
"""Reference names or names, in the order in which they are tried. Points come from the backlog configuration first."""

DESCRIPTIONS = frozenset({"System.Description", "Microsoft.VSTS.TCM.ReproSteps"})
"""What people write of an item; bugs of most processes have the second."""

_LONG_TYPES = frozenset({"html", "history", "plaintext"})

BOOKKEEPING = frozenset(
    {
        "System.AreaId",
        "System.AttachedFileCount",
        "System.AuthorizedAs",
        "System.AuthorizedDate",
        "System.BISLinks",
        "System.CommentCount",
        "System.ExternalLinkCount",
        "System.History",
        "System.HyperLinkCount",
        "System.Id",
        "System.IterationId",
        "System.NodeName",
        "System.NodeType",
        "System.PersonId",
        "System.ProjectId",
        "System.RelatedLinkCount",
        "System.RemoteLinkCount",
        "System.Rev",
        "System.RevisedDate",
        "System.Watermark",
        *(f"System.{tree}Level{level}" for tree in ("Area", "Iteration") for level in range(1, 15)),
    }
)
"""Fields that the tracker derives from others or counts up itself; nobody changes them, and they are not kept.

`RevisedDate` is even rewritten later.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCatalogue:
    """What is known of the organisation's fields."""

    infos: Mapping[str, FieldInfo]
    identities: frozenset[str]
    dropped: frozenset[str]
    """Fields that are not kept: bookkeeping and long texts (which the feed leaves out, but single items give)."""

    @property
    def has_parent(self) -> bool:
        """Whether items name their parent; Server 2019 tells it by links only."""
        return PARENT in self.infos

    def name(self, reference: str) -> str:
        """The field's own name."""
        info = self.infos.get(reference)
        return info.name if info else reference

    def find(self, wanted: str) -> str | None:
        """The reference name of a field given by reference name or name, without regard to case."""
        lowered = wanted.lower()
        by_reference = (each for each in self.infos if each.lower() == lowered)
        by_name = (each for each, info in self.infos.items() if info.name.lower() == lowered)
        return next(by_reference, None) or next(by_name, None)


def catalogue(infos: Iterable[FieldInfo], *, with_texts: bool = False) -> FieldCatalogue:
    """The fields as the tracker lists them, ready for look-ups; `with_texts`: descriptions are kept."""
    known = {info.reference_name: info for info in infos}
    long_texts = {ref for ref, info in known.items() if (info.type or "").lower() in _LONG_TYPES} - {"System.Tags"}
    return FieldCatalogue(
        infos=known,
        identities=WELL_KNOWN | {ref for ref, info in known.items() if info.is_identity},
        dropped=BOOKKEEPING | (long_texts - DESCRIPTIONS if with_texts else long_texts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFields:
    """The field of each role for a project, with the reason; a role without a field is left out."""

    references: Mapping[str, str]
    evidence: Mapping[str, str]


def configured_roles(
    fields: FieldCatalogue, wanted: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Role → reference names for what the config says, and a sentence for each field that does not exist."""
    found: dict[str, list[str]] = {}
    problems: list[str] = []
    for role, names in wanted.items():
        for name in names:
            reference = fields.find(name)
            if reference is None:
                near = difflib.get_close_matches(name, [info.name for info in fields.infos.values()], n=1)
                hint = f"; did you mean '{near[0]}'?" if near else "; use its name or its reference name"
                problems.append(f"fields.{role}: there is no field '{name}'{hint}")
            else:
                found.setdefault(role, []).append(reference)
    return found, problems


def project_roles(
    fields: FieldCatalogue, configured: Mapping[str, Sequence[str]], effort: str | None, present: frozenset[str]
) -> RoleFields:
    """Which field plays which role in a project whose types have the fields `present` (empty: not known).

    A configured field that no type of the project has gives way: processes of one organisation estimate differently.
    """
    references: dict[str, str] = {}
    evidence: dict[str, str] = {}
    for role in ROLES:
        for candidate, reason in _candidates(role, configured, effort):
            reference = fields.find(candidate)
            if reference is not None and (not present or reference in present or candidate == effort):
                references[role], evidence[role] = reference, reason
                break
    return RoleFields(references=references, evidence=evidence)


def _candidates(role: str, configured: Mapping[str, Sequence[str]], effort: str | None) -> Iterable[tuple[str, str]]:
    for name in configured.get(role, ()):
        yield name, "configured"
    if role == "story_points" and effort:
        yield effort, "effort field of the backlog configuration"
    for name in DEFAULTS[role]:
        yield name, f"the usual field '{name}'"


def choices(fields: FieldCatalogue, by_project: Mapping[str, RoleFields]) -> list[FieldChoice]:
    """For each role, the fields that the projects use, and where each comes from."""
    found: list[FieldChoice] = []
    for role in ROLES:
        using: dict[str, list[str]] = {}
        for project, roles in by_project.items():
            if role in roles.references:
                using.setdefault(roles.references[role], []).append(f"{project}: {roles.evidence[role]}")
        name = ", ".join(fields.name(reference) for reference in using)
        evidence = "; ".join(f"{fields.name(ref)} ({', '.join(where)})" for ref, where in using.items())
        found.append(FieldChoice(role=role, native_ids=tuple(using), name=name, evidence=evidence or "no field found"))
    return found
