"""Lists the ids of the issues that the scope has now, and does not believe a listing that ended early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.base import CensusPart, is_short
from connectors.errors import UnexpectedResponse
from connectors.http.flight import in_order
from connectors.jira.gateway.values import start_of
from connectors.jira.pulling.bookmark import Window
from connectors.jira.pulling.site import Site
from connectors.jira.pulling.walk import Question, Unit, halves, in_groups
from warehouse.records import qualified_id

Keys = Mapping[str, str]
"""Native id → key."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """What one question has; `problem` when the tracker refuses it, or it ends early again and again."""

    units: Sequence[Unit]
    keys: Keys
    expected: int | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Walked:
    """The first walk of a question; or why it is refused."""

    keys: Keys
    counted: int
    refusal: UnexpectedResponse | None = None


def list_parts(site: Site) -> Iterator[CensusPart]:
    """A part for each project, or one for a scope of boards or of a query."""
    if all(unit.key.startswith("project:") for unit in site.units):
        for problem in site.projects.problems:
            yield CensusPart(label="a project of the config", project_id=None, ids=frozenset(), problem=problem)
        for listing in _listings(site):
            yield from _project_parts(site, listing)
    else:
        yield _one_part(site)


def touched(site: Site) -> str:
    """The condition of `history_since`, if there is one."""
    since = site.settings.history_since
    return f"updated >= {start_of(since)}" if since else ""


def _listings(site: Site) -> Iterator[_Listing]:
    """The units' issues, many projects in one query; units one by one where that says too little."""
    waiting = in_groups(site.units, touched(site))
    while waiting:
        again: list[Question] = []
        walked = in_order(site.pool, lambda question: _first_walk(site, question), waiting, site.width)
        for question, first in zip(waiting, list(walked), strict=True):
            short = first.refusal is None and _is_short(site, first.keys, first.counted)
            if len(question.units) > 1 and (first.refusal or short or not _all_placed(site, first.keys)):
                again += [Question((unit,), question.condition) for unit in question.units]
            elif first.refusal is not None:
                problem = f"{question.units[0].label} cannot be searched: {first.refusal}"
                yield _Listing(question.units, {}, None, problem)
            elif short:
                yield _walk_again(site, question, first)
            else:
                yield _Listing(question.units, first.keys, first.counted)
        waiting = again


def _first_walk(site: Site, question: Question) -> _Walked:
    """All pages and the count of a question; runs on the pool."""
    try:
        counted = site.dialect.count(question.jql)
        keys = _keys(site, question.jql)
        if _is_short(site, keys, counted):  # what went meanwhile is no loss
            counted = site.dialect.count(question.jql)
        return _Walked(keys, counted)
    except UnexpectedResponse as error:
        if error.status == 400:  # noqa: PLR2004
            return _Walked({}, 0, error)
        raise


def _keys(site: Site, jql: str) -> dict[str, str]:
    return {issue.id: issue.key for page in site.dialect.keys(jql) for issue in page}


def _is_short(site: Site, keys: Keys, counted: int) -> bool:
    return is_short(len(keys), counted, exact=site.dialect.counts_exactly)


def _walk_again(site: Site, question: Question, first: _Walked) -> _Listing:
    """A walk that ended early, in halves of its creation dates, as often as `halves` allows."""
    keys, short = dict(first.keys), False
    todo = halves(site.dialect, Window(0, None, None, first.counted), question.jql)
    short = not todo
    while todo:
        queries = [window.query(question.jql) for window in todo]
        walked = list(in_order(site.pool, lambda jql: _keys(site, jql), queries, site.width))
        again: list[Window] = []
        for window, query, found in zip(todo, queries, walked, strict=True):
            keys.update(found)
            if _is_short(site, found, window.count or 0) and _is_short(site, found, site.dialect.count(query)):
                parts = halves(site.dialect, window, question.jql)
                short = short or not parts
                again += parts
        todo = again
    label = question.units[0].label
    problem = f"census: {label} lists {len(keys):,} of about {first.counted:,} issues, again and again"
    return _Listing(question.units, keys, first.counted, f"{problem}; none counts as gone" if short else None)


def _project_parts(site: Site, listing: _Listing) -> Iterator[CensusPart]:
    """The listing by project. Counts that agree in sum agree for each, since no listing has more than there is."""
    if len(listing.units) == 1:
        yield _part(site, listing.units[0], listing.keys, listing.expected, listing.problem)
        return
    by_project: dict[str, dict[str, str]] = {unit.key: {} for unit in listing.units}
    unit_of = _units_by_prefix(site)
    for native, key in listing.keys.items():
        by_project[unit_of[_prefix(key)]][native] = key
    counts: Iterable[int] = (len(keys) for keys in by_project.values())
    if listing.expected != len(listing.keys):
        asked = [Question((unit,), touched(site)).jql for unit in listing.units]
        counts = in_order(site.pool, site.dialect.count, asked, site.width)
    for unit, expected in zip(listing.units, counts, strict=True):
        yield _part(site, unit, by_project[unit.key], expected, None)


def _part(site: Site, unit: Unit, keys: Keys, expected: int | None, problem: str | None) -> CensusPart:
    source_id = site.settings.source_id
    return CensusPart(
        label=unit.label,
        project_id=qualified_id(source_id, unit.key.removeprefix("project:")),
        ids=frozenset(qualified_id(source_id, native) for native in keys),
        expected=expected,
        problem=problem,
    )


def _one_part(site: Site) -> CensusPart:
    """All of a scope whose units may overlap; the count is told where there is one unit only."""
    listings = list(_listings(site))
    problems = [*site.boards.problems, *(each.problem for each in listings if each.problem is not None)]
    ids = {qualified_id(site.settings.source_id, native) for listing in listings for native in listing.keys}
    return CensusPart(
        label=site.units[0].label if len(site.units) == 1 else "the whole scope",
        project_id=None,
        ids=frozenset(ids),
        expected=listings[0].expected if len(listings) == 1 else None,
        problem="; ".join(problems) or None,
    )


def _prefix(key: str) -> str:
    return key.rpartition("-")[0]


def _units_by_prefix(site: Site) -> Mapping[str, str]:
    return {project.key: f"project:{project.id}" for project in site.projects.found}


def _all_placed(site: Site, keys: Keys) -> bool:
    """Whether each key begins with that of a project of the scope; one may just have been renamed."""
    return {_prefix(key) for key in keys.values()} <= _units_by_prefix(site).keys()
