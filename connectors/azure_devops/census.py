"""The census: which ids there are now, where missing ones went, and single items with their whole histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.azure_devops.gateway import queries
from connectors.azure_devops.gateway.answers import Project
from connectors.azure_devops.gateway.organisation import ITEMS_AT_ONCE, Gateway
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.telling import Teller
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import CensusPart, Located, Missing, Page, Progress, SprintReport
from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from warehouse.records import Issue, native_id, qualified_id

_BIN_IS_CUT_FROM = 19_999
"""A recycle bin with so many items may hold more than it lists (99,999 on a Server, which is no less)."""


class AzureDevOpsCensus:
    """Implements `connectors.base.Census`."""

    def __init__(self, settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, teller: Teller) -> None:
        self._settings = settings
        self._gateway = gateway
        self._directory = directory
        self._teller = teller
        self._bins: dict[str, frozenset[int] | None] = {}
        self._seen_areas: dict[str, bool] = {}

    def parts(self) -> Iterator[CensusPart]:
        """A part per project in scope; one for the organisation when all of its projects are."""
        if not self._directory.is_limited:
            yield self._part("the whole scope", None)
            return
        for each in self._directory.projects:
            yield self._part(f"project {each.name}", each)
        for name in self._directory.unseen:
            problem = f"project '{name}' is not there or cannot be seen with this token"
            yield CensusPart(label=f"project {name}", project_id=self._id(name), ids=frozenset(), problem=problem)

    def locate(self, missing: Sequence[Missing]) -> Iterator[Located]:
        """Where each of these is: still there, moved out of scope, in the recycle bin, destroyed, or hidden."""
        for start in range(0, len(missing), ITEMS_AT_ONCE):
            some = {int(native_id(each.issue_id)): each for each in missing[start : start + ITEMS_AT_ONCE]}
            shown = {each.id for each in self._gateway.work_items([*some], fields=["System.Id"])}
            seen = [item for item in some if item in shown]
            for item, (found, page) in zip(seen, self._teller.histories(seen, at_once=1), strict=True):
                yield _still_there(some[item], page if found else None)
            for item, each in some.items():
                if item not in shown:
                    yield self._gone(item, each)

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        """These items with their whole histories."""
        wanted = sorted({int(native_id(each)) for each in issue_ids})
        done = 0
        for found, page in self._teller.histories(wanted):
            done += len(found)
            yield replace(page, progress=Progress(done=done, total=len(wanted)))

    def sprint_reports(self, sprints: Mapping[str, str]) -> Iterator[SprintReport]:  # noqa: ARG002 - the protocol's shape
        """None: Azure DevOps tells the members of today only, which says nothing about a sprint."""
        return iter(())

    def _part(self, label: str, project: Project | None) -> CensusPart:
        conditions = [queries.IN_PROJECT] if project else []
        if self._settings.history_since:
            conditions.append(queries.changed_since(self._settings.history_since))
        ids: set[int] = set()
        problem = None
        try:
            for window in queries.windows(self._gateway, conditions, project.id if project else None):
                ids.update(window)
        except (NotFound, PermissionMissing, UnexpectedResponse) as error:
            problem = f"{label}: its items cannot be listed: {error}"
        return CensusPart(
            label=label,
            project_id=self._id(project.id) if project else None,
            ids=frozenset(map(self._id, ids)),
            problem=problem,
        )

    def _gone(self, item: int, each: Missing) -> Located:
        project_id = native_id(each.project_id)
        if self._is_in_bin(project_id, item):
            return Located(issue_id=each.issue_id, absence="deleted", reason="it is in the recycle bin")
        if each.area_path and self._sees_area(each.area_path):
            reason = f"it is not to be seen, while other items of the area '{each.area_path}' are: it was destroyed"
            return Located(issue_id=each.issue_id, absence="deleted", reason=reason)
        reason = "neither it nor another item of its area is to be seen"
        return Located(issue_id=each.issue_id, absence="access_lost", reason=reason)

    def _is_in_bin(self, project_id: str, item: int) -> bool:
        if project_id not in self._bins:
            try:
                self._bins[project_id] = frozenset(self._gateway.recycle_bin(project_id))
            except (NotFound, PermissionMissing):
                self._bins[project_id] = None
        listed = self._bins[project_id]
        if listed is None:
            return False
        if item in listed or len(listed) < _BIN_IS_CUT_FROM:
            return item in listed
        return self._gateway.is_recycled(project_id, item)

    def _sees_area(self, path: str) -> bool:
        """Whether some living item of this very area is to be seen."""
        if path not in self._seen_areas:
            try:
                found = self._gateway.query(queries.text([queries.at("System.AreaPath", path)]), 1)
            except (
                NotFound,
                PermissionMissing,
                UnexpectedResponse,
            ):  # the area is there no more, or under another name
                found = []
            self._seen_areas[path] = bool(found)
        return self._seen_areas[path]

    def _id(self, native: str | int) -> str:
        return qualified_id(self._settings.source_id, native)


def _still_there(each: Missing, page: Page | None) -> Located:
    issues: Iterable[Issue] = (row for row in page.records if isinstance(row, Issue)) if page else ()
    absence = next((row.absence for row in issues), None)
    if absence == "moved_away":
        reason = "it is in a project that is out of scope"
        return Located(issue_id=each.issue_id, absence="moved_away", page=page, reason=reason)
    if absence == "deleted":
        reason = "its last revision says that it is deleted"
        return Located(issue_id=each.issue_id, absence="deleted", page=page, reason=reason)
    return Located(issue_id=each.issue_id, absence=None, page=page, reason="it is there: the listing missed it")
