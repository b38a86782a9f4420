"""Counts what a look round tells of an organisation: items by project, and by each field that could play a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.azure_devops.gateway.answers import FieldInfo, Project
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.gateway.queries import WINDOW, at, text
from connectors.azure_devops.mapping.fields import DEFAULTS, FieldCatalogue
from connectors.azure_devops.mapping.structure import ProjectModel
from connectors.base import FieldCandidate
from connectors.errors import SourceError
from connectors.http.flight import in_order
from connectors.plausible import (
    LONGEST_LIST,
    MOST_A_ROLE,
    MOST_PLACES,
    MOST_PROJECTS,
    MOST_SPLIT,
    ROLES,
    Counted,
    likeliest_first,
    sounds_like,
    with_places,
)

MOST_FOUND = WINDOW
"""Azure DevOps refuses a query that finds more, so that a count ends here."""
_NUMBERS = frozenset({"double", "integer", "picklistdouble", "picklistinteger"})
_CHOSEN_FROM = frozenset({"string", "picklistinteger", "pickliststring"})


@dataclass(frozen=True, slots=True)
class _Plausible:
    """A field that could play a role."""

    role: str
    reference: str
    evidence: str


def count_items(
    gateway: Gateway,
    projects: Sequence[Project],
    models: Sequence[ProjectModel],
    fields: FieldCatalogue,
    chosen: Mapping[str, Sequence[str]],
    width: int,
) -> Counted:
    """Items of the scope by project, and how many fill each plausible field; `chosen` are the fields by role as it is.

    At most a hundred queries or so. What the organisation does not count is None, with a note.
    """
    return _Count(gateway, projects, width).all(models, fields, chosen)


def plausible(
    role: str, fields: FieldCatalogue, models: Iterable[ProjectModel], chosen: Sequence[str]
) -> list[_Plausible]:
    """The fields that could play the role, those that are chosen without being asked first; a handful at most."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for model in models:
        if role in model.roles.references:
            reason = model.roles.evidence[role].partition(" '")[0]  # the name stands beside it anyway
            reasons.setdefault(model.roles.references[role], {}).setdefault(reason, []).append(model.name)
    usual = [reference for name in DEFAULTS[role] if (reference := fields.find(name)) is not None]
    known = {reference: _why(reason) for reference, reason in reasons.items()}
    named = {
        reference: "a number, by its name" if role == "story_points" else "text, by its name"
        for reference, info in fields.infos.items()
        if _fits(role, info) and sounds_like(role, [info.name])
    }
    order = dict.fromkeys([*chosen, *known, *usual, *named])
    fitting = [r for r in order if r in known or r in chosen or _fits(role, fields.infos[r])]
    return [_Plausible(role, r, known.get(r) or named.get(r, "the usual field")) for r in fitting][:MOST_A_ROLE]


def _why(reasons: Mapping[str, Sequence[str]]) -> str:
    """`effort field of the backlog configuration (Fab, Old)`."""
    return "; ".join(f"{reason} ({', '.join(_short(names))})" for reason, names in reasons.items())


def _short(names: Sequence[str], most: int = 3) -> list[str]:
    return [*names[:most], *([f"{len(names) - most:,} more"] if len(names) > most else [])]


def _fits(role: str, info: FieldInfo) -> bool:
    kind = (info.type or "").casefold()
    if info.is_identity or info.reference_name.startswith("System."):
        return False
    return kind in (_NUMBERS if role == "story_points" else _CHOSEN_FROM)


class _Count:
    """One round of counting: several queries at once, what fails is noted once."""

    def __init__(self, gateway: Gateway, projects: Sequence[Project], width: int) -> None:
        self._gateway = gateway
        self._projects = projects
        self._width = width
        self._refused: list[str] = []
        anywhere = " OR ".join(_in(project) for project in projects)
        self._scope = [f"({anywhere})"] if len(projects) <= LONGEST_LIST else []

    def all(
        self, models: Sequence[ProjectModel], fields: FieldCatalogue, chosen: Mapping[str, Sequence[str]]
    ) -> Counted:
        if not self._projects:
            return Counted()
        some = self._projects[:MOST_PROJECTS]
        told = self._counts([[_in(project)] for project in some])
        by_project = {p.id: number for p, number in zip(some, told, strict=True) if number is not None}
        asked = sum(by_project.values()) if len(by_project) == len(self._projects) else None
        wanted = [p for role in ROLES for p in plausible(role, fields, models, chosen.get(role, ()))]
        filled = self._counts([[*self._scope, _filled(each.reference)] for each in wanted])
        counted = [
            FieldCandidate(
                role=each.role,
                native_id=each.reference,
                name=fields.name(each.reference),
                filled=number,
                asked=asked,
                evidence=each.evidence,
            )
            for each, number in zip(wanted, filled, strict=True)
        ]
        split = [c for role in ROLES for c in self._by_project(role, counted, chosen.get(role, ()), by_project)]
        return Counted(by_project=by_project, candidates=tuple(split), notes=self._notes(by_project, len(some)))

    def _by_project(
        self, role: str, counted: Sequence[FieldCandidate], chosen: Sequence[str], sizes: Mapping[str, int]
    ) -> list[FieldCandidate]:
        """The role's candidates, likeliest first; where several are filled, those in front say in which projects."""
        ordered = likeliest_first((each for each in counted if each.role == role), chosen)
        several = sum(1 for each in ordered if each.filled) > 1 and len(self._projects) > 1
        if not several:  # nothing to tell apart
            return ordered
        places = sorted(self._projects, key=lambda project: -sizes.get(project.id, 0))[:MOST_PLACES]
        asked = [(each, place) for each in ordered[:MOST_SPLIT] if each.filled for place in places]
        clauses = [[_in(place), _filled(each.native_id)] for each, place in asked]
        found: dict[str, dict[str, int]] = {}
        for (each, place), number in zip(asked, self._counts(clauses), strict=True):
            if number is not None:
                found.setdefault(each.native_id, {})[place.name] = number
        return [
            replace(each, by_project=found[each.native_id], evidence=with_places(each.evidence, found[each.native_id]))
            if each.native_id in found
            else each
            for each in ordered
        ]

    def _counts(self, clauses: Sequence[Sequence[str]]) -> list[int | None]:
        return list(in_order(self._gateway.pool, self._count, clauses, self._width))

    def _count(self, conditions: Sequence[str]) -> int | None:
        try:
            return len(self._gateway.query(text(conditions), MOST_FOUND))
        except SourceError as error:
            self._refused.append(str(error))
            return None

    def _notes(self, by_project: Mapping[str, int], counted: int) -> tuple[str, ...]:
        notes = []
        if left := len(self._projects) - counted:
            notes.append(f"the items of {left:,} more project(s) were not counted")
        if any(number >= MOST_FOUND for number in by_project.values()):
            notes.append(f"a count of {MOST_FOUND:,} means that many at least: no query finds more")
        if self._refused:
            notes.append(f"{len(self._refused):,} count(s) were refused, e.g. {self._refused[0]}")
        return tuple(notes)


def _in(project: Project) -> str:
    return at("System.TeamProject", project.name)


def _filled(reference: str) -> str:
    return f"[{reference}] <> ''"
