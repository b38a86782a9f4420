"""`[workflow]` and `[sources.NAME.workflow]`: what the statuses, labels, links and resolutions mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from flowmart.settings.base import Section, Text, Texts
from metrics.settings import DEFAULT_CANCELLED, StageNames, Workflow

STAGES = ("todo", "in_progress", "done", "removed")
_DEFAULTS = Workflow()


class StageSection(Section):
    """Status names by stage."""

    todo: Texts = ()
    in_progress: Texts = ()
    done: Texts = ()
    removed: Texts = ()

    @model_validator(mode="after")
    def _each_status_once(self) -> Self:
        seen: dict[str, str] = {}
        for stage in STAGES:
            for name in getattr(self, stage):
                before = seen.setdefault(name.casefold(), stage)
                if before != stage:
                    raise ValueError(f"the status {name!r} stands in {before} and in {stage}: keep one of them")
        return self

    def names(self) -> StageNames:
        """The same for the metrics."""
        return StageNames(**{stage: frozenset(getattr(self, stage)) for stage in STAGES})


class WorkflowSection(StageSection):
    """The rules for all sources, or for one."""

    projects: dict[Text, StageSection] = Field(default_factory=dict)
    types: dict[Text, StageSection] = Field(default_factory=dict)
    waiting: Texts = ()
    blocked: Texts = ()
    blocked_labels: Texts = ()
    blocked_by_links: bool = True
    blocking_link_types: Texts = ()
    cancelled_resolutions: Texts = tuple(sorted(DEFAULT_CANCELLED))


def merged(general: WorkflowSection, own: WorkflowSection) -> Workflow:
    """The rules in force for a source: status names by name, every other key as a whole, the source's own first."""
    pick = {key: getattr(own if key in own.model_fields_set else general, key) for key in _WHOLE_KEYS}
    return Workflow(
        stages=_narrowed(general.names(), own.names()),
        projects=_narrowed_each(general.projects, own.projects),
        types=_narrowed_each(general.types, own.types),
        waiting=frozenset(pick["waiting"]),
        blocked=frozenset(pick["blocked"]),
        blocked_labels=frozenset(pick["blocked_labels"]),
        blocked_by_links=pick["blocked_by_links"],
        blocking_link_types=frozenset(pick["blocking_link_types"]) or _DEFAULTS.blocking_link_types,
        cancelled_resolutions=frozenset(pick["cancelled_resolutions"]),
    )


_WHOLE_KEYS = (
    "waiting",
    "blocked",
    "blocked_labels",
    "blocked_by_links",
    "blocking_link_types",
    "cancelled_resolutions",
)


def _narrowed_each(general: Mapping[str, StageSection], own: Mapping[str, StageSection]) -> Mapping[str, StageNames]:
    nothing = StageSection()
    return {
        key: _narrowed(general.get(key, nothing).names(), own.get(key, nothing).names())
        for key in sorted({*general, *own})
    }


def _narrowed(general: StageNames, own: StageNames) -> StageNames:
    """`own`, and what it does not speak of by `general`."""
    spoken_of = {name.casefold() for stage in STAGES for name in getattr(own, stage)}
    return StageNames(
        **{
            stage: getattr(own, stage)
            | frozenset(name for name in getattr(general, stage) if name.casefold() not in spoken_of)
            for stage in STAGES
        }
    )
