"""Where a run may be killed: what it does, counted for each thread and each tracker, and a draw of some of it. Pure."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from warehouse.tables import COMPUTED, LOADED

_TABLE = re.compile(r'\b(?:INTO|FROM|UPDATE|TABLE|INDEX|COPY)\s+(?:IF (?:NOT )?EXISTS\s+)?"?(?:pg_temp\.)?(\w+)')
_LOADED = {table.name for table in LOADED}
_COMPUTED = {table.name for table in COMPUTED}
_OF_THEIR_OWN = {
    "leases", "bookmarks", "sync_runs", "job_runs", "notices", "stale_issues", "alembic_version", "data_dictionary",
}  # fmt: skip


class Place(NamedTuple):
    """Something that a run did: the so-and-so-manieth deed of its actor."""

    actor: str
    """A thread, or the tracker that a request went to: each does the same things in the same order in every run."""
    number: int
    """From 1."""
    kind: str
    """statement, rows, commit, committed or request."""
    what: str

    def __str__(self) -> str:
        return f"{self.actor} {self.number}: {self.kind} {self.what}".rstrip()

    @property
    def sort(self) -> str:
        """What places are alike: the kind, and of statements what they concern."""
        if self.kind != "statement":
            return self.kind
        if self.what.startswith(("CREATE TEMPORARY", "DROP TABLE IF EXISTS pg_temp")):
            return "staging"
        if self.what.startswith(("CREATE", "ALTER", "DROP", "COMMENT")):
            return "schema"
        found = _TABLE.search(self.what)
        name = found[1] if found else ""
        if name in _OF_THEIR_OWN:
            return name
        if self.what.startswith("SELECT") or not name:
            return "reading"
        return "loaded" if name in _LOADED else "computed" if name in _COMPUTED else "others"


def draw(places: Sequence[Place], count: int, chance: random.Random) -> list[Place]:
    """So many different places in their order: half spread evenly over the run, half over its sorts.

    So what is rare (taking the lease, saving a bookmark) gets its share beside what is frequent.
    """
    chosen = set(_spread(places, count // 2, chance))
    by_sort = defaultdict(list)
    for place in places:
        by_sort[place.sort].append(place)
    while len(chosen) < min(count, len(places)):
        for _, alike in sorted(by_sort.items()):
            left = [place for place in alike if place not in chosen]
            if left and len(chosen) < count:
                chosen.add(chance.choice(left))
    order = {place: number for number, place in enumerate(places)}
    return sorted(chosen, key=order.__getitem__)


def _spread(places: Sequence[Place], count: int, chance: random.Random) -> list[Place]:
    """One of each stretch of equal length."""
    edges = [len(places) * number // count for number in range(count + 1)] if count else []
    return [places[chance.randrange(a, b)] for a, b in pairwise(edges) if a < b]
