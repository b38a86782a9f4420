"""The Jira connector: proves the login, finds out what the server is, and puts the parts together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from connectors.base import Counters, Held, Identity, Page, Stream, Survey
from connectors.errors import AuthenticationError, SourceError
from connectors.groups import group_pages
from connectors.http import HttpSettings, SourceHttp
from connectors.jira.census.census import JiraCensus
from connectors.jira.gateway import answers
from connectors.jira.gateway.cloud import CloudDialect
from connectors.jira.gateway.data_center import DataCenterDialect
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.gateway.inquiry import Inquiry
from connectors.jira.gateway.reach import Reach
from connectors.jira.gateway.site_gateway import Gateway
from connectors.jira.mapping.entities import level_of
from connectors.jira.mapping.history import ItemNames
from connectors.jira.mapping.issues import MappingContext
from connectors.jira.mapping.links import LinkWords
from connectors.jira.pulling.groups import members
from connectors.jira.pulling.issues import IssuePages, held_by_none
from connectors.jira.pulling.newcomers import Newcomers
from connectors.jira.pulling.site import Site
from connectors.jira.pulling.streams import SiteStreams
from connectors.jira.pulling.worklogs import WorklogPages
from connectors.jira.settings import JiraSettings
from connectors.jira.survey.survey import survey
from connectors.malformed import guarded

__all__ = ["JiraConnector", "JiraSettings"]

_OLDEST = (8, 14)
"""The first Jira with personal access tokens."""


class JiraConnector:
    """One configured Jira site. See `connectors.base.Connector`."""

    def __init__(self, settings: JiraSettings, http: HttpSettings, held: Held = held_by_none) -> None:
        self._settings = settings
        self._held = held
        self._walk_began_at: int | None = None
        self._reach = Reach(settings, http)
        self._pool = ThreadPoolExecutor(http.max_in_flight, thread_name_prefix=f"jira-{settings.source_id}")
        self._use(self._reach.at_first())

    def _use(self, http: SourceHttp, server: answers.ServerInfo | None = None) -> None:
        """Ask at another address from now on; nothing has been learnt at the one before but what the server is."""
        self._http = http
        width = http.settings.max_in_flight
        self._cloud = CloudDialect(http)
        self._site = Site(Gateway(http), self._dialect, self._settings, self._pool, width, server)
        self._streams = SiteStreams(self._site)

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._reach.counters

    def identify(self) -> Identity:
        """Prove the login; raises `AuthenticationError` with what to check when it is refused.

        A login that the site refuses is tried at Atlassian's gateway, and used there from then on if it is good there.
        """
        if self._reach.is_gateway_only:
            self._use(self._reach.by_resources())
        try:
            return self._identity()
        except AuthenticationError as error:
            server = self._site.server_if_known
            http = self._reach.by_tenant() if server is None or server.deployment_type == "Cloud" else None
            if http is None:
                raise AuthenticationError(f"{error}{self._login_hint()}") from error
            self._use(http, server)
            try:
                return self._identity()
            except AuthenticationError as again:
                raise AuthenticationError(
                    f"{error}{self._login_hint()}; nor is it taken at {http.base_url}, where tokens with scopes are"
                ) from again
            except SourceError as other:
                raise AuthenticationError(
                    f"{error}; whether it is good at {http.base_url} is unknown: {other}"
                ) from other

    def _identity(self) -> Identity:
        server, dialect = self._site.server, self._site.dialect
        account = dialect.myself()
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
        """The site's own things, then issues and what hangs on them, then the groups of those who reported them."""
        own = self._streams
        return (
            guarded("projects", own.projects),
            guarded("fields", own.fields),
            guarded("issue_types", own.issue_types),
            guarded("statuses", own.statuses),
            guarded("users", own.users),
            guarded("boards", own.boards),
            guarded("versions", own.versions),
            guarded("issues", self._issues),
            guarded("worklogs", self._worklogs),
            guarded("groups", self._groups),
        )

    def close(self) -> None:
        """Give back connections and threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._reach.close()

    def _dialect(self, server: answers.ServerInfo) -> Dialect:
        if server.deployment_type == "Cloud":
            return self._cloud
        if server.version_numbers and server.version_numbers[:2] < _OLDEST:
            raise SourceError(
                f"{self._settings.url} is Jira {server.version}; Jira Server and Data Center can be read from version "
                f"{'.'.join(map(str, _OLDEST))} on (8.14 to 10.x), and Jira Cloud: upgrade Jira"
            )
        return DataCenterDialect(self._http, lambda: self._site.fields.fields)

    def census(self) -> JiraCensus:
        """Who is there, and where those went that are not."""
        return JiraCensus(self._site, self._issue_pages())

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        issues = self._issue_pages()
        try:
            yield from issues.pages(bookmark)
        finally:
            self._walk_began_at = issues.began_at

    def _issue_pages(self) -> IssuePages:
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
            link_words=LinkWords(site.link_types),
            people=self._settings.people,
            stores_text=self._settings.stores_text,
        )
        return IssuePages(site, context, self._newcomers(), self._held)

    def _worklogs(self, bookmark: str | None) -> Iterator[Page]:
        yield from WorklogPages(self._site, self._newcomers(), self._held, self._walk_began_at).pages(bookmark)

    def _groups(self, bookmark: str | None) -> Iterator[Page]:
        settings, site = self._settings, self._site
        ask = partial(members, site)
        yield from group_pages(
            settings.source_id, settings.url, settings.now(), settings.groups, bookmark, ask, settings.people
        )

    def _newcomers(self) -> Newcomers:
        own = self._streams
        return Newcomers(
            gateway=self._site.gateway,
            dialect=self._site.dialect,
            source_id=self._settings.source_id,
            known_people=own.known_people,
            known_sprints=own.known_sprints,
            known_statuses=own.known_statuses,
            listed_statuses=own.listed_statuses,
            known_types=own.known_types,
            stored_people=own.stored_people,
            people=self._settings.people,
            asks_for_people=own.may_ask_for_people,
            asks_for_sprints=self._site.boards.is_open,
        )

    def _login_hint(self) -> str:
        """What else may be the matter with a refused login."""
        server, is_bare = self._site.server_if_known, self._settings.email is None
        if not isinstance(self._settings.token, str):
            return ""
        if server is None:
            return (
                "; Jira Cloud wants `email` beside the token, Data Center a personal access token alone"
                if is_bare
                else ""
            )
        if server.deployment_type == "Cloud":
            return "; Jira Cloud wants `email` beside the token" if is_bare else ""
        return "" if is_bare else "; a personal access token goes without `email`"
