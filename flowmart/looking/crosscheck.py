"""Compares the names in the configuration with those that the trackers show and the warehouse has recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowmart.config import Config
from flowmart.looking.look import SourceLook
from flowmart.looking.recorded import Recorded, StrayStatus
from flowmart.settings.base import nearest
from flowmart.settings.rules import DefectsSection
from flowmart.settings.workflow import STAGES, StageSection, WorkflowSection
from flowmart.text import count
from warehouse.tables.loaded import issues

_OF_A_WORKFLOW = (*STAGES, "waiting", "blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosscheck:
    """What does not fit."""

    problems: tuple[str, ...] = ()
    """Something configured is known nowhere."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """The names of one kind, by source; a source that shows and has recorded nothing is left out."""

    by_source: Mapping[str, frozenset[str]]

    def lacks(self, name: str, sources: Iterable[str]) -> bool:
        """Whether none of the sources knows the name, and each of them could tell."""
        wanted = name.casefold()
        known = [self.by_source.get(source) for source in sources]
        return all(names is not None and all(wanted != each.casefold() for each in names) for names in known)

    def hint(self, name: str, sources: Iterable[str]) -> str:
        """The likeliest of the names that are known."""
        return nearest(name, sorted({each for source in sources for each in self.by_source.get(source, ())}))


def crosscheck(config: Config, looks: Sequence[SourceLook], recorded: Recorded) -> Crosscheck:
    """Statuses, projects, types and fields that the rules name and nothing knows. Says nothing where it cannot tell."""
    statuses = _known(looks, "status", recorded.statuses)
    problems: list[str] = []
    notes: list[str] = []
    for place, name, sources in _status_names(config):
        if not statuses.lacks(name, sources):
            continue
        hint = statuses.hint(name, sources)
        if all(source in recorded.statuses for source in sources):
            problems.append(f"{place}: no workflow and no history knows the status {name!r}{hint}")
        else:
            notes.append(f"{place}: no workflow of today knows the status {name!r}; histories are not loaded yet{hint}")
    types = _known(looks, "issue type", recorded.types)
    notes += [*_keys(config, _known(looks, "project", {}), types), *_defects(config, types)]
    notes += _rule_fields(config.defects, _known(looks, "field", {}), list(config.sources))
    return Crosscheck(problems=tuple(dict.fromkeys(problems)), notes=tuple(dict.fromkeys(notes)))


def stray_note(stray: StrayStatus) -> str:
    """What to do about a status that has no stage."""
    where = f"{count(stray.issues, 'issue')} now, {count(stray.changes, 'change')}"
    return (
        f"the status {stray.name!r} ({where}) is in no workflow any more and has no stage; "
        "name it under todo, in_progress, done or removed in [workflow]"
    )


def _known(looks: Sequence[SourceLook], what: str, recorded: Mapping[str, frozenset[str]]) -> _Known:
    by_source: dict[str, frozenset[str]] = {}
    for look in looks:
        seen = frozenset(each.name for each in look.survey.seen if each.what == what) if look.survey else frozenset()
        names = seen | recorded.get(look.source, frozenset())
        if seen:  # what was recorded once is not all that there is now
            by_source[look.source] = names
    return _Known(by_source)


def _status_names(config: Config) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Place in the file, name of a status, and the sources that it is meant for."""
    everywhere = tuple(config.sources)
    yield from ((place, name, everywhere) for place, name in _names_of(config.workflow, "workflow"))
    for source, section in config.sources.items():
        place = f"sources.{source}.workflow"
        yield from ((where, name, (source,)) for where, name in _names_of(section.workflow, place))


def _names_of(workflow: WorkflowSection, place: str) -> Iterator[tuple[str, str]]:
    for key in _OF_A_WORKFLOW:
        yield from ((f"{place}.{key}", name) for name in getattr(workflow, key))
    for kind, sections in (("projects", workflow.projects), ("types", workflow.types)):
        for key, section in sections.items():
            yield from _names_of_stages(section, f"{place}.{kind}.{key}")


def _names_of_stages(section: StageSection, place: str) -> Iterator[tuple[str, str]]:
    for stage in STAGES:
        yield from ((f"{place}.{stage}", name) for name in getattr(section, stage))


def _keys(config: Config, projects: _Known, types: _Known) -> Iterator[str]:
    """The projects and types that have status names of their own."""
    everywhere = tuple(config.sources)
    own = [(f"sources.{name}.workflow", each.workflow, (name,)) for name, each in config.sources.items()]
    for place, workflow, sources in [("workflow", config.workflow, everywhere), *own]:
        for kind, keys, known in (("projects", workflow.projects, projects), ("types", workflow.types, types)):
            for key in keys:
                if known.lacks(key, sources):
                    yield f"{place}.{kind}: no source shows {key!r}{known.hint(key, sources)}"


def _defects(config: Config, types: _Known) -> Iterator[str]:
    """Types of defects that no source has; of the default ones only if none of them is there."""
    everywhere = tuple(config.sources)
    unknown = [name for name in config.defects.types if types.lacks(name, everywhere)]
    if "types" in config.defects.model_fields_set:
        yield from (f"defects.types: no source has the type {n!r}{types.hint(n, everywhere)}" for n in unknown)
    elif unknown and len(unknown) == len(config.defects.types):
        yield f"defects.types: no source has a type {' or '.join(unknown)}, so nothing counts as a defect; name yours"
    for number, rule in enumerate(config.defects.rules, start=1):
        for name in (*rule.types, *rule.linked_types):
            if types.lacks(name, everywhere):
                yield f"defects.rules {number}: no source has the type {name!r}{types.hint(name, everywhere)}"


def _rule_fields(defects: DefectsSection, fields: _Known, sources: Sequence[str]) -> Iterator[str]:
    """A rule reads a column of `issues` or a field by its name."""
    for number, rule in enumerate(defects.rules, start=1):
        if rule.field and rule.field.casefold() not in issues.c and fields.lacks(rule.field, sources):
            yield f"defects.rules {number}: no source has the field {rule.field!r}{fields.hint(rule.field, sources)}"
