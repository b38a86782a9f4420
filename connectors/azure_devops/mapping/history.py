"""Which revisions of an item are news, and what they have to be compared with."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from connectors.azure_devops.gateway.answers import Revision
from connectors.azure_devops.mapping import snapshots
from connectors.azure_devops.mapping.snapshots import Snapshot
from connectors.base import Recall
from connectors.typed import ready
from warehouse.records import qualified_id

_REMEMBERED_ITEMS = 5_000
_REVISIONS_ASIDE = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do with an item's revisions of one page."""

    item_id: int
    known: Snapshot | None
    """The last stored revision."""
    base: Snapshot | None
    """What the first of `revisions` is compared with; None when that one is the beginning, or nothing is known."""
    revisions: Sequence[Revision]
    """The new ones in order, each once; empty when the newest is stored already."""
    newest: Revision
    """The last of the page."""
    is_incomplete: bool = False
    """Revisions are missing in between: the whole history must be fetched."""
    starts_over: bool = False
    """The history is told from its beginning, in place of what is stored."""
    is_pulled: bool = False
    """The item was asked for by its id: the feed sends the same revisions with some fields less."""


def plan(item_id: int, revisions: Sequence[Revision], known: Snapshot | None, *, is_trusted: bool) -> Plan | None:
    """The plan for an item whose last stored revision is `known`; None when the page says nothing new.

    `revisions` are the item's of one page, in order, each once. `is_trusted`: the history up to `known` was stored by
    the rules in force, and its revisions before that need not be told again.
    """
    first, newest = revisions[0].rev, revisions[-1]
    has_gap = newest.rev - first != len(revisions) - 1
    if known is None or not is_trusted:
        return Plan(
            item_id=item_id,
            known=known,
            base=None,
            revisions=revisions,
            newest=newest,
            is_incomplete=has_gap or first != 1,
            starts_over=known is not None,
        )
    if newest.rev < known.rev:
        return None  # an old revision, sent again because its RevisedDate was rewritten
    news = [each for each in revisions if each.rev > known.rev]
    gap = bool(news) and newest.rev - known.rev != len(news)
    return Plan(item_id=item_id, known=known, base=known, revisions=news, newest=newest, is_incomplete=gap)


def completed(incomplete: Plan, fetched: Iterable[Revision]) -> Plan:
    """The plan with the item's whole history as `fetched`; without it (recycle bin, no permission), as good as can be.

    Revisions after the newest of the page are left to later pages, so that what is kept is always what the feed sent:
    single items come with some more fields.
    """
    newest = incomplete.newest
    whole = {each.rev: each for each in fetched if each.rev <= newest.rev}
    if not whole:
        known = incomplete.known
        news = [each for each in incomplete.revisions if known is None or each.rev > known.rev]
        return replace(incomplete, base=known, revisions=news, is_incomplete=False, starts_over=False)
    whole = {**{each.rev: each for each in incomplete.revisions}, **whole}
    return replace(
        incomplete,
        base=None,
        revisions=[whole[rev] for rev in sorted(whole)],
        is_incomplete=False,
        starts_over=incomplete.known is not None,
    )


def pulled(item_id: int, fetched: Iterable[Revision], known: Snapshot | None) -> Plan | None:
    """The plan for an item that was asked for by its id; None when nothing of it is to be seen."""
    whole = {each.rev: each for each in fetched}
    if not whole:
        return None
    revisions = [whole[rev] for rev in sorted(whole)]
    return Plan(
        item_id=item_id,
        known=known,
        base=None,
        revisions=revisions,
        newest=revisions[-1],
        starts_over=True,
        is_pulled=True,
    )


def as_fed(newest: Snapshot, known: Snapshot | None) -> Snapshot:
    """The last revision of a pulled item, in the form with which the feed's next one can be compared.

    Where the feed has sent that very revision, its fields count, with the values of now (paths of renamed nodes).
    Elsewhere the snapshot is marked as not to be trusted: the next revision brings the whole history again.
    """
    if known is not None and known.rev == newest.rev and known.scope == newest.scope:
        fields = {reference: newest.fields.get(reference, value) for reference, value in known.fields.items()}
        return msgspec.structs.replace(newest, fields=fields)
    return msgspec.structs.replace(newest, scope="")


def by_item(revisions: Iterable[Revision]) -> dict[int, list[Revision]]:
    """The revisions of each item in order; of one that comes twice the last counts."""
    grouped: dict[int, dict[int, Revision]] = {}
    for each in revisions:
        grouped.setdefault(each.id, {})[each.rev] = each
    return {item_id: [found[rev] for rev in sorted(found)] for item_id, found in grouped.items()}


class Memory:
    """The last stored revision of items: recent ones from memory, the others by asking the warehouse."""

    def __init__(self, source_id: str, recall: Recall, size: int = _REMEMBERED_ITEMS) -> None:
        self._source_id = source_id
        self._recall = recall
        self._size = size
        self._recent: OrderedDict[int, Snapshot] = OrderedDict()
        self._recalled: dict[int, Snapshot] = {}

    def look_up(self, item_ids: Iterable[int]) -> None:
        """Ask for all of these at once, so that `known` can answer."""
        wanted = {qualified_id(self._source_id, each): each for each in item_ids if each not in self._recent}
        contents = self._recall(list(wanted)) if wanted else {}
        decoded = {wanted[key]: snapshots.decode(content) for key, content in contents.items() if key in wanted}
        self._recalled = {each: found for each, found in decoded.items() if found is not None}

    def known(self, item_id: int) -> Snapshot | None:
        """The item's last stored revision, if it was looked up."""
        return self._recent.get(item_id) or self._recalled.get(item_id)

    def remember(self, item_id: int, newest: Snapshot) -> None:
        """Keep an item's new last revision at hand."""
        self._recent[item_id] = newest
        self._recent.move_to_end(item_id)
        if len(self._recent) > self._size:
            self._recent.popitem(last=False)


class Aside:
    """Revisions of items that are out of scope, packed, in case an item moves into scope in the course of a run.

    Without it each such item would cost a request in a first run. The items that came last are kept.
    """

    def __init__(self, most: int = _REVISIONS_ASIDE) -> None:
        self._most = most
        self._packed: OrderedDict[int, list[bytes]] = OrderedDict()
        self._count = 0

    def keep(self, item_id: int, revisions: Iterable[Revision]) -> None:
        """Lay these aside."""
        try:
            packed = [zlib.compress(msgspec.msgpack.encode(each), level=1) for each in revisions]
        except OverflowError:  # a number that cannot be packed: it is out of scope, and fetched again if it comes in
            return
        self._packed.setdefault(item_id, []).extend(packed)
        self._packed.move_to_end(item_id)
        self._count += len(packed)
        while self._count > self._most:
            self._count -= len(self._packed.popitem(last=False)[1])

    def take(self, item_id: int) -> list[Revision]:
        """What was laid aside of an item."""
        packed = self._packed.pop(item_id, [])
        self._count -= len(packed)
        return [msgspec.msgpack.decode(zlib.decompress(each), type=ready(Revision)) for each in packed]
