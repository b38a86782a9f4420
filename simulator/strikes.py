"""What a request that a fault hits gets instead of its answer, or beside it."""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.azure_devops.refusals import refuse
from simulator.faults import SIGN_IN, SIGN_IN_PLACE, Asked, Fault
from simulator.wire import answer

_OUTAGE = "<html><body>The service is temporarily unavailable.</body></html>"
_BLOCKED = (
    "RequestBlockedException",
    (
        "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource "
        "'Concurrency' in namespace 'User'."
    ),
)
_CANCELED = ("RequestCanceledException", "TF400733: The request has been canceled.")
_ABRUPTLY = struct.pack("ii", 1, 0)
_NOTHING = {"startAt": 0, "maxResults": 50, "total": 0}
_EMPTY_FEED = {"values": [], "nextLink": "", "continuationToken": "0;0;0", "isLastBatch": True}
_LYING_BODIES: tuple[tuple[str, Any], ...] = (
    ("/search/jql", {"issues": [], "isLast": True}),
    ("/approximate-count", {"count": 0}),
    ("/changelog/bulkfetch", {"issueChangeLogs": []}),
    ("/issue/bulkfetch", {"issues": [], "issueErrors": []}),
    ("/project/search", {"values": [], "isLast": True, **_NOTHING}),
    ("/search", {"issues": [], **_NOTHING}),
    ("/board", {"values": [], "isLast": True, **_NOTHING}),
    ("/sprint", {"values": [], "isLast": True, **_NOTHING}),
    ("/reporting/workitemrevisions", _EMPTY_FEED),
    ("/reporting/workitemlinks", _EMPTY_FEED),
    ("/wiql", {"queryType": "flat", "queryResultType": "workItem", "columns": [], "workItems": []}),
    ("_apis/projects", {"count": 0, "value": []}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is hit: the request, how it would be served, and how a deed is done."""

    asked: Asked
    serve: ASGIApp
    act: Callable[[dict[str, Any]], dict[str, Any]]

    @property
    def is_azure_devops(self) -> bool:
        """Whether the tracker is one of Microsoft's."""
        return self.asked.tracker.startswith("azure_devops")


@dataclass(slots=True, kw_only=True)
class _Caught:
    """An answer on its way out, held back."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Stands where the answer would be sent."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    async def release(self, send: Send, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send it with another body, and with more headers."""
        more = {name.lower(): value for name, value in (headers or {}).items()}
        more["content-length"] = str(len(body))
        kept = [(name, value) for name, value in self.start["headers"] if name.decode().lower() not in more]
        added = [(name.encode(), value.encode()) for name, value in more.items()]
        await send({**self.start, "headers": kept + added})
        await send({"type": "http.response.body", "body": body})


async def strike(fault: Fault, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the request with the fault."""
    if fault.kind in _INSTEAD:
        await _INSTEAD[fault.kind](fault, target)(scope, receive, send)
    else:
        await _BESIDE[fault.kind](fault, target, scope, receive, send)


def _answer(fault: Fault, target: Target) -> Response:
    if fault.body == "own":
        return _own_answer(target, fault.status, fault.headers)
    if fault.body is None or fault.body == "html":
        return HTMLResponse(_OUTAGE, fault.status, fault.headers)
    if isinstance(fault.body, str):
        return HTMLResponse(fault.body, fault.status, fault.headers)
    return answer(fault.body, fault.status, fault.headers)


def _own_answer(target: Target, status: int, headers: dict[str, str]) -> Response:
    """An error in the tracker's own words."""
    if target.is_azure_devops:
        kind, message = _BLOCKED if status == 429 else _CANCELED
        return refuse(status, kind, message, headers=headers).response
    text = "Rate limit exceeded." if status == 429 else "The request could not be served."
    return answer({"errorMessages": [text], "errors": {}}, status, headers)


def _burst(fault: Fault, target: Target) -> Response:
    """Too many at once, with all that the tracker says about it."""
    seconds, resets = math.ceil(fault.wait), target.asked.at + fault.wait
    headers = {"Retry-After": str(seconds), "X-RateLimit-Limit": str(fault.requests), "X-RateLimit-Remaining": "0"}
    if target.is_azure_devops:
        headers |= {"X-RateLimit-Resource": "Concurrency", "X-RateLimit-Reset": str(math.ceil(resets))}
    else:
        moment = datetime.fromtimestamp(math.ceil(resets), UTC)
        headers |= {"X-RateLimit-Reset": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "RateLimit-Reason": "jira-burst-based"}
    return _own_answer(target, 429, headers | fault.headers)


def _lie(fault: Fault, target: Target) -> Response:
    """Nothing at all, as a success."""
    path = target.asked.path.lower()
    bodies = [body for end, body in _LYING_BODIES if path.endswith(end.lower())]
    reason = {} if target.is_azure_devops else {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    return answer(bodies[0] if bodies else [], 200, reason | fault.headers)


def _sign_in_page(fault: Fault, _: Target) -> Response:
    if fault.kind == "sign_in_302":
        return HTMLResponse(SIGN_IN, 302, {"Location": SIGN_IN_PLACE})
    return HTMLResponse(SIGN_IN, 203)


async def _with_headers(fault: Fault, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
    """The true answer with headers added: of Azure DevOps those of a delay, of Jira that the limit is near."""
    if target.is_azure_devops:
        headers = {"Retry-After": "4", "X-RateLimit-Resource": "Concurrency", "X-RateLimit-Delay": "3.2"}
        headers |= {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0"}
        headers["X-RateLimit-Reset"] = str(math.ceil(target.asked.at + 300))
    else:
        headers = {"X-RateLimit-NearLimit": "true"}
    caught = await _catch(target, scope, receive)
    await caught.release(send, caught.body, headers | fault.headers)


async def _patched(fault: Fault, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
    """The true answer with some of its values changed; null takes a value away."""
    caught = await _catch(target, scope, receive)
    found = {**json.loads(caught.body), **fault.body}
    body = json.dumps({name: value for name, value in found.items() if value is not None}).encode()
    await caught.release(send, body, fault.headers)


async def _truncated(fault: Fault, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
    """The first half of the true answer, as if that were all."""
    caught = await _catch(target, scope, receive)
    await caught.release(send, caught.body[: len(caught.body) // 2], fault.headers)


async def _after_act(fault: Fault, target: Target, scope: Scope, receive: Receive, send: Send) -> None:
    """Somebody does something just before the request is served."""
    target.act(fault.body)
    await target.serve(scope, receive, send)


async def _reset_mid_body(_: Fault, _target: Target, _scope: Scope, _receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"issues":[{"id":"1', "more_body": True})


async def _reset(_: Fault, _target: Target, _scope: Scope, receive: Receive, _send: Send) -> None:
    """The connection breaks before any answer. ASGI has no word for it: `receive` belongs to what holds the socket."""
    transport = receive.__self__.transport  # type: ignore[attr-defined]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPTLY)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _catch(target: Target, scope: Scope, receive: Receive) -> _Caught:
    caught = _Caught()
    await target.serve(scope, receive, caught.take)
    return caught


_INSTEAD: dict[str, Callable[[Fault, Target], Response]] = {
    "answer": _answer,
    "burst": _burst,
    "lying_200": _lie,
    "sign_in_203": _sign_in_page,
    "sign_in_302": _sign_in_page,
}
_BESIDE: dict[str, Callable[[Fault, Target, Scope, Receive, Send], Awaitable[None]]] = {
    "headers": _with_headers,
    "patched": _patched,
    "truncated": _truncated,
    "act": _after_act,
    "reset": _reset,
    "reset_mid_body": _reset_mid_body,
}
