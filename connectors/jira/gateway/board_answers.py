"""The shapes of a board's set-up: its filter, its columns, how it estimates, what it can do."""

from __future__ import annotations

from connectors.jira.gateway.answers import Answer


class EstimationField(Answer, frozen=True, gc=False, rename="camel"):
    """The field that a board estimates with."""

    field_id: str = ""


class Estimation(Answer, frozen=True, gc=False, rename="camel"):
    """How a board estimates."""

    field: EstimationField | None = None


class BoardFilter(Answer, frozen=True, gc=False, rename="camel"):
    """The saved filter that says which issues a board shows."""

    id: str


class ColumnStatus(Answer, frozen=True, gc=False, rename="camel"):
    """A status that a column shows."""

    id: str


class Column(Answer, frozen=True, gc=False, rename="camel"):
    """A column of a board; `max` is the most issues that should be in it."""

    name: str
    statuses: tuple[ColumnStatus, ...] = ()
    max: int | None = None


class ColumnConfig(Answer, frozen=True, gc=False, rename="camel"):
    """The columns of a board, from the left."""

    columns: tuple[Column, ...] = ()


class BoardConfiguration(Answer, frozen=True, gc=False, rename="camel"):
    """How a board is set up."""

    filter: BoardFilter | None = None
    estimation: Estimation | None = None
    column_config: ColumnConfig | None = None


class Feature(Answer, frozen=True, gc=False, rename="camel"):
    """Something that a team-managed board can do; `state` is `ENABLED` or another word."""

    feature_id: str = ""
    state: str = ""


class Features(Answer, frozen=True, gc=False, rename="camel"):
    """What a team-managed board can do."""

    features: tuple[Feature, ...] = ()
