"""Counts what a look round tells of a Jira site: issues by project, and by each field that could play a role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.base import FieldCandidate
from connectors.errors import AuthenticationError, SourceError
from connectors.http.flight import in_order
from connectors.jira.gateway import answers
from connectors.jira.mapping.fields import CHOSEN_FROM, ESTIMATE, FieldMap
from connectors.jira.pulling.site import Boards, Site
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


@dataclass(frozen=True, slots=True)
class _Plausible:
    """A field that could play a role."""

    role: str
    field: answers.Field
    evidence: str


def count_issues(
    site: Site, projects: Sequence[answers.Project], fields: FieldMap, boards: Mapping[str, int]
) -> Counted:
    """Issues of the scope by project, and how many fill each plausible field.

    `boards` are the numbers of boards by the field that they estimate with. What the site does not count is None, with
    a note; a refused login is raised.
    """
    return _Count(site, projects).all(fields, boards)


def estimating_boards(boards: Boards) -> dict[str, int]:
    """Field id → how many boards estimate with it."""
    set_ups = (boards.configurations[board.id] for board in boards.found if board.id in boards.configurations)
    estimations = (each.estimation.field for each in set_ups if each.estimation is not None)
    return dict(Counter(each.field_id for each in estimations if each is not None and each.field_id))


def plausible(role: str, fields: FieldMap, boards: Mapping[str, int]) -> list[_Plausible]:
    """The fields that could play the role, those that are chosen without being asked first; a handful at most."""
    rank = {native: place for place, native in enumerate(fields.ids(role))}
    found = [
        _Plausible(role, each, evidence)
        for each in fields.fields
        if (evidence := _evidence(role, each, boards) or ("configured" if each.id in rank else ""))
    ]
    found.sort(key=lambda it: (rank.get(it.field.id, len(rank)), _is_free_text(it.field)))
    return found[:MOST_A_ROLE]


def _evidence(role: str, each: answers.Field, boards: Mapping[str, int]) -> str:
    """Why the field could play the role; empty when it could not."""
    named = sounds_like(role, [name for name in (each.name, each.untranslated_name) if name])
    kind, custom = (each.schema.type, each.schema.custom) if each.schema else ("", None)
    if role == "story_points":
        return _evidence_of_points(each, kind, custom, boards.get(each.id, 0), named=named)
    if named and custom in CHOSEN_FROM:
        return "a list to choose from, by its name"
    is_text = kind == "string" and (each.custom or each.id == "environment")
    return "free text, by its name" if named and is_text else ""


def _evidence_of_points(each: answers.Field, kind: str, custom: str | None, boards: int, *, named: bool) -> str:
    if boards:
        return "1 board estimates with it" if boards == 1 else f"{boards} boards estimate with it"
    if custom == ESTIMATE:
        return "type of the field"
    return "a number, by its name" if named and kind == "number" and each.custom else ""


def _is_free_text(each: answers.Field) -> bool:
    return each.schema is not None and each.schema.type == "string"


def _clause(each: answers.Field) -> str:
    digits = each.id.rpartition("_")[2]
    name = f"cf[{digits}]" if each.custom and digits.isdecimal() else each.id
    return f"{name} is not EMPTY"


def _and(*clauses: str) -> str:
    return " AND ".join(clause for clause in clauses if clause)


class _Count:
    """One round of counting: several requests at once, what fails is noted once."""

    def __init__(self, site: Site, projects: Sequence[answers.Project]) -> None:
        self._site = site
        self._projects = projects
        self._refused: list[str] = []
        settings = site.settings
        units = site.units if settings.boards or settings.jql else ()
        self._query = f"({' OR '.join(unit.clause for unit in units)})" if units else ""
        listed = ", ".join(project.id for project in projects) if len(projects) <= LONGEST_LIST else ""
        self._scope = self._query or (f"project in ({listed})" if listed else "")

    def all(self, fields: FieldMap, boards: Mapping[str, int]) -> Counted:
        some = self._projects[:MOST_PROJECTS]
        told = self._counts([_and(f"project = {project.id}", self._query) for project in some])
        by_project = {p.id: number for p, number in zip(some, told, strict=True) if number is not None}
        asked = self._total(by_project)
        places = {None, *(project.id for project in self._projects)}
        wanted = [e for role in ROLES for e in plausible(role, fields, boards) if e.field.project_id in places]
        filled = self._counts([_and(self._scope, _clause(each.field)) for each in wanted])
        counted = [
            (each, self._candidate(each, fields, number, asked)) for each, number in zip(wanted, filled, strict=True)
        ]
        split = [each for role in ROLES for each in self._by_project(role, counted, fields, by_project)]
        return Counted(by_project=by_project, candidates=tuple(split), notes=self._notes(len(some)))

    def _total(self, by_project: Mapping[str, int]) -> int | None:
        if len(by_project) == len(self._projects) and not self._query:
            return sum(by_project.values())
        return self._counts([self._scope])[0] if self._scope else None

    def _candidate(self, each: _Plausible, fields: FieldMap, filled: int | None, asked: int | None) -> FieldCandidate:
        owner = each.field.project_id
        key = next((project.key for project in self._projects if project.id == owner), owner)
        return FieldCandidate(
            role=each.role,
            native_id=each.field.id,
            name=fields.names[each.field.id],
            filled=filled,
            asked=asked,
            evidence=each.evidence if owner is None else f"{each.evidence}; project {key} only",
            by_project={key: filled} if key is not None and filled is not None else {},
        )

    def _by_project(
        self,
        role: str,
        counted: Sequence[tuple[_Plausible, FieldCandidate]],
        fields: FieldMap,
        sizes: Mapping[str, int],
    ) -> list[FieldCandidate]:
        """The role's candidates, likeliest first; where several are filled, those in front say in which projects."""
        by_id = {candidate.native_id: each.field for each, candidate in counted if candidate.role == role}
        ordered = likeliest_first((candidate for _, candidate in counted if candidate.role == role), fields.ids(role))
        several = sum(1 for candidate in ordered if candidate.filled) > 1 and len(self._projects) > 1
        if not several:  # nothing to tell apart
            return ordered
        places = sorted(self._projects, key=lambda project: -sizes.get(project.id, 0))[:MOST_PLACES]
        front = [c for c in ordered if c.filled and not c.by_project][:MOST_SPLIT]
        asked = [(c, place) for c in front for place in places]
        clauses = [_and(f"project = {p.id}", self._query, _clause(by_id[c.native_id])) for c, p in asked]
        found: dict[str, dict[str, int]] = {}
        for (candidate, place), number in zip(asked, self._counts(clauses), strict=True):
            if number is not None:
                found.setdefault(candidate.native_id, {})[place.key] = number
        return [_placed(candidate, found.get(candidate.native_id, {})) for candidate in ordered]

    def _counts(self, clauses: Sequence[str]) -> list[int | None]:
        return list(in_order(self._site.pool, self._count, clauses, self._site.width))

    def _count(self, jql: str) -> int | None:
        try:
            return self._site.dialect.count(jql)
        except AuthenticationError:
            raise
        except SourceError as error:
            self._refused.append(str(error))
            return None

    def _notes(self, counted: int) -> tuple[str, ...]:
        notes = []
        if left := len(self._projects) - counted:
            notes.append(f"the issues of {left:,} more project(s) were not counted")
        if self._refused:
            notes.append(f"{len(self._refused):,} count(s) were refused, e.g. {self._refused[0]}")
        return tuple(notes)


def _placed(candidate: FieldCandidate, by_project: Mapping[str, int]) -> FieldCandidate:
    if not by_project:
        return candidate
    return replace(candidate, by_project=by_project, evidence=with_places(candidate.evidence, by_project))
