"""Azure DevOps' answers → records; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.azure_devops.gateway.answers import FieldInfo, Project
from connectors.azure_devops.mapping.fields import PARENT
from connectors.azure_devops.mapping.identities import display_name, user_key
from connectors.azure_devops.mapping.snapshots import (
    AREA,
    ITERATION,
    LONGEST_NAME,
    PROJECT,
    STATE,
    TYPE,
    Context,
    Snapshot,
    encode,
    instant,
    is_blocked,
    plain,
    resolution,
)
from connectors.azure_devops.mapping.structure import ProjectModel
from connectors.quantity import finite
from warehouse import records
from warehouse.records import qualified_id

_IN_COLUMNS = frozenset(
    {
        PROJECT,
        TYPE,
        STATE,
        ITERATION,
        AREA,
        "Microsoft.VSTS.Common.Priority",
        "Microsoft.VSTS.Scheduling.DueDate",
        "Microsoft.VSTS.Scheduling.OriginalEstimate",
        "System.AssignedTo",
        "System.ChangedBy",
        "System.ChangedDate",
        "System.CreatedBy",
        "System.CreatedDate",
        "System.IsDeleted",
        PARENT,
        "System.Tags",
        "System.Title",
    }
)
_CLOSED = "Microsoft.VSTS.Common.ClosedDate"
_RESOLVED = "Microsoft.VSTS.Common.ResolvedDate"


def project(source_id: str, each: Project) -> records.Project:
    """A project; its name is its key."""
    return records.Project(
        project_id=qualified_id(source_id, each.id), source_id=source_id, key=each.name, name=each.name
    )


def project_of(source_id: str, model: ProjectModel) -> records.Project:
    """A project from its model."""
    return records.Project(
        project_id=_project_id(source_id, model), source_id=source_id, key=model.name, name=model.name
    )


def field(source_id: str, info: FieldInfo, role: str | None) -> records.Field:
    """A field and the role it plays."""
    return records.Field(
        field_id=qualified_id(source_id, info.reference_name),
        source_id=source_id,
        name=info.name,
        kind=info.type,
        role=role,
    )


def issue_types(source_id: str, model: ProjectModel) -> list[records.IssueType]:
    """The types of a project: one row per project and type, since processes differ."""
    return [
        records.IssueType(
            issue_type_id=f"{source_id}:{model.project_id}:{each.name}",
            source_id=source_id,
            name=each.name,
            level=model.level(each.name),
        )
        for each in model.types
    ]


def statuses(source_id: str, model: ProjectModel) -> list[records.Status]:
    """The states of a project: one row per project, type and state, since the category differs by type."""
    return [status(source_id, model, type_, state) for type_, state in model.categories]


def status(source_id: str, model: ProjectModel, type_: str, state: str) -> records.Status:
    """A state of a type; without a category where the process does not have it (any more)."""
    return records.Status(
        status_id=status_id(source_id, model, type_, state),
        source_id=source_id,
        project_id=_project_id(source_id, model),
        issue_type=type_,
        name=state,
        category=model.categories.get((type_, state)),
    )


def status_id(source_id: str, model: ProjectModel, type_: str, state: str) -> str:
    """`<source>:<project id>:<type>:<state>`."""
    return f"{source_id}:{model.project_id or model.name}:{type_}:{state}"


def issue(context: Context, item_id: int, newest: Snapshot, *, in_scope: bool) -> records.Issue:
    """The work item as its newest revision has it."""
    source_id, fields = context.source_id, newest.fields
    model = context.organisation.model(fields.get(PROJECT, ""))
    type_, state = fields.get(TYPE, ""), fields.get(STATE, "")
    updated_at = newest.changed_at
    deleted = plain(fields.get("System.IsDeleted")) not in {None, "false", "0", "False"}
    roles = model.roles.references
    return records.Issue(
        issue_id=qualified_id(source_id, item_id),
        source_id=source_id,
        project_id=_project_id(source_id, model),
        key=str(item_id),
        url=f"{context.url}/_workitems/edit/{item_id}",  # without the project: it stays right after a move or rename
        issue_type=type_,
        level=model.level(type_),
        summary=fields.get("System.Title", ""),
        status_id=status_id(source_id, model, type_, state),
        status=state,
        priority=plain(fields.get("Microsoft.VSTS.Common.Priority")),
        severity=plain(fields.get(roles.get("severity", ""))),
        resolution=resolution(fields, model),
        assignee_id=_user_id(source_id, fields.get("System.AssignedTo")),
        reporter_id=_user_id(source_id, fields.get("System.CreatedBy")),
        parent_id=None if newest.parent is None else qualified_id(source_id, newest.parent),
        story_points=finite(fields.get(roles.get("story_points", ""))),
        original_estimate_seconds=_seconds(fields.get("Microsoft.VSTS.Scheduling.OriginalEstimate")),
        found_in=plain(fields.get(roles.get("found_in", ""))),
        created_at=_instant(fields.get("System.CreatedDate")) or updated_at,
        updated_at=updated_at,
        resolved_at=_instant(fields.get(_CLOSED) or fields.get(_RESOLVED)),
        due_on=_day(fields.get("Microsoft.VSTS.Scheduling.DueDate"), context.time_zone),
        deleted_at=updated_at if deleted else None,
        absence="deleted" if deleted else None if in_scope else "moved_away",
        sprint_ids=newest.iteration or fields.get(ITERATION),
        area_path=model.areas.current.get(newest.area or "") or fields.get(AREA),
        is_flagged=is_blocked(fields.get("Microsoft.VSTS.CMMI.Blocked")),
        custom_fields=_custom_fields(context, fields),
    )


def issue_snapshot(context: Context, item_id: int, newest: Snapshot) -> records.IssueSnapshot:
    """The newest revision, with which the next one will be compared."""
    return records.IssueSnapshot(
        issue_id=qualified_id(context.source_id, item_id),
        source_id=context.source_id,
        revision=newest.rev,
        content=encode(newest),
    )


def labels(context: Context, item_id: int, newest: Snapshot) -> list[records.IssueLabel]:
    """The item's tags."""
    issue_id = qualified_id(context.source_id, item_id)
    tags = [tag.strip() for tag in newest.fields.get("System.Tags", "").split(";")]
    if any(len(tag) > LONGEST_NAME for tag in tags):
        raise ValueError("a tag is too long")
    return [
        records.IssueLabel(issue_label_id=f"{issue_id}:{tag}", issue_id=issue_id, label=tag)
        for tag in dict.fromkeys(tags)
        if tag
    ]


def people(context: Context, snapshots: Iterable[Snapshot]) -> dict[str, None]:
    """Everyone whom the snapshots name, in order, as texts. Raises `TypeError` for what is nobody's name."""
    found: dict[str, None] = {}
    for each in snapshots:
        for reference in context.fields.identities & each.fields.keys():
            found[each.fields[reference]] = None
    if any(type(name) is not str or len(name) > LONGEST_NAME for name in found):
        raise TypeError("a person has no name, or one that is too long")
    return found


def _custom_fields(context: Context, fields: Mapping[str, Any]) -> str:
    identities = context.fields.identities
    named: dict[str, Any] = {}
    for reference in sorted(fields.keys() - _IN_COLUMNS):
        value = fields[reference]
        name = context.fields.name(reference)
        shown = display_name(str(value)) if reference in identities else value
        named[f"{name} ({reference})" if name in named else name] = shown
    return msgspec.json.encode(dict(sorted(named.items()))).decode()


def _project_id(source_id: str, model: ProjectModel) -> str:
    return qualified_id(source_id, model.project_id or model.name)


def _user_id(source_id: str, identity: str | None) -> str | None:
    return qualified_id(source_id, user_key(identity)) if identity else None


def _seconds(hours: object) -> int | None:
    number = finite(hours)
    if number is None:
        return None
    seconds = round(number * 3600)
    if not -(2**31) <= seconds < 2**31:
        raise ValueError(f"an estimate of {number} hours")
    return seconds


def _instant(text: str | None) -> datetime | None:
    return instant(text) if text else None


def _day(text: str | None, zone: ZoneInfo) -> date | None:
    """A day kept as an instant: midnight in UTC when set by a program, midnight of the person's zone by hand."""
    moment = _instant(text)
    if moment is None:
        return None
    return moment.date() if moment.time() == time() else moment.astimezone(zone).date()
