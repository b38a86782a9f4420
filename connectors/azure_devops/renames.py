"""The stream of areas: paths of renamed areas reach the items, though no revision tells of them.

The paths of a project's areas are remembered by their numbers. When one has changed, the items below it are pulled
with their histories, in which the tracker gives the new path. If they are many, the feed is read from its beginning
instead, which brings a thousand revisions with each request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from connectors.azure_devops import queries
from connectors.azure_devops.directory import Directory
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.revisions import RevisionPages
from connectors.azure_devops.telling import Teller
from connectors.base import Page

_MOST_PULLED = 500


class Known(msgspec.Struct, frozen=True):
    """The areas of an earlier run: project → number → path."""

    areas: dict[str, dict[int, str]] = {}
    v: int = 1


class RenamePages:
    """Compares the areas with those of the run before."""

    def __init__(self, gateway: Gateway, directory: Directory, teller: Teller, feed: RevisionPages) -> None:
        self._gateway = gateway
        self._directory = directory
        self._teller = teller
        self._feed = feed

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """The items of renamed areas, then a page that remembers the paths of now."""
        before = _read(bookmark).areas
        now = {each.project_id or each.name: dict(each.areas.paths) for each in self._directory.models()}
        renamed = [path for project, paths in now.items() for path in topmost(before.get(project, {}), paths)]
        if renamed:
            yield from self._rewritten(renamed)
        kept = {project: paths or before.get(project, {}) for project, paths in now.items()}
        yield Page(bookmark=msgspec.json.encode(Known(areas=kept)).decode())

    def _rewritten(self, renamed: list[str]) -> Iterator[Page]:
        names = ", ".join(f"'{path}'" for path in renamed[:5]) + (", …" if len(renamed) > 5 else "")  # noqa: PLR2004
        found: list[int] = []
        for path in renamed:
            for ids in queries.windows(self._gateway, [queries.under("System.AreaPath", path)]):
                found += ids
        note = f"areas were renamed: {names}; the items in them ({len(found)}) are read again"
        yield Page(notes=[note])
        if len(found) > _MOST_PULLED:
            for page in self._feed.pages(None):
                yield replace(page, bookmark=None)  # the stream of issues goes on from its own
        else:
            for _, page in self._teller.histories(sorted(set(found))):
                yield page


def topmost(before: Mapping[int, str], now: Mapping[int, str]) -> Iterable[str]:
    """The new paths of the areas that have another one than before, without those below another one of them."""
    changed = sorted((path for node, path in now.items() if before.get(node, path) != path), key=len)
    kept: list[str] = []
    for path in changed:
        if not any(path.startswith(f"{above}\\") for above in kept):
            kept.append(path)
    return kept


def _read(bookmark: str | None) -> Known:
    try:
        found = msgspec.json.decode(bookmark or "{}", type=Known)
    except msgspec.DecodeError:
        return Known()
    return found if found.v == 1 else Known()
