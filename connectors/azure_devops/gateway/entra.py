"""Entra logins for Azure DevOps Services, by Microsoft's library: an application, or the machine's identity."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import msal
import msgspec
from msal.exceptions import MsalServiceError

from connectors.errors import AuthenticationError, TrackerUnavailable, UnexpectedResponse
from connectors.http.logins import AccessToken, BearerLogin, Send, origin

RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
"""Azure DevOps, in every tenant."""
AUTHORITY = "https://login.microsoftonline.com"

_CODE = re.compile(r"AADSTS\d+")
_SHORT_CODE = re.compile(r"[A-Za-z_]{1,40}")
_ADVICE: Mapping[str, str] = {
    "AADSTS7000215": "check client_secret: it is the secret's value that is wanted, not its id",
    "AADSTS7000222": "the client secret has expired: make a new one for the application",
    "AADSTS700016": "check client_id: the tenant knows no such application",
    "AADSTS90002": "check tenant_id: there is no such tenant",
    "AADSTS900023": "check tenant_id: it is neither a tenant's id nor its domain",
    "AADSTS53003": "a Conditional Access policy forbids it: have the application excluded",
    "AADSTS7000112": "the application is disabled in the tenant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraApplication:
    """A service principal, e.g. one that is a user of the organisation."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    authority: str = AUTHORITY
    resource: str = RESOURCE
    """What the tokens are for."""

    def auth(self, send: Send, now: Callable[[], datetime]) -> httpx.Auth:
        """See `connectors.http.logins.Login`."""
        return BearerLogin(_Application(self, _MsalHttp(send, self.authority), now).fetch, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedIdentity:
    """The identity of the Azure machine that this runs on: its own, or the one assigned to it with `client_id`."""

    client_id: str | None = None

    def auth(self, send: Send, now: Callable[[], datetime]) -> httpx.Auth:
        """See `connectors.http.logins.Login`."""
        http = _MsalHttp(send)

        def fetch() -> AccessToken:
            identity = (
                msal.SystemAssignedManagedIdentity()
                if self.client_id is None
                else msal.UserAssignedManagedIdentity(client_id=self.client_id)
            )
            try:  # a new client each time: the library's cache would give back a token that was refused
                answer = msal.ManagedIdentityClient(identity, http_client=http).acquire_token_for_client(
                    resource=RESOURCE
                )
            except TrackerUnavailable as error:
                raise TrackerUnavailable(
                    f"the managed identity does not answer; is this an Azure machine? {error}"
                ) from error
            except _MSAL_ERRORS as error:
                raise AuthenticationError(
                    f"the managed identity gives no token ({type(error).__name__}); check that this machine has one"
                ) from error
            return _token(answer, "the managed identity", "check that it exists and is assigned to this machine", now())

        return BearerLogin(fetch, now)


_MSAL_ERRORS = (ValueError, KeyError, TypeError, OSError, MsalServiceError, msal.ManagedIdentityError)


class _Application:
    """The library's application, made when a token is first wanted: making it sends requests."""

    def __init__(self, login: EntraApplication, http: _MsalHttp, now: Callable[[], datetime]) -> None:
        self._login = login
        self._http = http
        self._now = now
        self._made: msal.ConfidentialClientApplication | None = None

    def fetch(self) -> AccessToken:
        """A new token; raises `AuthenticationError` when Entra refuses."""
        try:
            application = self._application()
            application.remove_tokens_for_client()  # else a token that was refused would come back
            answer = application.acquire_token_for_client(scopes=[f"{self._login.resource}/.default"])
        except _MSAL_ERRORS as error:
            raise AuthenticationError(
                f"Entra cannot be asked for tokens of the tenant {self._login.tenant_id} ({type(error).__name__}); "
                "check tenant_id"
            ) from error
        return _token(answer, "Entra", "check tenant_id, client_id and client_secret", self._now())

    def _application(self) -> msal.ConfidentialClientApplication:
        if self._made is None:
            login = self._login
            self._made = msal.ConfidentialClientApplication(
                login.client_id,
                client_credential=login.client_secret,
                authority=f"{login.authority}/{login.tenant_id}",
                instance_discovery=False,  # asks about the authority's aliases, of which we use none
                http_client=self._http,
            )
        return self._made


class _MsalHttp:
    """What the library takes for a session: its requests go the way of all others of the source, unsigned.

    With an `authority` they go to no other server, whichever address its answers name: the secret is in them.
    """

    def __init__(self, send: Send, authority: str | None = None) -> None:
        self._send = send
        self._origin = None if authority is None else origin(httpx.URL(authority))

    def get(self, url: str, **what: Any) -> httpx.Response:  # noqa: ANN401 - the library's shape
        """One answer."""
        return self._exchange("GET", url, what)

    def post(self, url: str, **what: Any) -> httpx.Response:  # noqa: ANN401
        """One answer."""
        return self._exchange("POST", url, what)

    def close(self) -> None:
        """Nothing: the client is the source's."""

    def _exchange(self, method: str, url: str, what: Mapping[str, Any]) -> httpx.Response:
        if self._origin is not None and origin(httpx.URL(url)) != self._origin:
            raise UnexpectedResponse(
                f"{self._origin[1]} names {httpx.URL(url).host} as the server for logins, which is not followed"
            )
        known = {name: what[name] for name in ("params", "headers", "data") if what.get(name) is not None}
        answer = self._send(method, url, **known)
        host = answer.request.url.host
        if answer.is_redirect:
            raise UnexpectedResponse(
                f"{host} redirects the login to another address, which is not followed", status=answer.status_code
            )
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise TrackerUnavailable(f"{host} answered {answer.status_code} to the login; the next run tries again")
        if answer.status_code != httpx.codes.UNAUTHORIZED and not _is_json(answer.content):  # a 401 may be a challenge
            raise UnexpectedResponse(
                f"{host} answered {answer.status_code} to the login, and not in JSON; check the network and the proxy",
                status=answer.status_code,
            )
        return answer


def _is_json(body: bytes) -> bool:
    """The library would log the whole of another body as an error."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _token(answer: object, who: str, otherwise: str, now: datetime) -> AccessToken:
    """The token of a good answer; its `AuthenticationError` else. Free text of the answer is never shown."""
    if not isinstance(answer, dict):
        raise AuthenticationError(f"{who} gives no token; {otherwise}")
    value, seconds = answer.get("access_token"), answer.get("expires_in")
    if isinstance(value, str) and value:
        return AccessToken.lasting(value, float(seconds) if isinstance(seconds, int | float) else 0.0, now)
    found = _CODE.search(str(answer.get("error_description", "")))
    short = _SHORT_CODE.fullmatch(str(answer.get("error", "")))
    code = found[0] if found else short[0] if short else "no reason given"
    raise AuthenticationError(f"{who} refuses the login ({code}); {_ADVICE.get(code, otherwise)}")
