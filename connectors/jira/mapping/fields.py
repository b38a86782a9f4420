"""Which of a site's fields plays which role, what each is called here, and the evidence for the choice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.base import FieldChoice
from connectors.jira.gateway import answers

_GREENHOPPER = "com.pyxis.greenhopper.jira:"
_CUSTOM_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_SPRINT = _GREENHOPPER + "gh-sprint"
ESTIMATE = _GREENHOPPER + "jsw-story-points"
_TYPES_BY_ROLE = {
    "sprint": (_SPRINT,),
    "epic_link": (_GREENHOPPER + "gh-epic-link",),
    "parent": ("com.atlassian.jpo:jpo-custom-field-parent",),
    "team": ("com.atlassian.teams:rm-teams-custom-field-team", "com.atlassian.jpo:jpo-custom-field-team"),
    "rank": (_GREENHOPPER + "gh-lexo-rank", _GREENHOPPER + "gh-global-rank"),
}
_POINT_NAMES = ("story points", "story point estimate")
_SEVERITY_NAMES = ("severity", "bug severity", "defect severity")
_FOUND_IN_NAMES = ("found in", "found in environment", "environment", "detected in", "environment found", "found by")
CHOSEN_FROM = tuple(
    _CUSTOM_TYPES + kind for kind in ("select", "multiselect", "radiobuttons", "multicheckboxes", "cascadingselect")
)

SYSTEM_CHANGES: Mapping[str, str] = {
    "status": "status",
    "assignee": "assignee",
    "reporter": "reporter",
    "priority": "priority",
    "resolution": "resolution",
    "issuetype": "type",
    "project": "project",
    "summary": "summary",
    "labels": "labels",
    "fixversions": "fix_versions",
    "fix version": "fix_versions",
    "versions": "affects_versions",
    "version": "affects_versions",
    "components": "components",
    "component": "components",
    "issuelinks": "link",
    "link": "link",
    "duedate": "due",
    "timeoriginalestimate": "original_estimate",
    "parent": "parent",
    "issueparentassociation": "parent",
    "epic link": "parent",
    "parent link": "parent",
    "issuekey": "key",
    "key": "key",
    "sprint": "sprint",
    "flagged": "flagged",
}
"""Id or name of a field in a history item, in lower case → the one name it has across trackers."""

_CHANGES_BY_ROLE = {
    "sprint": "sprint",
    "epic_link": "parent",
    "parent": "parent",
    "flagged": "flagged",
    "team": "team",
    "severity": "severity",
    "found_in": "found_in",
}
_OURS = frozenset({*SYSTEM_CHANGES.values(), "story_points", "severity", "found_in", "team"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """The fields of a site, as the mapping needs them."""

    fields: tuple[answers.Field, ...]
    names: Mapping[str, str]
    """Id → name in `custom_fields` and in changes; no two fields have one name."""
    ids_by_name: Mapping[str, tuple[str, ...]]
    """Name in lower case → ids of custom fields."""
    roles: Mapping[str, str]
    """Id → role."""
    choices: tuple[FieldChoice, ...]
    by_role: Mapping[str, tuple[str, ...]]
    """Role → ids, in order of preference."""
    points_by_project: Mapping[str, tuple[str, ...]]
    """Project id → fields of story points in order of preference, where it differs from the general order."""
    problems: tuple[str, ...]

    @property
    def of_people(self) -> frozenset[str]:
        """Ids of the fields that hold a person or several, and the names of those that have one of their own."""
        found = [one for one in self.fields if _holds_people(one)]
        return frozenset({one.id for one in found} | {self.names[one.id] for one in found})

    def ids(self, role: str) -> tuple[str, ...]:
        """The fields that play a role, in order of preference."""
        return self.by_role.get(role, ())

    def points(self, project_id: str) -> tuple[str, ...]:
        """The fields that hold story points in a project, in order of preference."""
        return self.points_by_project.get(project_id, self.ids("story_points"))

    def changes(self) -> dict[str, str]:
        """Id of a custom field → name of its changes, where its role gives it one; story points depend on the issue."""
        return {i: _CHANGES_BY_ROLE[role] for i, role in self.roles.items() if role in _CHANGES_BY_ROLE}


def choose_fields(
    fields: Iterable[answers.Field],
    configured: Mapping[str, Sequence[str]],
    estimated_by: Sequence[tuple[str | None, str]],
) -> FieldMap:
    """Give each role its fields: as configured (name or id), else by type and name.

    `estimated_by` tells of each board the project it lives in and the field that it estimates with.
    A configured field that is not there becomes a problem.
    """
    known = sorted(fields, key=_age)
    problems: list[str] = []
    choices = [_configured(known, role, wanted, problems) for role, wanted in configured.items()]
    done = {choice.role for choice in choices}
    choices += [choice for choice in _proposals(known, estimated_by) if choice.role not in done]
    points = next((choice for choice in choices if choice.role == "story_points"), None)
    return FieldMap(
        fields=tuple(known),
        names=_distinct_names(known),
        ids_by_name=_by_name(field for field in known if field.custom),
        roles={i: choice.role for choice in reversed(choices) for i in choice.native_ids},
        choices=tuple(choices),
        by_role={choice.role: choice.native_ids for choice in choices},
        points_by_project=_points_by_project(known, points, estimated_by, fixed="story_points" in done),
        problems=tuple(problems),
    )


def _age(field: answers.Field) -> tuple[bool, int, str]:
    """System fields first, custom ones in the order in which they were made."""
    digits = field.id.rpartition("_")[2]
    return field.custom, int(digits) if digits.isdecimal() else 0, field.id


def _custom_type(field: answers.Field) -> str:
    return (field.schema.custom if field.schema else None) or ""


def _holds_people(field: answers.Field) -> bool:
    schema = field.schema
    if schema is None:
        return False
    return "user" in {schema.type, schema.items} or "userpicker" in _custom_type(field).casefold()


def _is_number(field: answers.Field) -> bool:
    return field.schema is not None and field.schema.type == "number"


def _called(field: answers.Field) -> tuple[str, ...]:
    """Its names in lower case, shown and original."""
    return tuple({name.casefold() for name in (field.name, field.untranslated_name) if name})


def _by_name(fields: Iterable[answers.Field]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for field in fields:
        for name in _called(field):
            found[name] = (*found.get(name, ()), field.id)
    return found


def _distinct_names(fields: Sequence[answers.Field]) -> dict[str, str]:
    """The first field of a name keeps it; later ones, and those that sound like a name of ours, show their id too."""
    names: dict[str, str] = {}
    taken = set(_OURS)
    for field in fields:
        name = field.name or field.id
        names[field.id] = name if name not in taken else f"{name} ({field.id})"
        taken.add(name)
    return names


def _configured(fields: Sequence[answers.Field], role: str, wanted: Sequence[str], problems: list[str]) -> FieldChoice:
    found = [native for name in wanted for native in _found(fields, role, name, problems)]
    return FieldChoice(role=role, native_ids=tuple(dict.fromkeys(found)), name=", ".join(wanted), evidence="configured")


def _found(fields: Sequence[answers.Field], role: str, wanted: str, problems: list[str]) -> tuple[str, ...]:
    by_id = tuple(field.id for field in fields if field.id == wanted)
    # custom fields go before system fields of that name: `Environment` means the list, not the free text
    by_name = tuple(
        field.id for field in sorted(fields, key=lambda field: not field.custom) if wanted.casefold() in _called(field)
    )
    found = by_id or by_name
    if not found:
        near = difflib.get_close_matches(wanted, [field.name for field in fields], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        problems.append(f"fields.{role}: no field has the name or id {wanted!r}{hint}")
    return found


def _proposals(fields: Sequence[answers.Field], estimated_by: Sequence[tuple[str | None, str]]) -> list[FieldChoice]:
    found = [_story_points(fields, estimated_by)]
    found.append(_named(fields, "severity", _SEVERITY_NAMES))
    found.append(_named([f for f in fields if _custom_type(f) in CHOSEN_FROM], "found_in", _FOUND_IN_NAMES))
    for role, types in _TYPES_BY_ROLE.items():
        typed = [field for field in fields if _custom_type(field) in types]
        found.append(_choice(role, typed, "type of the field"))
    flagged = [f for f in fields if _custom_type(f) == _CUSTOM_TYPES + "multicheckboxes" and "flagged" in _called(f)]
    found.append(_choice("flagged", flagged, "check boxes named Flagged"))
    return found


def _choice(role: str, fields: Sequence[answers.Field], evidence: str) -> FieldChoice:
    return FieldChoice(
        role=role,
        native_ids=tuple(field.id for field in fields),
        name=fields[0].name if fields else "",
        evidence=evidence if fields else "no field of that name or type",
    )


def _named(fields: Sequence[answers.Field], role: str, names: Sequence[str]) -> FieldChoice:
    """The custom fields that have the first of the names that any field has."""
    for name in names:
        called = [field for field in fields if field.custom and name in _called(field)]
        if called:
            return _choice(role, called, f"named {called[0].name}")
    return _choice(role, [], "")


def _story_points(fields: Sequence[answers.Field], estimated_by: Sequence[tuple[str | None, str]]) -> FieldChoice:
    by_id = {field.id: field for field in fields if _is_number(field)}
    votes: dict[str, int] = {}
    for _, field_id in estimated_by:
        if field_id in by_id:
            votes[field_id] = votes.get(field_id, 0) + 1
    estimating = sorted((by_id[i] for i in votes), key=lambda field: (-votes[field.id], *_age(field)))
    typed = [field for field in by_id.values() if _custom_type(field) == ESTIMATE]
    named = [by_id[i] for name in _POINT_NAMES for i in _by_name(by_id.values()).get(name, ())]
    found = list({field.id: field for field in (*estimating, *typed, *named)}.values())
    if estimating:
        evidence = f"{votes[estimating[0].id]} board(s) estimate with it"
    else:
        evidence = "type of the field" if typed else f"named {named[0].name}" if named else ""
    return _choice("story_points", found, evidence)


def _points_by_project(
    fields: Sequence[answers.Field],
    points: FieldChoice | None,
    estimated_by: Sequence[tuple[str | None, str]],
    *,
    fixed: bool,
) -> dict[str, tuple[str, ...]]:
    """A project's own boards go first, unless the fields are configured; fields of other projects are left out."""
    if points is None:
        return {}
    owner = {field.id: field.project_id for field in fields}
    projects = {project for project, _ in estimated_by if project} | {o for o in owner.values() if o}
    orders: dict[str, tuple[str, ...]] = {}
    for project in projects:
        own = {i for where, i in estimated_by if where == project and i in points.native_ids and not fixed}
        allowed = [i for i in points.native_ids if owner.get(i) in (None, project)]
        orders[project] = tuple(sorted(allowed, key=lambda i: i not in own))
    return orders
