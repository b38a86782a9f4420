"""Tells which issue type is the one of epics, where the tracker knows no heights of types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from connectors.errors import UnexpectedResponse
from connectors.jira.gateway import answers
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.mapping.fields import FieldMap

_EPIC = "epic"
_EPIC_NAME = "com.pyxis.greenhopper.jira:gh-epic-label"
_PORTFOLIO = 1


class _Typed(msgspec.Struct):
    issuetype: answers.IssueType


def with_epics(
    types: Sequence[answers.IssueType], dialect: Dialect, fields: Callable[[], FieldMap]
) -> list[answers.IssueType]:
    """The types, those of epics with a height: those called Epic, else the type of issues that have an Epic Name.

    Nothing is asked where all types tell their heights or one is called Epic.
    """
    if not dialect.links_epics_by_key or all(item.hierarchy_level is not None for item in types):
        return list(types)
    epics = {item.id for item in types if item.name.casefold() == _EPIC}
    epics = epics or _type_with_epic_names(dialect, fields())
    return [
        msgspec.structs.replace(item, hierarchy_level=_PORTFOLIO) if item.id in epics and not item.subtask else item
        for item in types
    ]


def _type_with_epic_names(dialect: Dialect, fields: FieldMap) -> set[str]:
    """The type of the newest issue that has an Epic Name, if there is one."""
    for native in (field.id for field in fields.fields if field.schema and field.schema.custom == _EPIC_NAME):
        clause = f"cf[{native.rpartition('_')[2]}] is not EMPTY"
        try:
            found = dialect.edge(clause, "created DESC", "issuetype")
        except UnexpectedResponse as error:
            if error.status != 400:  # noqa: PLR2004 - the field cannot be searched
                raise
            continue
        if found is not None:
            return {_type_of(found)}
    return set()


def _type_of(found: answers.FoundIssue) -> str:
    try:
        return msgspec.json.decode(found.fields, type=_Typed).issuetype.id
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnexpectedResponse(f"issue {found.key or found.id} has no readable type: {error}") from error
