"""One Azure DevOps organisation as a connector: identity, survey and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.azure_devops import fields, links, mapping, surveying, teams
from connectors.azure_devops.directory import Directory
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.revisions import RevisionPages
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Counters, Identity, Page, Recall, Stream, Survey
from connectors.http import HttpSettings
from warehouse.records import Record, Source

KIND = "azure_devops"


class AzureDevOpsConnector:
    """Azure DevOps Services. `recall` gives back the snapshots of revisions that earlier pages stored."""

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
        """Prove the login: only 200 and JSON will do, since a dead token is answered with a sign-in page."""
        self._gateway.prove_login()
        account = self._gateway.connection().authenticated_user
        name = account.custom_display_name or account.provider_display_name or "unknown account"
        return Identity(kind=KIND, account=account.id or name, display_name=name, version=None)

    def survey(self) -> Survey:
        """What is visible, which field plays which role in which project, and what of the config is missing."""
        return surveying.survey(self._settings, self._gateway, self._directory, self._width)

    def streams(self) -> Sequence[Stream]:
        """Projects and their make-up, boards, then the two feeds."""
        return (
            Stream("projects", self._projects),
            Stream("fields", self._fields),
            Stream("issue_types", self._issue_types),
            Stream("statuses", self._statuses),
            Stream("boards", self._boards),
            Stream("issues", self._issues),
            Stream("links", lambda bookmark: links.pages(self._settings.source_id, self._gateway, bookmark)),
        )

    def close(self) -> None:
        """Give back connections and threads."""
        self._gateway.close()

    def _projects(self, _bookmark: str | None) -> Iterator[Page]:
        source_id = self._settings.source_id
        source = Source(source_id=source_id, kind=KIND, url=self._gateway.url)
        yield self._page([source, *(mapping.project(source_id, each) for each in self._directory.projects)])

    def _fields(self, _bookmark: str | None) -> Iterator[Page]:
        roles = {ref: role for model in self._directory.models() for ref, role in model.names.items()}
        known = self._directory.context.fields.infos.values()
        names = {**fields.CANONICAL, **roles}
        source_id = self._settings.source_id
        yield self._page([mapping.field(source_id, info, names.get(info.reference_name)) for info in known])

    def _issue_types(self, _bookmark: str | None) -> Iterator[Page]:
        source_id = self._settings.source_id
        yield self._page([row for m in self._directory.models() for row in mapping.issue_types(source_id, m)])

    def _statuses(self, _bookmark: str | None) -> Iterator[Page]:
        source_id = self._settings.source_id
        yield self._page([row for m in self._directory.models() for row in mapping.statuses(source_id, m)])

    def _boards(self, _bookmark: str | None) -> Iterator[Page]:
        return teams.pages(self._settings, self._gateway, self._directory.projects, self._width)

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        feed = RevisionPages(self._settings, self._gateway, self._directory, self._recall, self._width)
        return feed.pages(bookmark)

    def _page(self, rows: Sequence[Record]) -> Page:
        return Page(records=rows, problems=self._directory.take_problems())
