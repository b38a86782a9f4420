"""The list of statuses between two nights on which it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from connectors.jira.gateway.answers import Status
from connectors.jira.pulling.bookmark import remembered_ids
from connectors.remembered import LONGEST


class ListedStatuses(msgspec.Struct, frozen=True):
    """The bookmark of the stream of statuses."""

    site: str
    asked_at: datetime
    listed: list[Status]
    ever: list[str]
    """Ids of those that were listed at any time."""

    def text(self) -> str:
        """As a page carries it."""
        return msgspec.json.encode(self).decode()

    def is_young(self, site: str, now: datetime) -> bool:
        """Whether it is of this site and need not be asked for again."""
        return self.site == site and timedelta() <= now - self.asked_at < LONGEST


def read_statuses(bookmark: str | None) -> ListedStatuses:
    """The list of an earlier night; an earlier version kept nothing but the ids."""
    try:
        return msgspec.json.decode(bookmark or "", type=ListedStatuses)
    except msgspec.DecodeError:
        return ListedStatuses("", datetime.min, [], sorted(remembered_ids(bookmark)))  # noqa: DTZ901 - of no site


def as_shown(status: Status, listed: Mapping[str, Status]) -> Status | None:
    """The status as an issue shows it, when the list told it otherwise; what only lists tell stays."""
    before = listed.get(status.id)
    if before is None:
        return None
    category = status.status_category or before.status_category
    shown = msgspec.structs.replace(before, name=status.name, status_category=category)
    return None if shown == before else shown
