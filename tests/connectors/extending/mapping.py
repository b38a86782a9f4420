"""Answers → records. Pure: no network, no clock, no configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from tests.connectors.extending.gateway import Card, Wall
from warehouse.records import Issue, IssueChange, IssueType, Project, Record, Source, Status, User, qualified_id

KIND = "cards"
_CATEGORIES = {"queue": "new", "work": "indeterminate", "end": "done"}
"""Kind of lane → a category of `metrics/history/stages.py`."""
_FIELDS = {"lane": "status", "owner": "assignee", "size": "story_points"}
"""What the tracker calls it → the one name across trackers."""


def of_wall(source_id: str, url: str, wall: Wall) -> Iterator[Record]:
    """What cards refer to: it has to be there before them."""
    yield Source(source_id=source_id, kind=KIND, url=url)
    yield Project(project_id=qualified_id(source_id, wall.key), source_id=source_id, key=wall.key, name=wall.name)
    yield IssueType(issue_type_id=qualified_id(source_id, "Card"), source_id=source_id, name="Card", level="standard")
    for one in wall.people:
        yield User(user_id=qualified_id(source_id, one.id), source_id=source_id, display_name=one.name)
    for lane in wall.lanes:
        yield Status(
            status_id=qualified_id(source_id, lane.id),
            source_id=source_id,
            project_id=None,
            issue_type=None,
            name=lane.name,
            category=_CATEGORIES.get(lane.kind),
        )


def of_card(source_id: str, url: str, wall: Wall, card: Card) -> Iterator[Record]:
    """A card and each change of it. What the tracker has no like of is None."""
    names = {one.id: one.name for one in (*wall.lanes, *wall.people)}
    issue_id = qualified_id(source_id, card.number)
    known = {
        "issue_id": issue_id,
        "source_id": source_id,
        "project_id": qualified_id(source_id, wall.key),
        "key": f"{wall.key}-{card.number}",
        "url": f"{url}/cards/{card.number}",
        "issue_type": "Card",
        "level": "standard",
        "summary": card.title,
        "status_id": qualified_id(source_id, card.lane),
        "status": names.get(card.lane, card.lane),
        "assignee_id": None if card.owner is None else qualified_id(source_id, card.owner),
        "story_points": card.size,
        "created_at": card.created.astimezone(UTC),
        "updated_at": card.touched.astimezone(UTC),
        "is_flagged": False,
        "custom_fields": "{}",
    }
    yield Issue(**{**dict.fromkeys(Issue.__struct_fields__), **known})
    for place, step in enumerate(card.history):
        yield IssueChange(
            change_id=f"{issue_id}:{place}",
            issue_id=issue_id,
            entry_number=place,
            ordinal=0,
            changed_at=step.at.astimezone(UTC),
            author_id=qualified_id(source_id, step.by),
            field=_FIELDS.get(step.what, step.what),
            field_id=qualified_id(source_id, step.what),
            from_value=step.old,
            from_text=names.get(step.old or "", step.old),
            to_value=step.new,
            to_text=names.get(step.new or "", step.new),
        )
