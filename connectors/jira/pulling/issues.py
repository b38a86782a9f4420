"""The stream of issues with their histories: a full walk for what is new in the scope, then changes only."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from connectors.base import Held, Page, Progress, is_short
from connectors.errors import UnexpectedResponse
from connectors.http.flight import side_by_side
from connectors.jira.gateway.dialect import Dialect, Found
from connectors.jira.gateway.values import start_of
from connectors.jira.mapping.issues import MappedPage, MappingContext, map_page
from connectors.jira.pulling.bookmark import State, Walk, Window, read_state
from connectors.jira.pulling.newcomers import Newcomers
from connectors.jira.pulling.parents import Parents
from connectors.jira.pulling.remainder import completed
from connectors.jira.pulling.site import Site
from connectors.jira.pulling.walk import WINDOW_ISSUES, Question, cut, halves, in_groups, plan, refusal
from connectors.jira.settings import JiraSettings

_REFUSED = 400

Told = MappedPage | int | UnexpectedResponse
"""What a chain tells: a page, about how many issues there are after all, or why it is refused."""


@dataclass(slots=True)
class _Tally:
    """What a walk under way has seen."""

    total: int
    issues: int = 0
    seen: dict[int, set[str]] = field(default_factory=dict)
    """Ids by window."""
    counts: dict[int, int] = field(default_factory=dict)
    """Counts of windows that turned out to have several pages."""
    refusals: dict[int, UnexpectedResponse] = field(default_factory=dict)
    unwalked: set[int] = field(default_factory=set)
    """Windows that are given up in this run."""
    problems: list[str] = field(default_factory=list)
    received: int = 0
    """Issues of the windows that came to their end."""
    expected: int | None = 0
    """What those were counted to have; None once one of them was not counted."""

    def end(self, walked: int, counted: int | None) -> None:
        """Note how a window ended."""
        self.received += walked
        self.expected = None if self.expected is None or counted is None else self.expected + counted


class IssuePages:
    """Yields the pages of the stream for one bookmark."""

    def __init__(self, site: Site, context: MappingContext, newcomers: Newcomers, held: Held) -> None:
        self._context = context
        self._newcomers = newcomers
        self._held = held
        self._site = site
        self._dialect: Dialect = site.dialect
        self._settings: JiraSettings = site.settings
        self._pool: ThreadPoolExecutor = site.pool
        self._parents = Parents(site.dialect, site.settings.source_id)
        self._left_out = (*sorted(context.not_asked), *site.fields.ids("rank"))
        self.began_at: int | None = None
        """When the walk of the first pages began, epoch milliseconds: an interrupted one began in an earlier run."""

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """An interrupted walk is ended first; then comes what changed since it began."""
        state = read_state(bookmark, self._settings.scope_hash())
        if state.walk is not None:
            self.began_at = state.walk.started_at
            state = yield from self._walk(state, state.walk)
        walk, problems = self._new_walk(state)
        self.began_at = self.began_at or walk.started_at
        state = msgspec.structs.replace(state, walk=walk)
        yield Page(bookmark=state.text(), problems=problems, progress=Progress(done=0, total=walk.total))
        yield from self._walk(state, walk)

    def by_id(self, natives: Sequence[str]) -> Found:
        """The issues by native id, wherever they are now, with their histories. Safe to call from several threads."""
        return self._dialect.by_id(natives, self._left_out)

    def page_of(self, found: Found) -> tuple[Page, MappedPage]:
        """A page without a bookmark, and what it was made of."""
        mapped = self._mapped(found)
        return self._complete(mapped, self._held(mapped.issue_ids)), mapped

    def _complete(self, mapped: MappedPage, held: frozenset[str], progress: Progress | None = None) -> Page:
        """The page with the people whom it names, and with what did not come with its issues."""
        rest = completed(self._site, mapped, held)
        return Page(
            records=(*self._newcomers.records(mapped.mentions), *mapped.records, *rest.worklogs),
            replacements=(*mapped.replacements, rest.comments),
            notes=(*mapped.notes, *rest.notes),
            progress=progress,
            malformed=mapped.malformed,
        )

    def _new_walk(self, state: State) -> tuple[Walk, list[str]]:
        """New units in full, the others for changes; problems name units that cannot be searched."""
        walked = frozenset(state.walked)
        since = self._settings.history_since
        touched = f"updated >= {start_of(since)}" if since else ""
        units = self._site.units
        questions = [
            *(Question((unit,), touched) for unit in units if unit.key not in walked),
            *in_groups(
                [unit for unit in units if unit.key in walked],
                f"updated >= {self._lower_bound(state)}",
                is_increment=True,
            ),
        ]
        made = plan(self._dialect, self._pool, self._site.width, questions)
        return Walk(self._site.began_at, made.groups, made.windows), made.problems

    def _lower_bound(self, state: State) -> int:
        """Since when changes are asked for. There is no upper bound: it would lose what changes all the time."""
        since = (state.updated_since or 0) - int(self._settings.overlap_seconds * 1000)
        wanted = self._settings.changed_since
        return max(0, min(since, start_of(wanted)) if wanted else since)

    def _walk(self, state: State, walk: Walk) -> Generator[Page, None, State]:
        """Pages of the windows that are not done; gives back the state after the walk."""
        tally = _Tally(total=walk.total)
        while todo := [n for n in range(len(walk.windows)) if n not in walk.done and n not in tally.unwalked]:
            chains = [self._chain(walk.windows[number], walk.query(number)) for number in todo]
            for place, told in side_by_side(self._pool, chains, self._site.width):
                number = todo[place]
                if isinstance(told, MappedPage):
                    yield self._page(number, told, tally, is_increment=walk.group_of(number).is_increment)
                elif isinstance(told, int):
                    tally.counts[number] = told
                elif told is not None:
                    tally.refusals[number] = told
                else:
                    walk = self._after(walk, number, tally)
                    yield Page(bookmark=msgspec.structs.replace(state, walk=walk).text())
        return (yield from self._end(state, walk, tally))

    def _end(self, state: State, walk: Walk, tally: _Tally) -> Generator[Page, None, State]:
        """The last page. Units whose search ended early again and again are walked in full by the next run."""
        incomplete = {walk.windows[number].group for number in tally.unwalked}
        walked = [key for n, group in enumerate(walk.groups) if n not in incomplete for key in group.keys]
        state = msgspec.structs.replace(state, walked=walked, updated_since=walk.started_at, walk=None)
        progress = Progress(done=tally.received, total=tally.expected)
        yield Page(bookmark=state.text(), problems=tally.problems, progress=progress)
        return state

    def _chain(self, window: Window, query: str) -> Iterator[Told]:
        """Pages of one window with their histories; runs on the pool.

        Of a window that nobody counted the count comes after the first page, if there are more, or if that page may be
        said to be the last although it is not. When there are many, that is all: it is to be walked in parts. That
        nothing has changed is believed without a count, which would cost every quiet night a request.
        """
        has_begun = False
        try:
            for found in self._dialect.search(query, self._left_out):
                if found.issues:
                    yield self._mapped(found)
                is_doubtful = found.has_more or (found.issues and not self._dialect.counts_exactly)
                if window.count is None and is_doubtful and not has_begun:
                    count = self._dialect.count(query)
                    yield count
                    if count > WINDOW_ISSUES:
                        return
                has_begun = True
        except UnexpectedResponse as error:
            if error.status != _REFUSED or has_begun:
                raise
            yield error

    def _mapped(self, found: Found) -> MappedPage:
        return self._parents.placed(map_page(self._context, found.issues, found.histories, found.unreadable))

    def _page(self, number: int, mapped: MappedPage, tally: _Tally, *, is_increment: bool) -> Page:
        tally.seen.setdefault(number, set()).update(mapped.issue_ids)
        tally.issues += len(mapped.issue_ids)
        held = self._held(mapped.issue_ids) if is_increment and mapped.asides.more_worklogs else frozenset[str]()
        return self._complete(mapped, held, Progress(done=tally.issues, total=max(tally.total, tally.issues)))

    def _after(self, walk: Walk, number: int, tally: _Tally) -> Walk:
        """The walk once a window has come to its end: done, or with others in its place, or given up for this run."""
        refused = tally.refusals.pop(number, None)
        if refused is not None:
            return self._apart(walk, number, refused, tally)
        walked = len(tally.seen.pop(number, ()))
        window, jql = walk.windows[number], walk.group_of(number).jql
        if number in tally.counts:
            window = msgspec.structs.replace(window, count=tally.counts[number])
            if tally.counts[number] > WINDOW_ISSUES:
                parts = list(cut(self._dialect, self._pool, self._site.width, window, jql))
                tally.total += sum(part.count or 0 for part in parts)
                return walk.in_parts(number, parts)
        return self._ended(walk, number, window, walked, tally)

    def _ended(self, walk: Walk, number: int, window: Window, walked: int, tally: _Tally) -> Walk:
        """The walk after all pages of a window: once more in halves, if it is short of its count then and now.

        Of changes the first walk must be as long as the count, though that is approximate: a walk costs little there,
        and the next night would not find what one has missed.
        """
        jql, counted, exact = walk.group_of(number).jql, window.count, self._dialect.counts_exactly
        is_first_look = walk.group_of(number).is_increment and window.attempt == 0
        if counted is not None and is_short(walked, counted, exact=exact or is_first_look):
            counted = self._dialect.count(window.query(jql))
        if counted is not None and is_first_look and counted - walked > 0 and not is_short(walked, counted):
            return walk.in_parts(number, [msgspec.structs.replace(window, count=counted, attempt=1)])
        if counted is None or not is_short(walked, counted, exact=exact):
            tally.end(walked, counted)
            return walk.in_parts(number, [])
        again = halves(self._dialect, window, jql)
        if again:
            return walk.in_parts(number, again)
        tally.end(walked, counted)
        tally.unwalked.add(number)
        tally.problems.append(
            f"the search {window.query(jql)!r} ended early, again and again, with fewer than its about "
            f"{window.count} issues; the next run asks for all of them once more"
        )
        return walk

    def _apart(self, walk: Walk, number: int, refused: UnexpectedResponse, tally: _Tally) -> Walk:
        """One project that cannot be searched spoils the query of all: each is asked alone, and it is named then."""
        group = walk.group_of(number)
        units = {unit.key: unit for unit in self._site.units}
        if len(group.keys) > 1:
            alone = [Question((units[key],), group.condition, is_increment=True) for key in group.keys if key in units]
            return walk.apart(number, [question.group for question in alone])
        for key in group.keys:
            label = units[key].label if key in units else key
            tally.problems.append(refusal(key, label, refused))
        tally.unwalked.add(number)
        return walk


def held_by_none(_: Sequence[str]) -> frozenset[str]:
    """For a run without a warehouse."""
    return frozenset()
