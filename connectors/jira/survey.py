"""What `check` and `init` show of a Jira site: what is visible, which field plays which role, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import FieldChoice, Seen, Survey
from connectors.jira.fields import FieldMap
from connectors.jira.site import Site


def survey(site: Site) -> Survey:
    """Look round without writing anything."""
    fields, boards, projects = site.fields, site.boards, site.projects
    return Survey(
        seen=tuple(_seen(site)),
        fields=tuple(_named(choice, fields) for choice in fields.choices),
        problems=(*projects.problems, *boards.problems, *fields.problems),
        notes=boards.notes,
    )


def _seen(site: Site) -> Iterator[Seen]:
    for project in site.projects.found:
        yield Seen(what="project", native_id=project.id, name=project.key, detail=project.name)
    for board in site.boards.found:
        yield Seen(what="board", native_id=str(board.id), name=board.name, detail=board.type)
    for status in site.statuses:
        category = status.status_category.key if status.status_category else ""
        yield Seen(what="status", native_id=status.id, name=status.name, detail=category)
    for issue_type in site.issue_types:
        yield Seen(what="issue type", native_id=issue_type.id, name=issue_type.name)
    for field in site.fields.fields:
        kind = field.schema.custom or field.schema.type if field.schema else ""
        yield Seen(what="field", native_id=field.id, name=site.fields.names[field.id], detail=kind)


def _named(choice: FieldChoice, fields: FieldMap) -> FieldChoice:
    """The choice with the names of its fields as they are shown here."""
    shown = ", ".join(fields.names[i] for i in choice.native_ids)
    return FieldChoice(
        role=choice.role, native_ids=choice.native_ids, name=shown or choice.name, evidence=choice.evidence
    )
