"""What `check` and `init` show of a Jira site: what is visible, which field plays which role, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from connectors.base import FieldChoice, Seen, Survey
from connectors.errors import AuthenticationError, NotFound, PermissionMissing, SourceError, UnexpectedResponse
from connectors.groups import look_at_groups
from connectors.jira.gateway import answers
from connectors.jira.gateway.inquiry import Inquiry
from connectors.jira.gateway.scopes import BOARDS, FIELDS, PROJECTS, STATUSES, TYPES, Family, lacks_scope
from connectors.jira.mapping.fields import FieldMap, choose_fields
from connectors.jira.pulling.groups import members
from connectors.jira.pulling.site import Boards, Projects, Site
from connectors.jira.survey.candidates import count_issues, estimating_boards
from connectors.jira.survey.permissions import no_licence, rights, token_expiry
from connectors.plausible import Counted

T = TypeVar("T")

_NO_STATUSES: tuple[answers.Status, ...] = ()
_NO_TYPES: tuple[answers.IssueType, ...] = ()


@dataclass(frozen=True, slots=True)
class _Findings:
    """What the parts of the look found amiss."""

    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def part(self, family: Family, read: Callable[[], T], without: T) -> T:
        """The part, or `without` and a problem where the site refuses it; a refused login or an outage is raised."""
        try:
            return read()
        except (PermissionMissing, NotFound, UnexpectedResponse) as error:
            if lacks_scope(str(error)):
                self.missing.append(family.scopes_missing())
            self.problems.append(f"{family.what} cannot be read: {error}")
        return without


def survey(site: Site, inquiry: Inquiry) -> Survey:
    """Look round without writing anything. What only the look asks and is not told becomes a note."""
    found = _Findings()
    projects = found.part(PROJECTS, lambda: site.projects, Projects(()))
    boards = found.part(BOARDS, lambda: site.boards, Boards(is_open=False))
    fields = found.part(FIELDS, lambda: _fields(site, boards), choose_fields([], {}, []))
    statuses = found.part(STATUSES, lambda: site.statuses, _NO_STATUSES)
    types = found.part(TYPES, lambda: site.issue_types, _NO_TYPES)
    if not boards.is_open and boards.notes:
        found.missing.append(no_licence(boards.notes[0]))
    counted = _counted(site, projects.found, fields, estimating_boards(boards), found)
    held = rights(site, inquiry, projects.found, boards.found)
    expiry = token_expiry(site, inquiry)
    groups, group_notes, group_problems = look_at_groups(site.settings.groups, partial(members, site))
    return Survey(
        seen=(*_seen(projects.found, boards.found, statuses, types, fields, counted.by_project), *groups),
        fields=tuple(_named(choice, fields) for choice in fields.choices),
        candidates=counted.candidates,
        missing_permissions=tuple(dict.fromkeys([*found.missing, *held.missing])),
        token_expires_at=expiry.at,
        token_note=expiry.note,
        problems=(
            *(*found.problems, *projects.problems, *boards.problems, *fields.problems),
            *(*held.problems, *group_problems),
        ),
        notes=(*boards.notes, *found.notes, *counted.notes, *held.notes, *group_notes),
    )


def _fields(site: Site, boards: Boards) -> FieldMap:
    """The site's choice of fields; without its boards, which may be what the token has no scope for."""
    return site.fields if boards.is_open else choose_fields(site.gateway.fields(), site.settings.fields, [])


def _counted(
    site: Site, projects: Sequence[answers.Project], fields: FieldMap, boards: Mapping[str, int], found: _Findings
) -> Counted:
    try:
        return count_issues(site, projects, fields, boards)
    except AuthenticationError:
        raise
    except SourceError as error:
        found.notes.append(f"issues were not counted: {error}")
    return Counted()


def _seen(
    projects: Sequence[answers.Project],
    boards: Sequence[answers.Board],
    statuses: Sequence[answers.Status],
    types: Sequence[answers.IssueType],
    fields: FieldMap,
    counts: Mapping[str, int],
) -> Iterator[Seen]:
    for project in projects:
        number = counts.get(project.id)
        yield Seen(what="project", native_id=project.id, name=project.key, detail=project.name, issues=number)
    for board in boards:
        yield Seen(what="board", native_id=str(board.id), name=board.name, detail=board.type)
    for status in statuses:
        category = status.status_category.key if status.status_category else ""
        yield Seen(what="status", native_id=status.id, name=status.name, detail=category)
    for issue_type in types:
        yield Seen(what="issue type", native_id=issue_type.id, name=issue_type.name)
    for each in fields.fields:
        kind = each.schema.custom or each.schema.type if each.schema else ""
        yield Seen(what="field", native_id=each.id, name=fields.names[each.id], detail=kind)


def _named(choice: FieldChoice, fields: FieldMap) -> FieldChoice:
    """The choice with the names of its fields as they are shown here."""
    shown = ", ".join(fields.names[i] for i in choice.native_ids)
    return FieldChoice(
        role=choice.role, native_ids=choice.native_ids, name=shown or choice.name, evidence=choice.evidence
    )
