"""The `jira` library behind the source's own HTTP client: for the small lists, never for issues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec
import requests
from jira import JIRA, JIRAError

from connectors.errors import TrackerUnavailable, UnexpectedResponse
from connectors.http import SourceHttp, raise_for_status, unreachable
from connectors.http.sdk import HttpxAdapter

_PASSED_ON = ("content-type", "retry-after")


def open_library(http: SourceHttp) -> JIRA:
    """A library object that sends every request through `http` and none while it is made.

    Login, waiting and retries are the client's; the library keeps no credentials and repeats nothing.
    """
    library = JIRA(http.base_url, get_server_info=False, max_retries=0, logging=False)
    session = library._session  # noqa: SLF001 - the only way to give it a transport
    for prefix in ("https://", "http://"):
        session.mount(prefix, HttpxAdapter(http.client))
    session.trust_env = False
    session.max_redirects = 0
    return library


@contextmanager
def library_errors() -> Iterator[None]:
    """What the library raises within, as the `SourceError` that fits."""
    try:
        yield
    except JIRAError as error:
        raise_for_status(_as_httpx(error))
        raise UnexpectedResponse("the tracker's answer cannot be read", status=error.status_code) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        cause = error.__cause__
        if isinstance(cause, httpx.RequestError):
            raise unreachable(cause, cause.request.url) from error
        raise TrackerUnavailable("the tracker cannot be reached; the next run tries again") from error
    except (requests.RequestException, msgspec.MsgspecError, KeyError, ValueError, TypeError, RecursionError) as error:
        kind = type(error).__name__
        raise UnexpectedResponse(f"the tracker answered with a body that cannot be read ({kind})") from error


def _as_httpx(error: JIRAError) -> httpx.Response:
    """The refused answer in the form that the error rules read."""
    answer = error.response
    method = answer.request.method if answer is not None and answer.request is not None else "GET"
    return httpx.Response(
        error.status_code or 500,
        headers={} if answer is None else {k: v for k, v in answer.headers.items() if k.lower() in _PASSED_ON},
        content=b"" if answer is None else answer.content,
        request=httpx.Request(method or "GET", error.url or "http://unknown"),
    )
