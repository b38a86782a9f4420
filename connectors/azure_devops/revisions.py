"""The stream of issues: pages of revisions → snapshots, issues, changes, labels and users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.azure_devops import bookmarks, changes, mapping, paging
from connectors.azure_devops.answers import Batch, Revision
from connectors.azure_devops.directory import Directory
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.history import Memory, Plan, by_item, completed, plan
from connectors.azure_devops.identities import user, user_key
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.azure_devops.snapshots import PROJECT, Context, Snapshot, snapshot
from connectors.base import Page, Progress, Recall, Replacement
from connectors.flight import in_order
from warehouse.records import IssueChange, IssueLabel, Record, User, qualified_id


@dataclass(frozen=True, slots=True)
class _Told:
    """An item's part of a page."""

    plan: Plan
    steps: list[Snapshot]
    newest: Snapshot
    changes: list[IssueChange]


class RevisionPages:
    """Reads the organisation-wide feed of revisions, once."""

    def __init__(
        self, settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, recall: Recall, width: int
    ) -> None:
        self._settings = settings
        self._gateway = gateway
        self._directory = directory
        self._memory = Memory(settings.source_id, recall)
        self._width = width
        self._told: set[int] = set()
        self._last_text: dict[str, str] = {}
        self._begins = False
        self._done = 0

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """Pages from the bookmark to the end of the feed.

        Without one, or when the scope has changed, the feed is read from its beginning and all history written again.
        """
        scope = self._settings.scope
        token = bookmarks.read(bookmark, scope).token
        self._begins = token is None
        fetch = self._gateway.revisions_after(self._settings.changed_since or self._settings.history_since)
        for batch, following in paging.feed(self._gateway.pool, fetch, token):
            yield self._page(batch, bookmarks.write(following, scope))

    def _page(self, batch: Batch[Revision], bookmark: str) -> Page:
        plans = self._completed(self._plans(batch))
        records: list[Record] = list(self._unknown_projects(plans))
        context = self._directory.context
        told = [_tell(context, each) for each in plans]
        for each in told:
            records += self._new_users(context, each)
            records += self._item(context, each)
        self._done += len(batch.values)
        return Page(
            records=records,
            replacements=_replacements(context, told),
            bookmark=bookmark,
            problems=self._directory.take_problems(),
            progress=Progress(done=self._done),
        )

    def _plans(self, batch: Batch[Revision]) -> list[Plan]:
        items = by_item(batch.values)
        self._memory.look_up(items)
        plans = []
        for item_id, revisions in items.items():
            known = self._memory.known(item_id)
            if known is None and not self._is_in_scope(revisions):
                continue  # never in scope so far; should it come, its whole history is fetched
            found = plan(item_id, revisions, known, is_trusted=self._trusts(item_id, known))
            self._told.add(item_id)
            if found:
                plans.append(found)
        return plans

    def _is_in_scope(self, revisions: Iterable[Revision]) -> bool:
        return any(self._directory.covers(each.fields.get(PROJECT, "")) for each in revisions)

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

    def _unknown_projects(self, plans: list[Plan]) -> Iterator[Record]:
        """Projects out of scope that the items come from or have gone to, with their types and statuses."""
        if not self._directory.is_limited:
            return
        names = {each.fields.get(PROJECT, "") for p in plans for each in (*p.revisions, p.newest)}
        names |= {p.base.fields.get(PROJECT, "") for p in plans if p.base}
        source_id = self._settings.source_id
        for model in self._directory.learn(names):
            yield mapping.project_of(source_id, model)
            yield from mapping.issue_types(source_id, model)
            yield from mapping.statuses(source_id, model)

    def _item(self, context: Context, told: _Told) -> Iterator[Record]:
        item_id, newest = told.plan.item_id, told.newest
        in_scope = self._directory.covers(newest.fields.get(PROJECT, ""))
        yield mapping.issue(context, item_id, newest, in_scope=in_scope)
        yield mapping.issue_snapshot(context, item_id, newest)
        if not told.plan.starts_over:
            yield from told.changes
        self._memory.remember(item_id, newest)

    def _new_users(self, context: Context, told: _Told) -> Iterator[User]:
        for text in mapping.people(context, (*told.steps, told.newest)):
            if text == self._last_text.get(key := user_key(text)):
                continue
            self._last_text[key] = text  # a person may be renamed in the course of a history: the last name counts
            yield user(context.source_id, text)


def _tell(context: Context, each: Plan) -> _Told:
    """The item's new snapshots and what changed with each."""
    steps = [snapshot(context, revision) for revision in each.revisions]
    before = each.base
    found: list[IssueChange] = []
    for step in steps:
        if before is not None:
            found += changes.changes(context, each.item_id, before, step)
        before = step
    newest = steps[-1] if each.revisions and each.revisions[-1] is each.newest else snapshot(context, each.newest)
    return _Told(each, steps, newest, found)


def _replacements(context: Context, told: list[_Told]) -> list[Replacement]:
    ids = {each.plan.item_id: qualified_id(context.source_id, each.plan.item_id) for each in told}
    again = [each for each in told if each.plan.starts_over]
    labels = [row for each in told for row in mapping.labels(context, each.plan.item_id, each.newest)]
    rewritten = [row for each in again for row in each.changes]
    found = []
    if told:
        found.append(Replacement(record_type=IssueLabel, scope="issue_id", values=[*ids.values()], records=labels))
    if again:
        values = [ids[each.plan.item_id] for each in again]
        found.append(Replacement(record_type=IssueChange, scope="issue_id", values=values, records=rewritten))
    return found
