"""The stream of links: events of the link feed → one row per link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from connectors.azure_devops import bookmarks, paging
from connectors.azure_devops.answers import LinkEvent
from connectors.azure_devops.gateway import Gateway
from connectors.base import Page, Progress
from warehouse.records import IssueLink, qualified_id

_NAMES = {
    "System.LinkTypes.Dependency": "Predecessor",
    "System.LinkTypes.Hierarchy": "Parent",
}
"""What people call the source of a link, where the type's own name does not say it."""


def pages(source_id: str, gateway: Gateway, bookmark: str | None) -> Iterator[Page]:
    """Pages from the bookmark to the end of the feed, on its own bookmark.

    All links of the organisation: the feed does not tell the project of their ends, and a link made before its items
    came into scope would be lost for ever.
    """
    done = 0
    token = bookmarks.read(bookmark, "").token
    for batch, following in paging.feed(gateway.pool, gateway.links_after, token):
        done += len(batch.values)
        yield Page(
            records=rows(source_id, batch.values),
            bookmark=bookmarks.write(following, ""),
            progress=Progress(done=done),
        )


def rows(source_id: str, events: Iterable[LinkEvent]) -> list[IssueLink]:
    """One row per link as its last event left it.

    A removal without its beginning has `created_at` None, which leaves the stored one as it is.
    """
    found: dict[str, IssueLink] = {}
    for event in events:
        link_id = f"{source_id}:{event.rel}:{event.source_id}:{event.target_id}"
        moment = event.changed_date.astimezone(UTC)
        before = found.get(link_id)
        found[link_id] = IssueLink(
            link_id=link_id,
            issue_id=qualified_id(source_id, event.source_id),
            other_issue_id=qualified_id(source_id, event.target_id),
            other_key=str(event.target_id),
            link_type=_NAMES.get(event.rel) or event.rel.rpartition(".")[2],
            direction="outward",
            created_at=moment if event.is_active else before.created_at if before else None,
            removed_at=None if event.is_active else moment,
        )
    return list(found.values())
