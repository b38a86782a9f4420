"""The stream of issues: pages of the organisation-wide feed of revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.answers import Batch, Revision
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping.history import Aside, Plan, by_item, completed, plan
from connectors.azure_devops.mapping.snapshots import Snapshot, project_name
from connectors.azure_devops.pulling import bookmarks
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.telling import Teller
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Page, Progress
from connectors.http.flight import in_order


class RevisionPages:
    """Reads the organisation-wide feed of revisions, once."""

    def __init__(
        self, settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, teller: Teller, width: int
    ) -> None:
        self._settings = settings
        self._gateway = gateway
        self._directory = directory
        self._teller = teller
        self._width = width
        self._aside = Aside()
        self._told: set[int] = set()
        self._begins = False
        self._done = 0

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """Pages from the bookmark to the end of the feed.

        Without one, or when the scope has changed, the feed is read from its beginning and all history written again.
        """
        scope = self._settings.scope
        token = bookmarks.read(bookmark, scope).token
        self._begins = token is None
        since = self._settings.changed_since or self._settings.history_since
        fetch = self._gateway.revisions_after(since, with_texts=self._settings.stores_text)
        for batch, following in paging.feed(self._gateway.pool, fetch, token):
            yield self._page(batch, bookmarks.write(following, scope))

    def _page(self, batch: Batch[Revision], bookmark: str) -> Page:
        plans = self._completed(self._plans(batch))
        self._done += len(batch.values)
        page = self._teller.page(plans, whole_feed=self._begins)
        return replace(page, bookmark=bookmark, progress=Progress(done=self._done))

    def _plans(self, batch: Batch[Revision]) -> list[Plan]:
        items = by_item(batch.values)
        self._teller.memory.look_up(items)
        plans = []
        for item_id, revisions in items.items():
            known = self._teller.memory.known(item_id)
            if known is None and not self._is_in_scope(revisions):
                self._aside.keep(item_id, revisions)
                continue  # never in scope so far; should it come, its whole history is needed
            earlier = self._aside.take(item_id) if known is None else []
            whole = by_item([*earlier, *revisions])[item_id] if earlier else revisions
            found = plan(item_id, whole, known, is_trusted=self._trusts(item_id, known))
            self._told.add(item_id)
            if found:
                plans.append(found)
        return plans

    def _is_in_scope(self, revisions: Iterable[Revision]) -> bool:
        names = {project_name(revision) for revision in revisions}
        if not names - {""}:
            return True  # none of them names a project, as each should: it is told, not passed over
        return any(name is None or self._directory.covers(name) for name in names)  # what cannot be read is told

    def _trusts(self, item_id: int, known: Snapshot | None) -> bool:
        """Whether what is stored was written by the rules in force, and not to be written again by this very run."""
        if known is None or known.scope != self._settings.scope:
            return False
        return not self._begins or item_id in self._told

    def _completed(self, plans: list[Plan]) -> list[Plan]:
        """Where revisions are missing (an item newly in scope), the whole history, fetched side by side."""
        missing = [each.item_id for each in plans if each.is_incomplete]
        fetched = in_order(self._gateway.pool, self._gateway.revisions_of, missing, self._width)
        return [completed(each, next(fetched)) if each.is_incomplete else each for each in plans]
