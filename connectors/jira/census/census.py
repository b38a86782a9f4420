"""The census of a Jira site: which issues there are, where missing ones went, and Jira's own sprint reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from connectors.base import Absence, CensusPart, Located, Missing, Page, SprintReport
from connectors.http.flight import in_order
from connectors.jira.census.listing import list_parts, touched
from connectors.jira.gateway import answers
from connectors.jira.gateway.dialect import Found
from connectors.jira.mapping.entities import map_project
from connectors.jira.mapping.issues import MappedPage
from connectors.jira.pulling.issues import IssuePages
from connectors.jira.pulling.site import Site
from connectors.jira.pulling.walk import Unit
from warehouse.records import Issue, native_id, qualified_id

_ASKED_AT_ONCE = 100


class JiraCensus:
    """See `connectors.base.Census`."""

    def __init__(self, site: Site, pages: IssuePages) -> None:
        self._site = site
        self._source_id = site.settings.source_id
        self._pages = pages
        self._why_unseen = cache(self._why_unseen_in)

    def parts(self) -> Iterator[CensusPart]:
        """By project, as far as the scope is made of projects."""
        return list_parts(self._site)

    def locate(self, missing: Sequence[Missing]) -> Iterator[Located]:
        """Asked for by id: found elsewhere it has moved away, not found it is deleted or hidden."""
        for first in range(0, len(missing), _ASKED_AT_ONCE):
            yield from self._locate_some(missing[first : first + _ASKED_AT_ONCE])

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        """These issues, some at once."""
        natives = [native_id(issue_id) for issue_id in issue_ids]
        some = [natives[first : first + _ASKED_AT_ONCE] for first in range(0, len(natives), _ASKED_AT_ONCE)]
        for found in in_order(self._site.pool, self._pages.by_id, some, self._site.width):
            page, _ = self._pages.page_of(found)
            yield page

    def sprint_reports(self, sprints: Mapping[str, str]) -> Iterator[SprintReport]:
        """One for each sprint that the server reports on."""
        site = self._site

        def ask(sprint_id: str) -> answers.SprintReport | None:
            return site.gateway.sprint_report(native_id(sprints[sprint_id]), native_id(sprint_id))

        answered = in_order(site.pool, ask, sprints, site.width)
        for sprint_id, found in zip(sprints, answered, strict=True):
            if found is not None:
                yield self._report(sprint_id, found)

    def _report(self, sprint_id: str, found: answers.SprintReport) -> SprintReport:
        completed = [*found.completed_issues, *found.issues_completed_in_another_sprint]
        everything = [*completed, *found.issues_not_completed_in_current_sprint, *found.punted_issues]
        added = {key for key, is_added in found.issue_keys_added_during_sprint.items() if is_added}
        return SprintReport(
            sprint_id=sprint_id,
            completed=self._ids(completed),
            not_completed=self._ids(found.issues_not_completed_in_current_sprint),
            removed=self._ids(found.punted_issues),
            added_during=self._ids([issue for issue in everything if issue.key in added]),
        )

    def _ids(self, issues: Sequence[answers.ReportedIssue]) -> frozenset[str]:
        return frozenset(qualified_id(self._source_id, issue.id) for issue in issues)

    def _locate_some(self, missing: Sequence[Missing]) -> Iterator[Located]:
        given = self._pages.by_id([native_id(one.issue_id) for one in missing])
        pages = [
            self._pages.page_of(Found([issue], given.histories, unreadable=given.unreadable)) for issue in given.issues
        ]
        malformed = {one.issue_id: page for page, mapped in pages for one in mapped.malformed}
        found = {issue.issue_id: (page, issue) for page, mapped in pages for issue in _issues(mapped)}
        in_scope = self._in_scope([native_id(issue_id) for issue_id in found])
        for one in missing:
            if one.issue_id in malformed:
                reason = "it is there, but cannot be read"
                yield Located(issue_id=one.issue_id, absence=None, page=malformed[one.issue_id], reason=reason)
                continue
            if one.issue_id not in found:
                absence, reason = self._why_unseen(one.project_id)
                yield Located(issue_id=one.issue_id, absence=absence, reason=reason)
                continue
            page, issue = found[one.issue_id]
            reason = "" if native_id(one.issue_id) in in_scope else self._why_outside(one, issue)
            yield Located(
                issue_id=one.issue_id,
                absence="moved_away" if reason else None,
                page=self._with_project(page, issue) if reason else page,
                reason=reason,
            )

    def _in_scope(self, natives: Sequence[str]) -> frozenset[str]:
        """Those that the scope's own queries find. The index may be late, so that this alone proves little."""
        if not natives:
            return frozenset()
        among = f"id in ({', '.join(natives)})"
        conditions = " AND ".join(part for part in (touched(self._site), among) if part)
        queries = [f"{unit.clause} AND {conditions}" for unit in self._filters()]
        pages = in_order(self._site.pool, lambda jql: list(self._site.dialect.keys(jql)), queries, self._site.width)
        return frozenset(issue.id for walked in pages for page in walked for issue in page)

    def _filters(self) -> list[Unit]:
        """The units that are more than a project: whether an issue is in one, only the server can tell."""
        return [unit for unit in self._site.units if unit.clause != f"project = {unit.key.removeprefix('project:')}"]

    def _why_outside(self, one: Missing, issue: Issue) -> str:
        """Why an issue that is there is no longer in the scope; empty if it is, and the listing missed it."""
        settings = self._site.settings
        if settings.boards or settings.jql:
            return f"it is {issue.key} now and no longer in the scope of the source"
        held = {qualified_id(self._source_id, project.id) for project in self._site.projects.found}
        if issue.project_id in held:
            return ""
        if issue.project_id == one.project_id and not settings.projects:
            return ""  # archived: its project is listed no longer, but is what it was
        return f"it is {issue.key} now, in a project that is not pulled"

    def _with_project(self, page: Page, issue: Issue) -> Page:
        """The page of an issue that has left, with the project that it is in now."""
        project = self._site.gateway.project(native_id(issue.project_id))
        rows = [] if project is None else [map_project(self._source_id, project)]
        return Page(records=(*rows, *page.records), replacements=page.replacements, marks=page.marks)

    def _why_unseen_in(self, project_id: str) -> tuple[Absence, str]:
        """What an issue of the project is taken for that cannot be found by id, and why."""
        gateway, native = self._site.gateway, native_id(project_id)
        project = gateway.project(native)
        if project is None:
            return "access_lost", "its project is not to be seen"
        if not gateway.may_browse(native):
            return "access_lost", f"the account may no longer browse project {project.key}"
        if gateway.has_security_levels(native) is not False:
            return "access_lost", f"project {project.key} can hide single issues by security levels"
        return "deleted", f"project {project.key} is open to the account and does not have it"


def _issues(mapped: MappedPage) -> Iterator[Issue]:
    return (record for record in mapped.records if isinstance(record, Issue))
