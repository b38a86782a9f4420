"""Two successive snapshots of a work item → what changed between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from connectors.azure_devops.mapping.identities import display_name, user_key
from connectors.azure_devops.mapping.snapshots import (
    PROJECT,
    REASON,
    RESOLVED_REASON,
    STATE,
    TYPE,
    Context,
    Snapshot,
    instant,
    is_blocked,
    plain,
    resolution,
)
from connectors.azure_devops.mapping.structure import ProjectModel
from warehouse.records import IssueChange, qualified_id

_AUTHORSHIP = frozenset({"System.ChangedDate", "System.ChangedBy"})
_DECIDES_RESOLUTION = frozenset({PROJECT, REASON, RESOLVED_REASON, STATE, TYPE})


class _Difference(NamedTuple):
    field: str
    reference: str | None
    before: object
    after: object


def changes(context: Context, item_id: int, before: Snapshot, after: Snapshot) -> list[IssueChange]:
    """One row for each field that differs, in the order of reference names; `before` is the revision just before.

    The row `resolution` is derived, see `snapshots.resolution`; the raw reasons have rows of their own.
    """
    then = context.organisation.model(before.fields.get(PROJECT, ""))
    now = context.organisation.model(after.fields.get(PROJECT, ""))
    rows: list[IssueChange] = []
    moment = instant(after.fields["System.ChangedDate"])
    author = after.fields.get("System.ChangedBy")
    author_id = qualified_id(context.source_id, user_key(author)) if author else None
    for each in _differences(context, before.fields, after.fields, then, now):
        from_value, from_text = _shown(context, each, each.before, before)
        to_value, to_text = _shown(context, each, each.after, after)
        if from_value == to_value or (each.field == "area" and before.area == after.area is not None):
            continue  # the same person, node or number, written in another way
        rows.append(
            IssueChange(
                change_id=f"{context.source_id}:{item_id}:{after.rev}:{len(rows)}",
                issue_id=qualified_id(context.source_id, item_id),
                entry_number=after.rev,
                ordinal=len(rows),
                changed_at=moment,
                author_id=author_id,
                field=each.field,
                field_id=qualified_id(context.source_id, each.reference) if each.reference else None,
                from_value=from_value,
                from_text=from_text,
                to_value=to_value,
                to_text=to_text,
            )
        )
    return rows


def _differences(
    context: Context, old: dict[str, Any], new: dict[str, Any], then: ProjectModel, now: ProjectModel
) -> Iterable[_Difference]:
    differing = {reference for reference, value in new.items() if old.get(reference) != value}
    differing.update(old.keys() - new.keys())
    differing -= _AUTHORSHIP
    same_names = then.names is now.names or then.names == now.names
    if same_names:
        for reference in sorted(differing):
            field = now.names.get(reference) or context.fields.name(reference)
            yield _Difference(field, reference, old.get(reference), new.get(reference))
    else:
        yield from _after_move(context, old, new, then, now)
    if not differing.isdisjoint(_DECIDES_RESOLUTION):
        yield _Difference("resolution", None, resolution(old, then), resolution(new, now))


def _after_move(
    context: Context, old: dict[str, Any], new: dict[str, Any], then: ProjectModel, now: ProjectModel
) -> Iterable[_Difference]:
    """Between projects that estimate in different fields, what plays one role is compared, whatever it is called."""
    was = {then.names.get(reference, reference): (reference, value) for reference, value in old.items()}
    is_ = {now.names.get(reference, reference): (reference, value) for reference, value in new.items()}
    for key in sorted((was.keys() | is_.keys()) - _AUTHORSHIP):
        reference, after = is_.get(key, (None, None))
        former, before = was.get(key, (None, None))
        if before != after:
            known = reference or former
            yield _Difference(context.fields.name(key), known, before, after)


def _shown(context: Context, each: _Difference, value: Any, side: Snapshot) -> tuple[str | None, str | None]:  # noqa: ANN401
    """A value as the tracker identifies it, and as people read it."""
    text = plain(value)
    if text is None or (each.field == "flagged" and not is_blocked(value)):
        return None, None
    if each.field == "sprint":
        return side.iteration or text, text
    if each.field == "project":
        return context.organisation.model(text).project_id or text, text
    if each.reference in context.fields.identities:
        return user_key(text), display_name(text)
    return text, text
