"""The stream of issues with their histories: a full walk for what is new in the scope, then changes only."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from connectors.base import Page, Progress
from connectors.flight import side_by_side
from connectors.jira.bookmark import State, Walk, Window, read_state
from connectors.jira.dialect import Dialect
from connectors.jira.mapping import NOT_STORED, MappedPage, MappingContext, map_page
from connectors.jira.newcomers import Newcomers
from connectors.jira.parents import Parents
from connectors.jira.settings import JiraSettings, start_of
from connectors.jira.site import Site
from connectors.jira.values import epoch_milliseconds
from connectors.jira.walk import Question, halves, in_groups, is_short, plan


@dataclass(slots=True)
class _Tally:
    """What a walk under way has seen."""

    total: int
    issues: int = 0
    seen: dict[int, set[str]] = field(default_factory=dict)
    """Ids by window."""


class IssuePages:
    """Yields the pages of the stream for one bookmark."""

    def __init__(self, site: Site, context: MappingContext, newcomers: Newcomers) -> None:
        self._context = context
        self._newcomers = newcomers
        self._site = site
        self._dialect: Dialect = site.dialect
        self._settings: JiraSettings = site.settings
        self._pool: ThreadPoolExecutor = site.pool
        self._parents = Parents(site.dialect, site.settings.source_id)
        self._left_out = (*sorted(NOT_STORED), *site.fields.ids("rank"))

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """An interrupted walk is ended first; then comes what changed since it began."""
        state = read_state(bookmark, self._settings.scope_hash())
        if state.walk is not None:
            state = yield from self._walk(state, state.walk)
        walk, problems = self._new_walk(state)
        state = msgspec.structs.replace(state, walk=walk)
        total = sum(window.count for window in walk.windows)
        yield Page(bookmark=state.text(), problems=problems, progress=Progress(done=0, total=total))
        yield from self._walk(state, walk)

    def _new_walk(self, state: State) -> tuple[Walk, list[str]]:
        """New units in full, the others for changes; problems name units that cannot be searched."""
        started_at = epoch_milliseconds(self._settings.now())
        walked = frozenset(state.walked)
        since = self._settings.history_since
        touched = f"updated >= {start_of(since)}" if since else ""
        units = self._site.units
        questions = [
            *(Question((unit,), touched) for unit in units if unit.key not in walked),
            *in_groups([unit for unit in units if unit.key in walked], f"updated >= {self._lower_bound(state)}"),
        ]
        made = plan(self._dialect, self._pool, self._site.width, questions)
        return Walk(started_at, made.groups, made.windows), list(made.refused.values())

    def _lower_bound(self, state: State) -> int:
        """Since when changes are asked for. There is no upper bound: it would lose what changes all the time."""
        since = (state.updated_since or 0) - int(self._settings.overlap_seconds * 1000)
        wanted = self._settings.changed_since
        return max(0, min(since, start_of(wanted)) if wanted else since)

    def _walk(self, state: State, walk: Walk) -> Generator[Page, None, State]:
        """Pages of the windows that are not done; gives back the state after the walk."""
        tally = _Tally(total=sum(window.count for window in walk.windows))
        short: list[int] = []
        while todo := [n for n in range(len(walk.windows)) if n not in walk.done and n not in short]:
            chains = [self._chain(walk.query(number)) for number in todo]
            for place, mapped in side_by_side(self._pool, chains, self._site.width):
                number = todo[place]
                if mapped is not None:
                    yield self._page(number, mapped, tally)
                    continue
                parts = self._missing_parts(walk, number, len(tally.seen.pop(number, ())))
                if parts is None:
                    short.append(number)
                    continue
                walk = Walk(walk.started_at, walk.groups, walk.windows + parts, [*walk.done, number])
                yield Page(bookmark=msgspec.structs.replace(state, walk=walk).text())
        return (yield from self._end(state, walk, short, tally))

    def _end(self, state: State, walk: Walk, short: Sequence[int], tally: _Tally) -> Generator[Page, None, State]:
        """The last page. Units whose search ended early again and again are walked in full by the next run."""
        incomplete = {walk.windows[number].group for number in short}
        walked = [key for n, group in enumerate(walk.groups) if n not in incomplete for key in group.keys]
        state = msgspec.structs.replace(state, walked=walked, updated_since=walk.started_at, walk=None)
        problems = [
            f"the search {walk.query(number)!r} ended early, again and again, with fewer than its about "
            f"{walk.windows[number].count} issues; the next run asks for all of them once more"
            for number in short
        ]
        yield Page(bookmark=state.text(), problems=problems, progress=Progress(done=tally.issues, total=tally.issues))
        return state

    def _chain(self, query: str) -> Iterator[MappedPage]:
        """Pages of one window with their histories; runs on the pool."""
        for found in self._dialect.search(query, self._left_out):
            if found.issues:
                yield self._parents.placed(map_page(self._context, found.issues, found.histories))

    def _page(self, number: int, mapped: MappedPage, tally: _Tally) -> Page:
        tally.seen.setdefault(number, set()).update(mapped.issue_ids)
        tally.issues += len(mapped.issue_ids)
        return Page(
            records=(*self._newcomers.records(mapped.mentions), *mapped.records),
            replacements=mapped.replacements,
            notes=mapped.notes,
            progress=Progress(done=tally.issues, total=max(tally.total, tally.issues)),
        )

    def _missing_parts(self, walk: Walk, number: int, walked: int) -> list[Window] | None:
        """Nothing when the walk was complete, else the windows to walk again; None when that was tried enough."""
        window, query = walk.windows[number], walk.query(number)
        exact = self._dialect.counts_exactly
        if not is_short(walked, window.count, exact=exact):
            return []
        if not is_short(walked, self._dialect.count(query), exact=exact):
            return []
        return halves(self._dialect, window, walk.groups[window.group].jql) or None
