"""Maps a page of issues with their histories to records. Pure: no network, no clock, no config file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from connectors.base import Malformed, Replacement
from connectors.jira.gateway import answers
from connectors.jira.gateway.aside_answers import WholeIssue
from connectors.jira.gateway.values import instant, optional_day, optional_instant, readable, readable_text
from connectors.jira.mapping.asides import Asides
from connectors.jira.mapping.entities import level_of
from connectors.jira.mapping.fields import FieldMap
from connectors.jira.mapping.history import ItemNames, Mentions, map_changes, points_field
from connectors.jira.mapping.links import LinkContext, Links, LinkWords
from connectors.jira.mapping.sprint_text import read_sprint
from connectors.malformed import UNREADABLE, require_mostly_readable, why
from connectors.people import Disguise, as_told
from connectors.quantity import finite
from warehouse.records import (
    Issue,
    IssueChange,
    IssueComponent,
    IssueLabel,
    IssueLink,
    IssueVersion,
    Record,
    qualified_id,
)

NOT_STORED = frozenset(
    {
        "aggregateprogress",
        "aggregatetimeestimate",
        "aggregatetimeoriginalestimate",
        "aggregatetimespent",
        "attachment",
        "comment",
        "description",
        "issuerestriction",
        "lastViewed",
        "progress",
        "subtasks",
        "thumbnail",
        "timetracking",
        "votes",
        "watches",
        "worklog",
        "workratio",
    }
)
"""System fields that are bodies, lists with tables of their own, sums of other issues, or depend on who asks."""

NOT_ASKED = NOT_STORED - {"comment", "worklog"}
"""Those that are of no use at all, unless texts are stored; comments and worklogs have tables of their own."""

_TEXTS = frozenset({"description"})

_COLUMNS = frozenset(answers.IssueFields.__struct_fields__) - {"creator"}

_ROLES_WITH_COLUMNS = ("sprint", "flagged", "parent", "epic_link", "rank")
"""Their raw values are left out of `custom_fields`; the rank changes without a trace and means nothing alone."""

_known_decoder = msgspec.json.Decoder(WholeIssue)
_json_decoder = msgspec.json.Decoder(answers.Json)
_json_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingContext:
    """What the mapping must know of the site."""

    source_id: str
    site_url: str
    """Address for people, without a slash at its end."""
    fields: FieldMap
    names: ItemNames
    levels: Mapping[str, str] = field(default_factory=dict)
    """Issue type id → level, for answers that leave the height out."""
    epic_links: tuple[str, ...] = ()
    """Fields that hold the key of the parent, where issues tell it so."""
    held_projects: frozenset[str] | None = None
    """Keys of the projects whose issues are pulled; None when that cannot be told from a key."""
    link_words: LinkWords = field(default_factory=LinkWords)
    people: Disguise = as_told
    stores_text: bool = False
    """Whether descriptions and the texts of comments are mapped."""

    @property
    def not_asked(self) -> frozenset[str]:
        """System fields that are of no use."""
        return NOT_ASKED - _TEXTS if self.stores_text else NOT_ASKED

    @property
    def links(self) -> LinkContext:
        """What the mapping of links must know."""
        return LinkContext(source_id=self.source_id, held_projects=self.held_projects, words=self.link_words)

    @property
    def not_custom(self) -> frozenset[str]:
        """Fields that do not go into `custom_fields`."""
        left_out = NOT_STORED - _TEXTS if self.stores_text else NOT_STORED
        return left_out.union(_COLUMNS, *(self.fields.ids(role) for role in _ROLES_WITH_COLUMNS))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPage:
    """The records of a page, and whom and what they mention."""

    issue_ids: tuple[str, ...]
    """Of all issues that came, malformed ones too."""
    records: Sequence[Record]
    replacements: Sequence[Replacement]
    asides: Asides
    """Comments and worklogs; not among the records, since some may have to be asked for."""
    mentions: Mentions
    parent_keys: Mapping[str, str] = field(default_factory=dict)
    """Issue id → key of its parent, for issues whose parent has no id here yet."""
    notes: Sequence[str] = ()
    malformed: Sequence[Malformed] = ()


@dataclass(frozen=True, slots=True)
class _Parts:
    link_context: LinkContext
    not_custom: frozenset[str]
    issues: list[Issue] = field(default_factory=list)
    changes: list[IssueChange] = field(default_factory=list)
    labels: list[IssueLabel] = field(default_factory=list)
    components: list[IssueComponent] = field(default_factory=list)
    versions: list[IssueVersion] = field(default_factory=list)
    links: Links = field(default_factory=Links)
    parent_keys: dict[str, str] = field(default_factory=dict)
    asides: Asides = field(default_factory=Asides)
    mentions: Mentions = field(default_factory=Mentions)


_Histories = Mapping[str, Sequence[answers.History]]


def map_page(
    context: MappingContext,
    found: Sequence[answers.FoundIssue],
    histories: _Histories,
    unreadable: Mapping[str, str] | None = None,
) -> MappedPage:
    """Records of a page; `histories` are complete, by native issue id. An issue without any keeps what is stored.

    An issue that cannot be read, or whose history cannot (`unreadable`: native id → why), is told as malformed, and
    nothing else of it. Raises `UnexpectedResponse` when most of the page cannot be read.
    """
    readable_ones, malformed = found, list[Malformed]()
    parts = None if unreadable else _all_mapped(context, found, histories)
    if parts is None:
        reasons = _reasons(context, found, histories, unreadable or {})
        malformed = [_malformed(context, answer, reasons[answer.id]) for answer in found if answer.id in reasons]
        require_mostly_readable(malformed, len(found))
        readable_ones = [answer for answer in found if answer.id not in reasons]
        parts = _mapped(context, readable_ones, histories)
    return _page(parts, malformed)


def _all_mapped(context: MappingContext, found: Sequence[answers.FoundIssue], histories: _Histories) -> _Parts | None:
    """None when one of them cannot be read: what was begun is thrown away, and each is tried alone."""
    try:
        return _mapped(context, found, histories)
    except UNREADABLE:
        return None


def _mapped(context: MappingContext, found: Sequence[answers.FoundIssue], histories: _Histories) -> _Parts:
    parts = _Parts(context.links, context.not_custom, asides=Asides(stores_text=context.stores_text))
    for answer in found:
        _map_issue(context, answer, histories.get(answer.id, ()), parts)
    return parts


def _reasons(
    context: MappingContext,
    found: Sequence[answers.FoundIssue],
    histories: _Histories,
    unreadable: Mapping[str, str],
) -> dict[str, str]:
    """Native id → why, of the issues that cannot be read."""
    reasons = {answer.id: unreadable[answer.id] for answer in found if answer.id in unreadable}
    for answer in found:
        if answer.id not in reasons:
            try:
                _mapped(context, [answer], histories)
            except UNREADABLE as error:
                reasons[answer.id] = why(error)
    return reasons


def _malformed(context: MappingContext, answer: answers.FoundIssue, reason: str) -> Malformed:
    issue_id = qualified_id(context.source_id, answer.id)
    return Malformed(issue_id=issue_id, label=answer.key or f"issue {answer.id}", reason=reason)


def _page(parts: _Parts, malformed: Sequence[Malformed]) -> MappedPage:
    held = [issue.issue_id for issue in parts.issues]
    own_links, other_links = parts.links.split(frozenset(held))
    return MappedPage(
        issue_ids=(*held, *(one.issue_id for one in malformed)),
        records=(*parts.issues, *parts.changes, *other_links, *parts.links.events),
        replacements=tuple(
            Replacement(record_type=kind, scope="issue_id", values=held, records=records)
            for kind, records in (
                (IssueLink, own_links),
                (IssueLabel, parts.labels),
                (IssueComponent, parts.components),
                (IssueVersion, parts.versions),
            )
        ),
        asides=parts.asides,
        mentions=parts.mentions,
        parent_keys=parts.parent_keys,
        malformed=malformed,
    )


def _map_issue(
    context: MappingContext,
    answer: answers.FoundIssue,
    histories: Sequence[answers.History],
    parts: _Parts,
) -> None:
    mentions = parts.mentions
    if not answer.key:
        raise KeyError("key")
    known = _known_decoder.decode(answer.fields)
    everything = _json_decoder.decode(answer.fields)
    issue_id = qualified_id(context.source_id, answer.id)
    points = points_field(context.fields.points(known.project.id), everything, histories, context.names)
    mentions.statuses.setdefault(known.status.id, known.status)
    mentions.types.setdefault(known.issuetype.id, known.issuetype)
    mentions.person(known.creator)
    parts.issues.append(_issue(context, answer, known, everything, points, parts))
    changes = map_changes(context.source_id, issue_id, histories, points, context.names, mentions, context.people)
    parts.changes.extend(changes)
    _map_bridges(context.source_id, issue_id, known, parts)
    parent_key = next((key for i in context.epic_links if isinstance(key := everything.get(i), str) and key), None)
    if parent_key is not None and known.parent is None:
        parts.parent_keys[issue_id] = parent_key
    parts.links.take(parts.link_context, (issue_id, answer.key), known.issuelinks or (), changes)
    parts.asides.take(context.source_id, answer.id, known, mentions.person)


def _issue(
    context: MappingContext,
    answer: answers.FoundIssue,
    known: WholeIssue,
    everything: answers.Json,
    points: str | None,
    parts: _Parts,
) -> Issue:
    source_id, fields, mentions = context.source_id, context.fields, parts.mentions
    return Issue(
        issue_id=qualified_id(source_id, answer.id),
        source_id=source_id,
        project_id=qualified_id(source_id, known.project.id),
        key=answer.key,
        url=f"{context.site_url}/browse/{answer.key}",
        issue_type=known.issuetype.name,
        level=_level(context, known.issuetype),
        summary=known.summary or "",
        status_id=qualified_id(source_id, known.status.id),
        status=known.status.name,
        priority=_name(known.priority),
        severity=_first_text(everything, fields.ids("severity"), context.people),
        resolution=_name(known.resolution),
        assignee_id=_person_id(source_id, mentions.person(known.assignee)),
        reporter_id=_person_id(source_id, mentions.person(known.reporter)),
        parent_id=None if known.parent is None else qualified_id(source_id, known.parent.id),
        story_points=None if points is None else finite(everything.get(points)),
        original_estimate_seconds=known.timeoriginalestimate,
        found_in=_first_text(everything, fields.ids("found_in"), context.people),
        created_at=instant(known.created),
        updated_at=instant(known.updated),
        resolved_at=optional_instant(known.resolutiondate),
        due_on=optional_day(known.duedate),
        deleted_at=None,
        absence=None,
        sprint_ids=_sprint_ids(everything, fields.ids("sprint"), mentions),
        area_path=None,
        is_flagged=any(everything.get(i) for i in fields.ids("flagged")),
        custom_fields=_custom_fields(everything, fields.names, parts.not_custom, context.people),
    )


def _level(context: MappingContext, issue_type: answers.IssueType) -> str:
    if issue_type.hierarchy_level is None and issue_type.id in context.levels:
        return context.levels[issue_type.id]
    return level_of(issue_type)


def _name(answer: answers.Named | None) -> str | None:
    return None if answer is None else answer.name


def _person_id(source_id: str, native: str | None) -> str | None:
    return None if native is None else qualified_id(source_id, native)


def _first_text(everything: answers.Json, ids: Sequence[str], people: Disguise) -> str | None:
    return next((text for i in ids if (text := readable_text(everything.get(i), people)) is not None), None)


def _sprint_ids(everything: answers.Json, ids: Sequence[str], mentions: Mentions) -> str | None:
    """The ids as history writes them, e.g. `36, 37`; the sprints are noted."""
    values = next((value for i in ids if (value := everything.get(i))), ())
    sprints = [_sprint(value, mentions) for value in values]
    return ", ".join(str(sprint.id) for sprint in sprints) or None


def _sprint(value: object, mentions: Mentions) -> answers.Sprint:
    """A value of the Sprint field, which is noted: an object, or at Data Center a text."""
    if not isinstance(value, str):
        sprint = msgspec.convert(value, answers.Sprint)
        mentions.sprints.setdefault(str(sprint.id), sprint)
        return sprint
    read = read_sprint(value)
    if read is None:
        raise ValueError(f"a sprint without an id: {value[:100]!r}")
    noted = mentions.sprints if read.is_certain else mentions.doubtful_sprints
    noted.setdefault(str(read.sprint.id), read.sprint)
    return read.sprint


def _custom_fields(
    everything: answers.Json, names: Mapping[str, str], left_out: frozenset[str], people: Disguise
) -> str:
    """Every filled field without a column, by name, as a person would read it."""
    filled = {}
    for field_id, value in everything.items():
        if value is None or field_id in left_out:
            continue
        found = readable(value, people)
        if found is not None:
            filled[names.get(field_id, field_id)] = found
    return _json_encoder.encode(filled).decode()


def _map_bridges(source_id: str, issue_id: str, known: WholeIssue, parts: _Parts) -> None:
    for label in dict.fromkeys(known.labels or ()):
        label_id = qualified_id(issue_id, label)
        parts.labels.append(IssueLabel(issue_label_id=label_id, issue_id=issue_id, label=label))
    for name in dict.fromkeys(component.name for component in known.components) if known.components else ():
        component_id = qualified_id(issue_id, name)
        parts.components.append(IssueComponent(issue_component_id=component_id, issue_id=issue_id, component=name))
    for role, versions in (("fix", known.fixVersions), ("affects", known.versions)):
        for version in versions or ():
            parts.versions.append(
                IssueVersion(
                    issue_version_id=f"{issue_id}:{role}:{version.id}",
                    issue_id=issue_id,
                    version_id=qualified_id(source_id, version.id),
                    role=role,
                )
            )
