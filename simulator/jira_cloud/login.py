"""The doors of a Jira Cloud site: who asks, by which address and in which language."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.jira.site import Site
from simulator.jira_cloud.dialect import account_id
from simulator.jira_cloud.gateway import DOOR, Gateway, scoped_token, unauthorized
from simulator.jira_cloud.walk import Lies
from simulator.life.layout import BOT
from simulator.wire import answer, credentials

_OPEN = {"/_edge/tenant_info", "/oauth/token", "/oauth/token/accessible-resources"}


@dataclass(slots=True, eq=False, kw_only=True)
class Cloud:
    """A Jira Cloud: the site, the gateway, what searches do wrong, and whether the old issue lists are gone."""

    site: Site
    gateway: Gateway
    lies: Lies = field(default_factory=Lies)
    agile_lists_gone: bool = False


class Login:
    """Lets through who has the e-mail and the token, or comes by the gateway with a token of its own."""

    def __init__(self, app: ASGIApp, cloud: Cloud) -> None:
        self._app = app
        self._cloud = cloud

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, cloud = Request(scope), self._cloud
        path: str = scope["path"]
        is_gateway = path.startswith(DOOR + "/")
        path = path.removeprefix(DOOR) if is_gateway else path
        language = _language(request, cloud.site)
        site = cloud.site.seen(url=cloud.site.url + DOOR if is_gateway else None, shown_in=language)
        scope = {**scope, "path": path, "raw_path": path.encode()}
        scope |= {"jira.site": site, "jira.gateway": cloud.gateway, "jira.lies": cloud.lies, "jira.cloud": cloud}
        if not is_gateway and (path in _OPEN or path.endswith("/serverInfo")):
            await self._app(scope, receive, send)
            return
        refusal = self._gateway_refusal(request, path) if is_gateway else self._refusal(request)
        if refusal is None:
            await self._app(scope, receive, _signed(send))
        else:
            await refusal(scope, receive, send)

    def _gateway_refusal(self, request: Request, path: str) -> Response | None:
        if not self._cloud.gateway.knows(scoped_token(request)):
            return unauthorized()
        return None if self._cloud.gateway.may(path) else unauthorized("Unauthorized; scope does not match")

    def _refusal(self, request: Request) -> Response | None:
        """Scoped tokens mean nothing to the site itself."""
        if credentials(request) == (self._cloud.site.email, self._cloud.site.token):
            return None
        if self._cloud.gateway.knows(scoped_token(request)):
            return unauthorized()
        message = "Client must be authenticated to access this resource."
        headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "WWW-Authenticate": 'OAuth realm="jira"'}
        return answer({"errorMessages": [message], "errors": {}}, 401, headers)


def _language(request: Request, site: Site) -> str | None:
    """The language that the request insists on, unless the site speaks it anyway."""
    headers = request.headers
    insists = headers.get("x-force-accept-language", "").lower() == "true"
    wanted = headers.get("accept-language", "").lower()
    return "en" if insists and wanted.startswith("en") and site.language != "en" else None


def _signed(send: Send) -> Send:
    """Names the identity used, as each answer of the site does."""

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"x-aaccountid", account_id(BOT).encode())]
            message = {**message, "headers": headers}
        await send(message)

    return signed
