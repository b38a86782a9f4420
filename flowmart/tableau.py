"""Publishes data sources to Tableau Server or Cloud: its own client library, sending through our HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import requests

from connectors.errors import SourceError
from connectors.http import SourceHttp, unreachable
from connectors.http.sdk import HttpxAdapter
from flowmart.config import Config
from flowmart.secrets import masked
from flowmart.settings.tableau import Publish
from flowmart.sources import http_settings

_MESSAGE_LENGTH = 300
_TIMEOUT_SECONDS = 600.0
"""The server reads the whole file before it answers."""


class NotPublished(Exception):  # noqa: N818 - a state, as the house names them
    """Why nothing was published, in one line."""


def published(config: Config, wanted: Publish, file: Path) -> str:
    """Publish the file; says where it is now. Raises `NotPublished`."""
    # a request that may have arrived is not sent again: the server would have a part of the file twice
    usual = http_settings(config, attempts=1)
    patient = max(_TIMEOUT_SECONDS, usual.answer_seconds)
    settings = replace(usual, timeout_seconds=_TIMEOUT_SECONDS, answer_seconds=2 * patient)
    http = SourceHttp(base_url=wanted.server, auth=httpx.Auth(), settings=settings, inspect=_nothing)
    try:
        library = _library()
        with _told(library, wanted), _signed_in(library, wanted, http) as server:
            project = _project(library, server, wanted.project)
            item = library.DatasourceItem(project, name=wanted.name)
            mode = library.Server.PublishMode
            server.datasources.publish(item, file, mode.Overwrite if wanted.overwrite else mode.CreateNew)
    except (NotPublished, SourceError) as error:
        raise NotPublished(masked(str(error), [wanted.token.get_secret_value()])) from error
    finally:
        http.close()
    return f"{wanted.name} in {wanted.project} on {_place(wanted)}"


def _library() -> ModuleType:
    try:
        import tableauserverclient  # here, since it is an optional extra
    except ImportError as error:
        raise NotPublished("Tableau's client library is not installed; run pip install 'flowmart[tableau]'") from error
    library: ModuleType = tableauserverclient
    return library


@contextmanager
def _signed_in(library: ModuleType, wanted: Publish, http: SourceHttp) -> Iterator[Any]:
    """The server, as the token's owner; signed out at the end."""

    def session() -> requests.Session:
        made = requests.Session()
        for prefix in ("https://", "http://"):
            made.mount(prefix, HttpxAdapter(http.client))
        made.trust_env = False
        made.max_redirects = 0  # the library would take the login along to any host
        return made

    server = library.Server(wanted.server, session_factory=session)
    server.version = server.server_info.get().rest_api_version
    login = library.PersonalAccessTokenAuth(
        wanted.token_name, wanted.token.get_secret_value(), site_id=wanted.site or ""
    )
    server.auth.sign_in_with_personal_access_token(login)
    try:
        yield server
    finally:
        with suppress(Exception):  # what was published is published, and a session ends by itself
            server.auth.sign_out()


def _project(library: ModuleType, server: Any, path: str) -> str:  # noqa: ANN401 - loaded when it is needed
    """The id of a project by its name, or by its path."""
    names = [name.strip() for name in path.split("/")]
    parents: list[str | None] | None = [None] if len(names) > 1 else None
    found: list[str] = []
    for name in names:
        options = library.RequestOptions()
        field, same = library.RequestOptions.Field.Name, library.RequestOptions.Operator.Equals
        options.filter.add(library.Filter(field, same, name))
        candidates = list(library.Pager(server.projects, options))
        found = [one.id for one in candidates if parents is None or one.parent_id in parents]
        parents = list(found)
    if not found:
        raise NotPublished(f"there is no project {path!r}, or the token's owner may not see it; check `project`")
    if len(found) > 1:
        raise NotPublished(f"there are {len(found)} projects {path!r}; write the path, such as 'Parent/{names[-1]}'")
    return found[0]


@contextmanager
def _told(library: ModuleType, wanted: Publish) -> Iterator[None]:
    """What the library raises within, in one line."""
    errors = library.server.endpoint.exceptions
    place = _place(wanted)
    try:
        yield
    except errors.FailedSignInError as error:
        raise NotPublished(
            f"{place} refuses the token {wanted.token_name!r} ({_said(error)}); make a new one in the account's "
            "settings, and check `token_name`, `token` and `site`"
        ) from error
    except errors.ServerResponseError as error:
        raise NotPublished(_refusal(error, wanted)) from error
    except errors.InternalServerError as error:
        raise NotPublished(f"{place} answered {error.code}; the next run tries again") from error
    except (errors.RedirectError, requests.TooManyRedirects) as error:
        raise NotPublished(f"{place} sends elsewhere; name the address in `server` that the browser ends at") from error
    except library.server.exceptions.EndpointUnavailableError as error:
        raise NotPublished(
            f"{place} is too old for personal access tokens; it needs Tableau 2019.4 or later"
        ) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        cause = error.__cause__
        if isinstance(cause, httpx.RequestError):
            raise unreachable(cause, httpx.URL(wanted.server)) from error
        raise NotPublished(f"{place} gives no answer; the next run tries again") from error
    except (errors.TableauError, requests.RequestException, ValueError, AttributeError, SyntaxError) as error:
        raise NotPublished(
            f"{place} answers like no Tableau Server ({type(error).__name__}); check `server`"
        ) from error


def _refusal(error: Any, wanted: Publish) -> str:  # noqa: ANN401 - loaded when it is needed
    """What an error with a code of Tableau's means; its first three digits are the status."""
    status, said = str(error.code)[:3], _said(error)
    if status == "403":
        return (
            f"the owner of the token {wanted.token_name!r} may not publish into {wanted.project!r} ({said}); "
            "give the role Creator or Explorer (can publish), and the permission on the project"
        )
    if status == "409":
        return f"there is a data source {wanted.name!r} in the project already ({said}); set overwrite = true"
    if status == "404":
        return f"{_place(wanted)} does not know what was asked for ({said}); check `server`, `site` and `project`"
    return f"{_place(wanted)} refuses the data source ({said})"


def _said(error: Any) -> str:  # noqa: ANN401 - loaded when it is needed
    parts = [str(error.code), error.summary, error.detail]
    return " ".join(": ".join(part for part in parts if part).split())[:_MESSAGE_LENGTH]


def _place(wanted: Publish) -> str:
    return f"{wanted.server}{f' (site {wanted.site})' if wanted.site else ''}"


def _nothing(_: httpx.Response) -> None:
    """Answers are read by the library."""
