"""Tells a refused login and a removed API from other answers, however kind their status."""

from __future__ import annotations

import httpx

from connectors.errors import AuthenticationError, UnexpectedResponse
from connectors.http import error_message

_GONE = 410
_LOGIN_REASON = "X-Seraph-LoginReason"
_REFUSED_LOGINS = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


def inspect_answer(response: httpx.Response) -> None:
    """Raise when an answer shows a refused login, however kind its status, or says that the API is gone."""
    reason = response.headers.get(_LOGIN_REASON, "")
    if any(refused in reason for refused in _REFUSED_LOGINS):
        raise AuthenticationError(
            f"{response.request.method} {response.request.url.path}: the login is refused ({reason}); "
            "check the e-mail address and whether the token has expired"
        )
    if response.is_redirect:
        to = httpx.URL(response.headers.get("location", "")).host or "another page"
        raise UnexpectedResponse(
            f"{response.request.url.path} redirects to {to}; check the url of the source", status=response.status_code
        )
    if response.status_code == _GONE:
        raise UnexpectedResponse(
            f"{response.request.method} {response.request.url.path} answered 410, this API has been removed: "
            f"{error_message(response)} (is there a newer flowmart?)",
            status=_GONE,
        )
