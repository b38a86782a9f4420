"""The door of a Data Center: personal access tokens, passwords with a CAPTCHA behind them, and nobody in particular."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.jira_data_center.server import CONTEXT, Server
from simulator.wire import credentials

_OPEN = "/rest/api/2/serverInfo"
_UNAUTHORIZED = "<html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1></body></html>"
_FORBIDDEN = "<html><head><title>Forbidden (403)</title></head><body>Basic Authentication Failure</body></html>"
_NOT_FOUND = "<html><body><h1>Not Found</h1></body></html>"
_LIMIT = 1_000
_NOBODY = "anonymous"


class Door:
    """Lets through who has the token or the password; others as nobody, where that is allowed."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._server = server
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server, request = self._server, Request(scope)
        self._count += 1
        if not scope["path"].startswith(f"{CONTEXT}/"):
            await HTMLResponse(_NOT_FOUND, 404)(scope, receive, send)
            return
        path = scope["path"].removeprefix(CONTEXT)
        name = self._name(request)
        refusal = self._refusal(request, path, name)
        send = _signed(send, name or _NOBODY, self._count)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope = {**scope, "path": path, "raw_path": path.encode(), "jira.server": server}
        scope["jira.site"] = server.site.seen(is_anonymous=name is None)
        await self._app(scope, receive, send)

    def _name(self, request: Request) -> str | None:
        """Whom the login names; None for a missing or wrong one."""
        server = self._server
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return server.login if server.accepts(token.strip()) else None
        return server.login if credentials(request) == (server.login, server.password) else None

    def _refusal(self, request: Request, path: str, name: str | None) -> Response | None:
        is_basic = request.headers.get("authorization", "").lower().startswith("basic ")
        if name is not None or (path == _OPEN and not is_basic):
            return None
        if is_basic:
            reason = f"CAPTCHA_CHALLENGE; login-url={self._server.site.url}/login.jsp"
            headers = {"X-Authentication-Denied-Reason": reason, "X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}
            return HTMLResponse(_FORBIDDEN, 403, headers)
        if self._server.anonymous_allowed:
            return None
        return HTMLResponse(_UNAUTHORIZED, 401, {"WWW-Authenticate": 'OAuth realm="jira"'})


def _signed(send: Send, name: str, count: int) -> Send:
    """What each answer carries: its number, whom it was for, which node gave it, and how many more may be asked."""
    signs = {
        "x-arequestid": f"{600 + count // 60}x{count}x1",
        "x-ausername": name,
        "x-anodeid": f"node{1 + count % 2}",
        "x-ratelimit-limit": str(_LIMIT),
        "x-ratelimit-remaining": str(_LIMIT - 1),
        "x-ratelimit-interval-seconds": "1",
        "x-ratelimit-fillrate": str(_LIMIT),
        "retry-after": "0",
    }
    encoded = [(key.encode(), value.encode()) for key, value in signs.items()]

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *encoded]}
        await send(message)

    return signed
