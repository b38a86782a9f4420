"""The stream of nodes: renamed areas and iterations stay one, and their new paths reach the items.

No revision tells of a new path. The paths of a project's nodes are remembered by their numbers, the former ones too.
When one has changed, the feed is read from its beginning, which brings a thousand revisions with each request and all
histories with the new path. In a large organisation the items that are below a renamed area now are pulled instead, if
they are few; then older changes keep the former paths until the next full sync. Sprints are known by their GUIDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from connectors.azure_devops.gateway import queries
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.revisions import RevisionPages
from connectors.azure_devops.pulling.telling import Teller
from connectors.base import Page
from connectors.typed import ready

_SMALL = 20_000
"""Up to this newest id the whole feed is read again."""
_MOST_PULLED = 2_000


class Tree(msgspec.Struct, frozen=True):
    """The areas, or the iterations, of a project."""

    paths: dict[int, str] = {}
    """As they were at the last run."""
    former: dict[str, int] = {}
    """Paths of before."""

    def after(self, now: Mapping[int, str]) -> Tree:
        """What is to be remembered when the paths are these; an empty tree is one that could not be read."""
        if not now:
            return self
        gone = {path: node for node, path in self.paths.items() if now.get(node, path) != path}
        return Tree(dict(now), {**self.former, **gone})


class Trees(msgspec.Struct, frozen=True):
    """Both trees of a project."""

    areas: Tree = Tree()
    iterations: Tree = Tree()


class Known(msgspec.Struct, frozen=True):
    """The trees of each project, by its GUID."""

    projects: dict[str, Trees] = {}
    v: int = 1


class RenamePages:
    """Compares the nodes with those of the run before."""

    def __init__(self, gateway: Gateway, directory: Directory, teller: Teller, feed: RevisionPages) -> None:
        self._gateway = gateway
        self._directory = directory
        self._teller = teller
        self._feed = feed

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """The items of renamed areas, then a page that remembers the paths of now."""
        known = _read(bookmark).projects
        now: dict[str, Trees] = {}
        areas: list[str] = []
        iterations: list[str] = []
        for model in self._directory.models():
            project = model.project_id or model.name
            before = known.get(project, Trees())
            areas += topmost(before.areas.paths, model.areas.paths)
            iterations += topmost(before.iterations.paths, model.iterations.paths)
            trees = Trees(before.areas.after(model.areas.paths), before.iterations.after(model.iterations.paths))
            now[project] = trees
            self._directory.context.organisation.add(
                replace(
                    model,
                    areas=model.areas.with_former(trees.areas.former),
                    iterations=model.iterations.with_former(trees.iterations.former),
                )
            )
        if areas or iterations:
            yield from self._rewritten(areas, iterations)
        yield Page(bookmark=msgspec.json.encode(Known(projects=now)).decode())

    def _rewritten(self, areas: list[str], iterations: list[str]) -> Iterator[Page]:
        is_small = queries.newest_id(self._gateway) <= _SMALL
        if not is_small and not areas:
            return
        names = ", ".join(f"'{path}'" for path in [*areas, *(iterations if is_small else ())])
        yield Page(notes=[f"there are new paths, the items in them are read again: {names}"])
        affected = [] if is_small else self._items_in(areas)
        if is_small or len(affected) > _MOST_PULLED:
            for page in self._feed.pages(None):
                yield replace(page, bookmark=None)  # the stream of issues goes on from its own
        else:
            for _, page in self._teller.histories(affected):
                yield page

    def _items_in(self, areas: Iterable[str]) -> list[int]:
        found: set[int] = set()
        for path in areas:
            for ids in queries.windows(self._gateway, [queries.under("System.AreaPath", path)]):
                found.update(ids)
        return sorted(found)


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
        found = msgspec.json.decode(bookmark or "{}", type=ready(Known))
    except msgspec.DecodeError:
        return Known()
    return found if found.v == 1 else Known()
