"""Plans of items → what a page says of them: issues, changes, labels, people, and states that no process has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import changes
from connectors.azure_devops.mapping import items as mapping
from connectors.azure_devops.mapping.history import Memory, Plan, as_fed, pulled
from connectors.azure_devops.mapping.identities import user, user_key
from connectors.azure_devops.mapping.snapshots import PROJECT, STATE, TYPE, Context, Snapshot, project_name, snapshot
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.parents import Parents, still_linked, with_parent
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Malformed, Page, Recall, Replacement
from connectors.http.flight import in_order
from connectors.malformed import UNREADABLE, require_mostly_readable, why
from warehouse.records import IssueChange, IssueLabel, Record, Status, User, qualified_id

_HISTORIES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Told:
    """An item's part of a page."""

    plan: Plan
    steps: list[Snapshot]
    newest: Snapshot
    changes: list[IssueChange]
    labels: list[IssueLabel]
    people: Iterable[str]


class Teller:
    """Makes pages of items, in one run."""

    def __init__(
        self, settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, recall: Recall, width: int
    ) -> None:
        self._gateway = gateway
        self._directory = directory
        self._width = width
        self._parents = Parents(settings.source_id, gateway, directory, recall)
        self._last_text: dict[str, str] = {}
        self._stubs: set[str] = set()
        self.memory = Memory(settings.source_id, recall)

    def page(self, plans: Sequence[Plan], *, whole_feed: bool = False) -> Page:
        """The items of these plans. `whole_feed`: they come from a feed that is read from its beginning."""
        records: list[Record] = list(self._unknown_projects(plans))
        context = self._directory.context
        parents = self._parents.carried(plans, whole_feed=whole_feed)
        told, malformed = [], []
        for plan in plans:
            try:
                each = _tell(context, plan, parents.get(plan.item_id))
                rows = self._item(context, each)
            except UNREADABLE as error:
                issue_id = qualified_id(context.source_id, plan.item_id)
                malformed.append(Malformed(issue_id=issue_id, label=f"work item {plan.item_id}", reason=why(error)))
                continue
            records += self._unknown_states(context, each)
            records += self._new_users(context.source_id, each.people)
            records += rows
            self.memory.remember(plan.item_id, each.newest)
            told.append(each)
        require_mostly_readable(malformed, len(plans))
        return Page(
            records=records,
            replacements=_replacements(context, told),
            problems=self._directory.take_problems(),
            malformed=malformed,
        )

    def histories(self, item_ids: Sequence[int], at_once: int = _HISTORIES_A_PAGE) -> Iterator[tuple[list[int], Page]]:
        """Whole histories of items, asked for by id; those that are not to be seen are left out of the ids."""
        fetched = in_order(self._gateway.pool, self._gateway.revisions_of, item_ids, self._width)
        for start in range(0, len(item_ids), at_once):
            some = item_ids[start : start + at_once]
            self.memory.look_up(some)
            plans = [pulled(each, next(fetched), self.memory.known(each)) for each in some]
            seen = [each for each in plans if each is not None]
            yield [each.item_id for each in seen], self.page(seen)

    def _unknown_projects(self, plans: Sequence[Plan]) -> Iterator[Record]:
        """Projects out of scope that the items come from or have gone to, with their types and statuses."""
        if not self._directory.is_limited:
            return
        names = {project_name(each) or "" for p in plans for each in (*p.revisions, p.newest)}
        names |= {p.base.fields.get(PROJECT, "") for p in plans if p.base}
        source_id = self._directory.context.source_id
        for model in self._directory.learn(names):
            yield mapping.project_of(source_id, model)
            yield from mapping.issue_types(source_id, model)
            yield from mapping.statuses(source_id, model)

    def _unknown_states(self, context: Context, told: _Told) -> Iterator[Status]:
        """States that occur in history only: a row without a category, which leaves the last known one as it is."""
        for each in (*told.steps, told.newest):
            model = context.organisation.model(each.fields.get(PROJECT, ""))
            type_, state = each.fields.get(TYPE, ""), each.fields.get(STATE, "")
            if model.project_id is None or not state or (type_, state) in model.categories:
                continue
            row = mapping.status(context.source_id, model, type_, state)
            if row.status_id not in self._stubs:
                self._stubs.add(row.status_id)
                yield row

    def _item(self, context: Context, told: _Told) -> list[Record]:
        item_id, newest = told.plan.item_id, told.newest
        in_scope = self._directory.covers(newest.fields.get(PROJECT, ""))
        own = [
            mapping.issue(context, item_id, newest, in_scope=in_scope),
            mapping.issue_snapshot(context, item_id, newest),
        ]
        return own if told.plan.starts_over else [*own, *told.changes]

    def _new_users(self, source_id: str, people: Iterable[str]) -> Iterator[User]:
        for text in people:
            if text == self._last_text.get(key := user_key(text)):
                continue
            self._last_text[key] = text  # a person may be renamed in the course of a history: the last name counts
            yield user(source_id, text)


def _tell(context: Context, each: Plan, parent: int | None) -> _Told:
    """The item's new snapshots and what changed with each."""
    steps = [snapshot(context, revision) for revision in each.revisions]
    newest = steps[-1] if each.revisions and each.revisions[-1] is each.newest else snapshot(context, each.newest)
    if parent is not None:
        steps = [with_parent(step, parent) for step in steps]
        newest = with_parent(newest, parent)
    newest = still_linked(newest, each.known)
    before = each.base
    found: list[IssueChange] = []
    for step in steps:
        if before is not None:
            found += changes.changes(context, each.item_id, before, step)
        before = step
    newest = as_fed(newest, each.known) if each.is_pulled else newest
    people = mapping.people(context, (*steps, newest))
    return _Told(each, steps, newest, found, mapping.labels(context, each.item_id, newest), people)


def _replacements(context: Context, told: Iterable[_Told]) -> list[Replacement]:
    ids = {each.plan.item_id: qualified_id(context.source_id, each.plan.item_id) for each in told}
    again = [each for each in told if each.plan.starts_over]
    labels = [row for each in told for row in each.labels]
    rewritten = [row for each in again for row in each.changes]
    found = []
    if ids:
        found.append(Replacement(record_type=IssueLabel, scope="issue_id", values=[*ids.values()], records=labels))
    if again:
        values = [ids[each.plan.item_id] for each in again]
        found.append(Replacement(record_type=IssueChange, scope="issue_id", values=values, records=rewritten))
    return found
