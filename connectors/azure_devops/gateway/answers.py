"""The parts of Azure DevOps' answers that are read, as typed structs.

Those with camel-case wire names come from our own requests; the others are filled from the SDK's objects by attribute.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """A list answer. Nearly all have `value`; Microsoft's recording of team iterations has `values`."""

    value: list[T] = []
    values: list[T] = []

    @property
    def rows(self) -> list[T]:
        """The rows, whichever name they came under."""
        return self.value or self.values


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """The person or service that a token belongs to."""

    id: str = ""
    provider_display_name: str | None = None
    custom_display_name: str | None = None
    properties: dict[str, Any] = {}


class ConnectionData(msgspec.Struct, frozen=True, rename="camel"):
    """Who is logged in."""

    authenticated_user: Account = Account()


class Project(msgspec.Struct, frozen=True):
    """A project; `id` is a GUID that stays when it is renamed."""

    id: str
    name: str


class Team(msgspec.Struct, frozen=True):
    """A team of a project."""

    id: str
    name: str


class FieldInfo(msgspec.Struct, frozen=True):
    """A field of the organisation."""

    reference_name: str
    name: str
    type: str | None = None
    is_identity: bool | None = None


class FieldReference(msgspec.Struct, frozen=True):
    """A field that a work item type has."""

    reference_name: str | None = None


class StateInfo(msgspec.Struct, frozen=True):
    """A state of a work item type and its category."""

    name: str
    category: str | None = None


class TypeInfo(msgspec.Struct, frozen=True):
    """A work item type of a project."""

    name: str
    states: list[StateInfo] | None = None
    fields: list[FieldReference] | None = None
    field_instances: list[FieldReference] | None = None


class TypeName(msgspec.Struct, frozen=True):
    """A work item type that something refers to."""

    name: str


class Category(msgspec.Struct, frozen=True):
    """A group of work item types, e.g. `Microsoft.TaskCategory`."""

    reference_name: str
    work_item_types: list[TypeName] | None = None


class BacklogLevel(msgspec.Struct, frozen=True):
    """The types that one backlog shows."""

    work_item_types: list[TypeName] | None = None


class BacklogFields(msgspec.Struct, frozen=True):
    """Which field plays which part in the process: `Effort`, `Order`, `RemainingWork`, …"""

    type_fields: dict[str, str] | None = None


class Backlogs(msgspec.Struct, frozen=True):
    """A project's backlog configuration."""

    portfolio_backlogs: list[BacklogLevel] | None = None
    backlog_fields: BacklogFields | None = None


class Node(msgspec.Struct, frozen=True):
    """An area or iteration with those below it. Its own `path` is not read: names from the root down say the same."""

    id: int
    identifier: str
    name: str
    structure_type: str
    children: list[Node] | None = None


class AreaValue(msgspec.Struct, frozen=True):
    """An area that a team owns."""

    value: str
    include_children: bool | None = None


class AreaField(msgspec.Struct, frozen=True):
    """The field by which items are assigned to teams."""

    reference_name: str | None = None


class TeamAreas(msgspec.Struct, frozen=True):
    """What makes an item a team's."""

    field: AreaField | None = None
    values: list[AreaValue] | None = None


class IterationDates(msgspec.Struct, frozen=True, rename="camel"):
    """Midnights in UTC that stand for days."""

    start_date: datetime | None = None
    finish_date: datetime | None = None
    time_frame: str | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """Whether the account has the permission that was asked about."""

    value: bool = False


class Evaluations(msgspec.Struct, frozen=True):
    """Answers in the order of the questions."""

    evaluations: list[Evaluation] = []


class Iteration(msgspec.Struct, frozen=True):
    """An iteration that a team picked as a sprint."""

    id: str
    name: str
    attributes: IterationDates | None = None


class TeamSettings(msgspec.Struct, frozen=True):
    """How a team works."""

    bugs_behavior: str | None = None
    working_days: list[str] | None = None


class BoardName(msgspec.Struct, frozen=True):
    """A board of a team: there is one for each backlog level."""

    id: str
    name: str


class Column(msgspec.Struct, frozen=True):
    """A column of a board, with the state that it stands for by type."""

    name: str
    column_type: str | None = None
    item_limit: int | None = None
    is_split: bool | None = None
    state_mappings: dict[str, str] | None = None


class Span(msgspec.Struct, frozen=True):
    """Days off, as midnights in UTC that stand for days; the last one is off too."""

    start: datetime
    end: datetime


class DaysOff(msgspec.Struct, frozen=True):
    """The days on which a whole team is off."""

    days_off: list[Span] | None = None


class Activity(msgspec.Struct, frozen=True, rename="camel"):
    """Hours a day for one kind of work."""

    name: str | None = None
    capacity_per_day: float | None = None


class Member(msgspec.Struct, frozen=True, rename="camel"):
    """What a person can do in a sprint."""

    team_member: dict[str, Any] | None = None
    activities: list[Activity] = []
    days_off: list[Span] = []


class Capacities(msgspec.Struct, frozen=True, rename="camel"):
    """The capacity of a team in a sprint: `teamMembers` since API 7, a plain list before."""

    team_members: list[Member] = []
    value: list[Member] = []

    @property
    def members(self) -> list[Member]:
        """The people, in either shape."""
        return self.team_members or self.value


Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
"""Of an item or a revision: as much as the tracker's own, and a column, holds."""


class Revision(msgspec.Struct, frozen=True, gc=False):
    """All fields of a work item as they were from one revision to the next."""

    id: Number
    rev: Number
    fields: dict[str, Any] = {}


class Batch(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A piece of a reporting feed. `next_link` is there even in the last one."""

    values: list[T] = []
    is_last_batch: bool = False
    continuation_token: str | int | None = None
    next_link: str | None = None


class LinkEvent(msgspec.Struct, frozen=True, rename="camel"):
    """A link that was made (`is_active`) or removed."""

    rel: str
    source_id: Number
    target_id: Number
    changed_date: datetime
    is_active: bool


class Found(msgspec.Struct, frozen=True):
    """A work item that a query finds, or that is in the recycle bin; its id may come as a text there."""

    id: int | str


class QueryResult(msgspec.Struct, frozen=True, rename="camel"):
    """What a query finds."""

    work_items: list[Found] = []


class Relation(msgspec.Struct, frozen=True):
    """A link of a work item; `url` ends with the id of the other one."""

    rel: str
    url: str


class WorkItem(msgspec.Struct, frozen=True):
    """A work item as it is now, with what was asked for."""

    id: int
    fields: dict[str, Any] = {}
    relations: list[Relation] | None = None
    """Left out or null where it has none."""
