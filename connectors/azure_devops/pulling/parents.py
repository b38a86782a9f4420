"""The parents of items that links alone tell.

A link makes no revision: a revision tells the parent of its time (`System.Parent`), and who becomes parent later is
told by the feed of links, after the items themselves were stored. It is kept beside the stored snapshot until a newer
revision speaks for itself.

On Server 2019 no revision tells a parent: there the stored snapshots get it, and later revisions carry it on. There
are no changes of `parent` there: the events are in `link_events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from connectors.azure_devops.gateway.answers import LinkEvent
from connectors.azure_devops.gateway.organisation import ITEMS_AT_ONCE, Gateway
from connectors.azure_devops.mapping import items as mapping
from connectors.azure_devops.mapping import snapshots
from connectors.azure_devops.mapping.fields import PARENT
from connectors.azure_devops.mapping.history import Plan
from connectors.azure_devops.mapping.snapshots import PROJECT, Linked, Snapshot
from connectors.azure_devops.pulling.directory import Directory
from connectors.base import Recall
from warehouse.records import Record, qualified_id

HIERARCHY = "System.LinkTypes.Hierarchy"
_TO_PARENT = "System.LinkTypes.Hierarchy-Reverse"


class Parents:
    """Puts the parents of links into snapshots."""

    def __init__(self, source_id: str, gateway: Gateway, directory: Directory, recall: Recall) -> None:
        self._source_id = source_id
        self._gateway = gateway
        self._directory = directory
        self._recall = recall

    @property
    def _are_needed(self) -> bool:
        return not self._directory.context.fields.has_parent

    def rows(self, events: Sequence[LinkEvent]) -> Iterator[Record]:
        """The items that got another parent, again."""
        by_child: dict[int, list[LinkEvent]] = {}
        for event in events:
            if event.rel == HIERARCHY:
                by_child.setdefault(event.target_id, []).append(event)
        if not by_child:
            return
        contents = self._recall([qualified_id(self._source_id, each) for each in by_child])
        for child, told in by_child.items():
            known = snapshots.decode(contents.get(qualified_id(self._source_id, child), ""))
            if known is not None:
                yield from self._again(child, known, told)

    def carried(self, plans: Iterable[Plan], *, whole_feed: bool) -> Mapping[int, int]:
        """Parent by item for what the revisions of these plans do not tell.

        When the whole feed is read, new items get theirs from the links, which are read from their beginning too.
        Later an item that is new may have come into scope with links of long ago: its links are asked for.
        """
        if not self._are_needed:
            return {}
        found: dict[int, int] = {}
        strangers: list[int] = []
        for each in plans:
            if each.known is None:
                strangers.append(each.item_id)
            elif PARENT in each.known.fields:
                found[each.item_id] = each.known.fields[PARENT]
        return found if whole_feed else found | self._asked(strangers)

    def _asked(self, item_ids: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(item_ids), ITEMS_AT_ONCE):
            for item in self._gateway.work_items(item_ids[start : start + ITEMS_AT_ONCE], relations=True):
                for link in item.relations or ():
                    if link.rel == _TO_PARENT:
                        found[item.id] = int(link.url.rpartition("/")[2])
        return found

    def _again(self, child: int, known: Snapshot, told: Iterable[LinkEvent]) -> Iterator[Record]:
        parent, latest = known.parent, None
        for event in told:
            if self._is_past(known, event):
                continue
            if event.is_active:
                parent, latest = event.source_id, event.changed_date
            elif event.source_id == parent:
                parent, latest = None, event.changed_date
        if latest is None:
            return
        # kept even if the revision says so too: one that was made before the link may be told only after it
        newest = with_parent(known, parent) if self._are_needed else replace(known, linked=Linked(latest, parent))
        if newest == known:
            return
        in_scope = self._directory.covers(known.fields.get(PROJECT, ""))
        yield mapping.issue(self._directory.context, child, newest, in_scope=in_scope)
        yield mapping.issue_snapshot(self._directory.context, child, newest)

    def _is_past(self, known: Snapshot, event: LinkEvent) -> bool:
        """Whether the revision was made later and tells what came of the event."""
        return not self._are_needed and event.changed_date < known.changed_at


def still_linked(newest: Snapshot, known: Snapshot | None) -> Snapshot:
    """The newest revision with the parent that a link told after it; one told before is in the revision itself."""
    linked = known.linked if known is not None else None
    return newest if linked is None or linked.at < newest.changed_at else replace(newest, linked=linked)


def with_parent(snapshot: Snapshot, parent: int | None) -> Snapshot:
    """The snapshot with this parent, or without any."""
    fields = {reference: value for reference, value in snapshot.fields.items() if reference != PARENT}
    return replace(snapshot, fields=fields if parent is None else {**fields, PARENT: parent})
