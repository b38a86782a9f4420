"""One Azure DevOps organisation as a connector: identity, survey and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.azure_devops.census import AzureDevOpsCensus
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import fields
from connectors.azure_devops.mapping import items as mapping
from connectors.azure_devops.pulling import capacity, links
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.groups import GroupDirectory
from connectors.azure_devops.pulling.parents import Parents
from connectors.azure_devops.pulling.renames import RenamePages
from connectors.azure_devops.pulling.revisions import RevisionPages
from connectors.azure_devops.pulling.teams import TeamPages
from connectors.azure_devops.pulling.telling import Teller
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.azure_devops.survey import survey as surveying
from connectors.base import Census, Counters, Identity, Page, Recall, Stream, Survey
from connectors.groups import group_pages
from connectors.http import HttpSettings
from connectors.malformed import guarded
from warehouse.records import Record, Source

KIND = "azure_devops"


class AzureDevOpsConnector:
    """Azure DevOps Services or Server. `recall` gives back the snapshots of revisions that earlier pages stored."""

    def __init__(self, settings: AzureDevOpsSettings, http: HttpSettings, recall: Recall) -> None:
        self._settings = settings
        self._width = http.max_in_flight
        self._recall = recall
        self._gateway = Gateway(settings.url, settings.token, http)
        self._directory = Directory(settings, self._gateway, self._width)

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._gateway.counters

    def identify(self) -> Identity:
        """Prove the login by the list of projects: only 200 and JSON do, since a dead token gets a page."""
        _ = self._directory.visible
        account = self._gateway.connection().authenticated_user
        name = account.custom_display_name or account.provider_display_name or "unknown account"
        return Identity(kind=KIND, account=account.id or name, display_name=name, version=self._gateway.version)

    def survey(self) -> Survey:
        """What is visible, which field plays which role in which project, and what of the config is missing."""
        return surveying.survey(self._settings, self._gateway, self._directory, self._width)

    def streams(self) -> Sequence[Stream]:
        """Projects and their make-up, teams and their capacity, the two feeds, then groups of people."""
        teams = TeamPages(self._settings, self._gateway, self._directory, self._width)
        return (
            guarded("projects", self._projects),
            guarded("fields", self._fields),
            guarded("issue_types", self._issue_types),
            guarded("statuses", self._statuses),
            guarded("boards", teams.pages),
            guarded("capacities", lambda bookmark: self._capacities(teams, bookmark)),
            guarded("nodes", self._nodes),
            guarded("issues", self._issues),
            guarded("links", self._links),
            guarded("groups", self._groups),
        )

    def census(self) -> Census:
        """What reconciling asks of the organisation."""
        return AzureDevOpsCensus(self._settings, self._gateway, self._directory, self._teller())

    def close(self) -> None:
        """Give back connections and threads."""
        self._gateway.close()

    def _projects(self, _bookmark: str | None) -> Iterator[Page]:
        source_id, listed = self._settings.source_id, self._directory.projects
        source = Source(source_id=source_id, kind=KIND, url=self._gateway.url, version=self._gateway.version)
        yield self._page([source, *(mapping.project(source_id, each) for each in listed)])

    def _fields(self, bookmark: str | None) -> Iterator[Page]:
        self._directory.memory.load(bookmark)
        roles = {ref: role for model in self._directory.models() for ref, role in model.names.items()}
        known = self._directory.context.fields.infos.values()
        names = {**fields.CANONICAL, **roles}
        source_id = self._settings.source_id
        rows = [mapping.field(source_id, info, names.get(info.reference_name)) for info in known]
        yield replace(self._page(rows), bookmark=self._directory.memory.text())

    def _issue_types(self, _bookmark: str | None) -> Iterator[Page]:
        source_id = self._settings.source_id
        yield self._page([row for m in self._directory.models() for row in mapping.issue_types(source_id, m)])

    def _statuses(self, _bookmark: str | None) -> Iterator[Page]:
        source_id = self._settings.source_id
        yield self._page([row for m in self._directory.models() for row in mapping.statuses(source_id, m)])

    def _capacities(self, teams: TeamPages, bookmark: str | None) -> Iterator[Page]:
        return capacity.pages(self._settings, self._gateway, teams.found, bookmark, self._width)

    def _nodes(self, bookmark: str | None) -> Iterator[Page]:
        teller = self._teller()
        return RenamePages(self._gateway, self._directory, teller, self._feed(teller)).pages(bookmark)

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        return self._feed(self._teller()).pages(bookmark)

    def _links(self, bookmark: str | None) -> Iterator[Page]:
        parents = Parents(self._settings.source_id, self._gateway, self._directory, self._recall)
        return links.pages(self._settings.source_id, self._gateway, parents, bookmark, self._settings.scope)

    def _groups(self, bookmark: str | None) -> Iterator[Page]:
        settings = self._settings
        ask = GroupDirectory(settings.source_id, self._gateway, self._width).ask
        yield from group_pages(
            settings.source_id, settings.url, settings.now(), settings.groups, bookmark, ask, settings.people
        )

    def _teller(self) -> Teller:
        return Teller(self._settings, self._gateway, self._directory, self._recall, self._width)

    def _feed(self, teller: Teller) -> RevisionPages:
        return RevisionPages(self._settings, self._gateway, self._directory, teller, self._width)

    def _page(self, rows: Sequence[Record]) -> Page:
        return Page(records=rows, problems=self._directory.take_problems())
