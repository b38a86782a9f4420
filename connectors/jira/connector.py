"""The Jira connector: proves the login, finds out what the server is, and puts the parts together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from connectors.base import Counters, Identity, Page, Stream, Survey
from connectors.errors import AuthenticationError, SourceError
from connectors.http import HttpSettings, SourceHttp
from connectors.jira import answers
from connectors.jira.cloud import CloudDialect
from connectors.jira.data_center import DataCenterDialect
from connectors.jira.dialect import Dialect
from connectors.jira.entities import level_of
from connectors.jira.gateway import Gateway
from connectors.jira.history import ItemNames
from connectors.jira.inquiry import Inquiry
from connectors.jira.issues import IssuePages
from connectors.jira.mapping import MappingContext
from connectors.jira.newcomers import Newcomers
from connectors.jira.refusals import inspect_answer
from connectors.jira.settings import JiraSettings
from connectors.jira.site import Site
from connectors.jira.streams import SiteStreams
from connectors.jira.survey import survey
from connectors.logins import Login

__all__ = ["JiraConnector", "JiraSettings"]

_ENGLISH = {"X-Force-Accept-Language": "true", "Accept-Language": "en"}
"""Names in one language, whatever the account's profile says."""
_OLDEST = (8, 14)
"""The first Jira with personal access tokens."""


class _Bearer(httpx.Auth):
    """A token without an e-mail address."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """httpx's hook."""
        request.headers["Authorization"] = self._header
        yield request


def _auth(settings: JiraSettings) -> httpx.Auth | Login:
    if not isinstance(settings.token, str):
        return settings.token
    return httpx.BasicAuth(settings.email, settings.token) if settings.email else _Bearer(settings.token)


class JiraConnector:
    """One configured Jira site. See `connectors.base.Connector`."""

    def __init__(self, settings: JiraSettings, http: HttpSettings) -> None:
        self._settings = settings
        self._http = SourceHttp(
            base_url=settings.url, auth=_auth(settings), settings=http, inspect=inspect_answer, headers=_ENGLISH
        )
        self._pool = ThreadPoolExecutor(http.max_in_flight, thread_name_prefix=f"jira-{settings.source_id}")
        self._cloud = CloudDialect(self._http)
        self._site = Site(Gateway(self._http), self._dialect, settings, self._pool, http.max_in_flight)
        self._streams = SiteStreams(self._site)

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._http.counters

    def identify(self) -> Identity:
        """Prove the login; raises `AuthenticationError` with what to check when it is refused."""
        server, dialect = self._site.server, self._site.dialect
        try:
            account = dialect.myself()
        except AuthenticationError as error:
            raise AuthenticationError(f"{error}{self._login_hint(dialect)}") from error
        return Identity(
            kind=dialect.kind,
            account=account.native_id,
            display_name=account.display_name,
            version=server.version,
            time_zone=account.time_zone,
        )

    def survey(self) -> Survey:
        """Look round for `check` and `init`."""
        return survey(self._site, Inquiry(self._http))

    def streams(self) -> Sequence[Stream]:
        """The site's own things, then issues."""
        own = self._streams
        return (
            Stream("projects", own.projects),
            Stream("fields", own.fields),
            Stream("issue_types", own.issue_types),
            Stream("statuses", own.statuses),
            Stream("users", own.users),
            Stream("boards", own.boards),
            Stream("versions", own.versions),
            Stream("issues", self._issues),
        )

    def close(self) -> None:
        """Give back connections and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _dialect(self, server: answers.ServerInfo) -> Dialect:
        if server.deployment_type == "Cloud":
            return self._cloud
        if server.version_numbers and server.version_numbers[:2] < _OLDEST:
            raise SourceError(
                f"{self._settings.url} is Jira {server.version}; Jira Server and Data Center can be read from version "
                f"{'.'.join(map(str, _OLDEST))} on (8.14 to 10.x), and Jira Cloud: upgrade Jira"
            )
        return DataCenterDialect(self._http, lambda: self._site.fields.fields)

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        site = self._site
        parents = (*site.fields.ids("epic_link"), *site.fields.ids("parent"))
        context = MappingContext(
            source_id=self._settings.source_id,
            site_url=site.url,
            fields=site.fields,
            names=ItemNames(site.fields),
            levels={item.id: level_of(item) for item in site.issue_types},
            epic_links=parents if site.dialect.links_epics_by_key else (),
            held_projects=site.held_projects,
        )
        newcomers = Newcomers(
            gateway=site.gateway,
            dialect=site.dialect,
            source_id=self._settings.source_id,
            known_people=self._streams.known_people,
            known_sprints=self._streams.known_sprints,
            known_statuses=self._streams.known_statuses,
            asks_for_people=self._streams.may_ask_for_people,
            asks_for_sprints=site.boards.is_open,
        )
        yield from IssuePages(site, context, newcomers).pages(bookmark)

    def _login_hint(self, dialect: Dialect) -> str:
        """What else may be the matter with a refused login."""
        if dialect is not self._cloud:
            return "" if self._settings.email is None else "; a personal access token goes without `email`"
        if self._settings.email is None and isinstance(self._settings.token, str):
            return "; Jira Cloud wants `email` beside the token"
        if not (httpx.URL(self._settings.url).host or "").endswith(".atlassian.net"):
            return ""
        where = self._cloud.cloud_id() or "<cloud id>"
        return f"; a token with scopes needs url = https://api.atlassian.com/ex/jira/{where}"
