"""The stream of worklogs: what the site's feeds say was written or deleted since the last look.

The worklogs of an issue come with the issue (`mapping/asides.py`), whenever that is new in the scope or was
touched: so those that are older than its coming are there, whatever the reason why it came. What remains for the
feeds are deletions, and changes that touch no issue; they cost two requests a night. They speak of the whole site:
worklogs of issues that the warehouse does not have are dropped.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import timedelta

import msgspec

from connectors.base import Held, Mark, Page
from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.jira.gateway.aside_answers import ChangedWorklog, WorklogAnswer, WorklogFeed
from connectors.jira.gateway.values import instant, start_of
from connectors.jira.mapping.asides import map_worklog
from connectors.jira.mapping.history import Mentions
from connectors.jira.pulling.newcomers import Newcomers
from connectors.jira.pulling.site import Site
from warehouse.records import Worklog, qualified_id

_MARGIN = int(timedelta(days=1) / timedelta(milliseconds=1))
"""How long before the walk the first look begins: no clock of ours is that wrong."""
_LISTED = 1_000
_REFUSED = 400


class Since(msgspec.Struct, frozen=True):
    """The bookmark: where each feed goes on, in epoch milliseconds of the site's own clock."""

    updated: int
    deleted: int
    seen: tuple[int, ...] = ()
    """Worklogs that were written at the very instant `updated`: the feed names them once more."""

    def text(self) -> str:
        """As a page carries it."""
        return msgspec.json.encode(self).decode()


class WorklogPages:
    """Yields the pages of the stream for one bookmark."""

    def __init__(self, site: Site, newcomers: Newcomers, held: Held, began_at: int | None) -> None:
        self._site = site
        self._newcomers = newcomers
        self._held = held
        self._began_at = began_at

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """What was written, then what was deleted. Where time tracking is off there is nothing."""
        since = self._read(bookmark)
        try:
            since = yield from self._updated(since)
            yield from self._deleted(since)
        except (NotFound, PermissionMissing) as error:
            yield Page(notes=[_left_out(error)])
        except UnexpectedResponse as error:
            if error.status != _REFUSED:
                raise
            yield Page(notes=[_left_out(error)])

    def _read(self, bookmark: str | None) -> Since:
        try:
            if bookmark is not None:
                return msgspec.json.decode(bookmark, type=Since)
        except msgspec.DecodeError:
            pass
        settings = self._site.settings
        first = (self._site.began_at if self._began_at is None else self._began_at) - _MARGIN
        if settings.changed_since is not None:
            first = min(first, start_of(settings.changed_since))
        # all deletions there ever were: a warehouse that is pulled anew may hold what was deleted since its last look
        return Since(updated=first, deleted=0)

    def _updated(self, since: Since) -> Generator[Page, None, Since]:
        for feed in self._feed("updated", since.updated):
            new = [one for one in feed.values if one.updated_time != since.updated or one.worklog_id not in since.seen]
            until = max(since.updated, feed.until)
            seen = tuple(one.worklog_id for one in feed.values if one.updated_time == until)
            since = msgspec.structs.replace(since, updated=until, seen=seen)
            yield self._written(new, since)
        return since

    def _deleted(self, since: Since) -> Iterator[Page]:
        source_id = self._site.settings.source_id
        for feed in self._feed("deleted", since.deleted):
            since = msgspec.structs.replace(since, deleted=max(since.deleted, feed.until))
            at = {qualified_id(source_id, one.worklog_id): instant(one.updated_time) for one in feed.values}
            yield Page(marks=[Mark(record_type=Worklog, column="deleted_at", at=at)], bookmark=since.text())

    def _feed(self, what: str, since: int) -> Iterator[WorklogFeed]:
        """Pages of a feed; the end of one is where the next begins. One that stays where it is would never end."""
        while True:
            feed = self._site.gateway.worklog_feed(what, since)
            yield feed
            if feed.is_last:
                return
            if feed.until <= since:
                raise UnexpectedResponse(f"GET worklog/{what} goes on at {feed.until}, where it was; it would not end")
            since = feed.until

    def _written(self, changed: Iterable[ChangedWorklog], since: Since) -> Page:
        """The worklogs that a page of the feed names, as far as they are shown and belong to issues that we hold."""
        named = list(dict.fromkeys(one.worklog_id for one in changed))
        told: list[WorklogAnswer] = []
        for first in range(0, len(named), _LISTED):
            told += self._site.gateway.worklogs_by_id(named[first : first + _LISTED])
        mentions, rows = Mentions(), self._rows(told)
        records = [map_worklog(self._site.settings.source_id, one.issue_id, one, mentions.person) for one in rows]
        hidden = len(named) - len(told)
        notes = [f"{hidden} of {len(named)} worklogs that were written are not shown to the account"] if hidden else []
        return Page(records=[*self._newcomers.records(mentions), *records], bookmark=since.text(), notes=notes)

    def _rows(self, told: Sequence[WorklogAnswer]) -> list[WorklogAnswer]:
        source_id = self._site.settings.source_id
        issues = {qualified_id(source_id, one.issue_id) for one in told}
        held = self._held(sorted(issues)) if issues else frozenset[str]()
        return [one for one in told if qualified_id(source_id, one.issue_id) in held]


def _left_out(error: Exception) -> str:
    return f"worklogs are not told by the site: {error}"
