"""Faults on command: refusals, broken connections and lies, for the requests that they are meant for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from simulator.wire import answer

KINDS = ("answer", "reset_mid_body", "lying_200", "sign_in_203")
SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
_OUTAGE = "<html><body>The service is temporarily unavailable.</body></html>"
_LYING_BODIES: tuple[tuple[str, Any], ...] = (
    ("/search/jql", {"issues": [], "isLast": True}),
    ("/approximate-count", {"count": 0}),
    ("/changelog/bulkfetch", {"issueChangeLogs": []}),
    ("/issue/bulkfetch", {"issues": [], "issueErrors": []}),
    ("/project/search", {"values": [], "startAt": 0, "maxResults": 50, "total": 0, "isLast": True}),
    ("/board", {"values": [], "startAt": 0, "maxResults": 50, "total": 0, "isLast": True}),
    ("/sprint", {"values": [], "startAt": 0, "maxResults": 50, "total": 0, "isLast": True}),
)


@dataclass(slots=True, eq=False, kw_only=True)
class Fault:
    """Let `after` matching requests pass, then strike `times` of them. `match` is searched in the path."""

    match: str
    kind: str = "answer"
    after: int = 0
    times: int = 1
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def strikes(self, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or not re.search(self.match, path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


def read_fault(given: dict[str, Any]) -> Fault:
    """A fault out of the JSON that a test sends; ValueError for an unknown name or kind, or a bad pattern."""
    try:
        fault = Fault(**given)
        re.compile(fault.match)
    except (TypeError, re.error) as error:
        raise ValueError(str(error)) from error
    if fault.kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    return fault


async def strike(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the request with the fault."""
    if fault.kind == "reset_mid_body":
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"issues":[{"id":"1', "more_body": True})
        return
    await _response(fault, Request(scope).url.path)(scope, receive, send)


def _response(fault: Fault, path: str) -> Response:
    if fault.kind == "sign_in_203":
        return HTMLResponse(SIGN_IN, 203)
    if fault.kind == "lying_200":
        bodies = [body for end, body in _LYING_BODIES if path.endswith(end)]
        return answer(
            bodies[0] if bodies else [], 200, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", **fault.headers}
        )
    if fault.body is None or fault.body == "html":
        return HTMLResponse(_OUTAGE, fault.status, fault.headers)
    if isinstance(fault.body, str):
        return HTMLResponse(fault.body, fault.status, fault.headers)
    return answer(fault.body, fault.status, fault.headers)
