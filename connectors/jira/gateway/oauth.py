"""OAuth 2.0 (3LO) for Jira Cloud: access tokens for a refresh token that is replaced by each use."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx
import msgspec

from connectors.errors import AuthenticationError, SourceError, UnexpectedResponse
from connectors.http.logins import AccessToken, BearerLogin, Send
from connectors.http.responses import raise_for_status

TOKEN_URL = "https://auth.atlassian.com/oauth/token"  # noqa: S105 - an address
_CODE = re.compile(r"[a-z_]{1,40}")
_SPENT = re.compile(r"refresh.?token", re.IGNORECASE)


class TokenStore(Protocol):
    """Keeps the one refresh token that is good. All methods may raise `OSError`."""

    @property
    def where(self) -> str:
        """What to call it in a message."""
        ...

    def locked(self) -> AbstractContextManager[object]:
        """Within, no other thread or process is: a token is read, spent and replaced by one of them at a time."""
        ...

    def read(self) -> str:
        """The token; empty when there is none."""
        ...

    def write(self, token: str) -> None:
        """Replace it. Once this has returned the new one outlives a crash; until then the old one does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApplication:
    """An OAuth 2.0 app and the authorisation that a person gave it."""

    client_id: str
    client_secret: str = field(repr=False)
    store: TokenStore = field(repr=False)
    token_url: str = TOKEN_URL

    def auth(self, send: Send, now: Callable[[], datetime]) -> httpx.Auth:
        """See `connectors.http.logins.Login`."""
        return BearerLogin(lambda: _refreshed(self, send, now), now)


class _Granted(msgspec.Struct):
    """What a refresh token gives."""

    access_token: str
    refresh_token: str = ""
    expires_in: float = 3600.0


class _Refused(msgspec.Struct):
    error: str = ""
    error_description: str = ""


def _refreshed(login: OAuthApplication, send: Send, now: Callable[[], datetime]) -> AccessToken:
    """A new access token. The new refresh token is stored before anything is done with the answer."""
    try:
        with login.store.locked():
            spent = login.store.read()
            if not spent:
                raise AuthenticationError(
                    f"{login.store.where} holds no refresh token; authorise the app and write its refresh token there"
                )
            login.store.write(spent)  # what cannot be written must not be spent: its successor would be lost
            granted = _grant(login, send, spent)
            if granted.refresh_token and granted.refresh_token != spent:
                login.store.write(granted.refresh_token)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SourceError(f"{login.store.where}: the refresh token cannot be read or replaced: {reason}") from error
    return AccessToken.lasting(granted.access_token, granted.expires_in, now())


def _grant(login: OAuthApplication, send: Send, refresh_token: str) -> _Granted:
    body = {
        "grant_type": "refresh_token",
        "client_id": login.client_id,
        "client_secret": login.client_secret,
        "refresh_token": refresh_token,
    }
    answer = send("POST", login.token_url, json=body)
    host = answer.request.url.host
    if answer.is_redirect:
        raise UnexpectedResponse(
            f"{host} redirects the login to another address, which is not followed", status=answer.status_code
        )
    if answer.is_client_error and answer.status_code not in {httpx.codes.NOT_FOUND, httpx.codes.TOO_MANY_REQUESTS}:
        raise _refusal(login, answer, host)
    raise_for_status(answer)
    try:
        granted = msgspec.json.decode(answer.content, type=_Granted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnexpectedResponse(f"{host} answered {answer.status_code} without an access token") from error
    return granted


def _refusal(login: OAuthApplication, answer: httpx.Response, host: str) -> AuthenticationError:
    """Told by the code only: the description may repeat what was sent."""
    try:
        said = msgspec.json.decode(answer.content, type=_Refused)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Refused()
    code = said.error if _CODE.fullmatch(said.error) else f"status {answer.status_code}"
    if said.error == "invalid_grant" or _SPENT.search(said.error_description):
        return AuthenticationError(
            f"{host} no longer takes the refresh token ({code}): it has expired, was revoked, or was spent elsewhere; "
            f"authorise the app anew and write the new refresh token to {login.store.where}"
        )
    return AuthenticationError(f"{host} refuses the login ({code}); check client_id and client_secret")
