"""The stream of links: events of the link feed → every event, and one row per link as its last event left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.answers import LinkEvent
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.pulling import bookmarks
from connectors.azure_devops.pulling.parents import Parents
from connectors.base import Page, Progress
from warehouse import records
from warehouse.records import IssueLink, qualified_id

_NAMES = {
    "System.LinkTypes.Dependency": "Predecessor",
    "System.LinkTypes.Hierarchy": "Parent",
}
"""What people call the source of a link, where the type's own name does not say it."""


def pages(source_id: str, gateway: Gateway, parents: Parents, bookmark: str | None, scope: str) -> Iterator[Page]:
    """Pages from the bookmark to the end of the feed, on its own bookmark.

    All links of the organisation: the feed does not tell the project of their ends, and a link made before its items
    came into scope would be lost for ever. They are read again when the scope has changed: the items that are new in it
    may have their parents from links of long ago.
    """
    done = 0
    token = bookmarks.read(bookmark, scope).token
    for batch, following in paging.feed(gateway.pool, gateway.links_after, token):
        done += len(batch.values)
        yield Page(
            records=[*rows(source_id, batch.values), *events(source_id, batch.values), *parents.rows(batch.values)],
            bookmark=bookmarks.write(following, scope),
            progress=Progress(done=done),
        )


def rows(source_id: str, found: Iterable[LinkEvent]) -> list[IssueLink]:
    """One row per link as its last event left it.

    A removal without its beginning has `created_at` None, which leaves the stored one as it is.
    """
    last: dict[str, IssueLink] = {}
    for event in found:
        link_id = _link_id(source_id, event)
        moment = event.changed_date.astimezone(UTC)
        before = last.get(link_id)
        last[link_id] = IssueLink(
            link_id=link_id,
            issue_id=qualified_id(source_id, event.source_id),
            other_issue_id=qualified_id(source_id, event.target_id),
            other_key=str(event.target_id),
            link_type=_type(event),
            direction="outward",
            created_at=moment if event.is_active else before.created_at if before else None,
            removed_at=None if event.is_active else moment,
        )
    return list(last.values())


def events(source_id: str, found: Iterable[LinkEvent]) -> list[records.LinkEvent]:
    """Every making and removal; what the feed sends twice is one row."""
    told: dict[str, records.LinkEvent] = {}
    for event in found:
        moment = event.changed_date.astimezone(UTC)
        event_id = f"{_link_id(source_id, event)}:{moment.isoformat()}:{'made' if event.is_active else 'removed'}"
        told[event_id] = records.LinkEvent(
            link_event_id=event_id,
            issue_id=qualified_id(source_id, event.source_id),
            other_issue_id=qualified_id(source_id, event.target_id),
            other_key=str(event.target_id),
            link_type=_type(event),
            direction="outward",
            happened_at=moment,
            is_made=event.is_active,
        )
    return list(told.values())


def _link_id(source_id: str, event: LinkEvent) -> str:
    return f"{source_id}:{event.rel}:{event.source_id}:{event.target_id}"


def _type(event: LinkEvent) -> str:
    return _NAMES.get(event.rel) or event.rel.rpartition(".")[2]
