"""Tells a refused login and a removed API from other answers, however kind their status."""

from __future__ import annotations

import httpx

from connectors.errors import AuthenticationError, PermissionMissing, UnexpectedResponse
from connectors.http import error_message
from connectors.jira.gateway.scopes import lacks_scope, scopes_for

_GONE = 410
_LOGIN_REASON = "X-Seraph-LoginReason"
_DENIED = "X-Authentication-Denied-Reason"
_CAPTCHA = "CAPTCHA"
_LOGGED_IN_AS, _NOBODY = "X-AUSERNAME", "anonymous"
_TOO_MANY, _BROKEN = 429, 500
_REFUSED_LOGINS = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


def inspect_answer(response: httpx.Response) -> None:
    """Raise when an answer shows a refused login, however kind its status, a missing scope, or that the API is gone."""
    _inspect_server_login(response)
    reason = response.headers.get(_LOGIN_REASON, "")
    if any(refused in reason for refused in _REFUSED_LOGINS):
        raise AuthenticationError(
            f"{response.request.method} {response.request.url.path}: the login is refused ({reason}); "
            "check the e-mail address and whether the token has expired"
        )
    if response.status_code == httpx.codes.UNAUTHORIZED and lacks_scope(said := error_message(response)):
        raise PermissionMissing(
            f"{response.request.method} {response.request.url.path}: the token lacks a scope "
            f"({said}){scopes_for(response.request.url.path)}"
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


def _inspect_server_login(response: httpx.Response) -> None:
    """What Data Center says in headers of its own: a CAPTCHA in the way, or an answer for nobody in particular."""
    asked = f"{response.request.method} {response.request.url.path}"
    denied = response.headers.get(_DENIED, "")
    if _CAPTCHA in denied:
        where = denied.partition("login-url=")[2].strip() or "its start page"
        raise AuthenticationError(
            f"{asked}: the server wants a CAPTCHA after too many failed logins; log in once by browser at {where}, "
            "then check the user name and the password, or use a personal access token"
        )
    if denied:
        raise AuthenticationError(f"{asked}: the login is refused ({denied}); check the user name and the password")
    is_word = response.status_code < _BROKEN and response.status_code != _TOO_MANY
    is_nobody = response.headers.get(_LOGGED_IN_AS, "").casefold() == _NOBODY
    if is_word and is_nobody and "Authorization" in response.request.headers:
        raise AuthenticationError(
            f"{asked} answered {response.status_code} as if nobody were logged in ({_LOGGED_IN_AS}: {_NOBODY}); "
            "check whether the token has expired or was revoked"
        )
