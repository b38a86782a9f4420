"""The door of the simulator: sends a request to the tracker of its port, after delays, faults and commands."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.faults import Asked
from simulator.strikes import Target, strike
from simulator.trackers import Trackers, instant, introduction, report
from simulator.wire import answer

_CONTROL = "/_simulator/"
_COMMANDS = "GET state, POST advance, clock, act, faults, settings, DELETE faults"


class Front:
    """The one ASGI application behind all listeners; `ports` says which tracker a port belongs to."""

    def __init__(self, trackers: Trackers, ports: dict[int, str]) -> None:
        self._trackers = trackers
        self._ports = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith(_CONTROL):
            response = await self._obey(Request(scope, receive))
            await response(scope, receive, send)
            return
        tracker = self._ports[scope["server"][1]]
        self._trackers.count(tracker, scope["method"], path)
        if self._trackers.settings.latency_ms:
            await asyncio.sleep(self._trackers.settings.latency_ms / 1000)
        asked = Asked(tracker=tracker, method=scope["method"], path=path, at=self._trackers.clock())
        await self._answer(asked, scope, receive, send)

    async def _answer(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        """A bug of the simulator is answered with 500 by the application below; here it is shown to people."""
        app, fault = self._trackers.apps[asked.tracker], self._trackers.strike(asked)
        try:
            if fault is None:
                await app(scope, receive, send)
            else:
                await strike(fault, Target(asked=asked, serve=app, act=self._trackers.act), scope, receive, send)
        except ClientDisconnect:
            return  # whoever asked was killed; nobody waits for an answer
        except Exception:  # noqa: BLE001 - whatever it is, the other requests go on
            traceback.print_exc()

    async def _obey(self, request: Request) -> Response:
        """What `_COMMANDS` names, each with an object as its body."""
        command = request.method, request.url.path.removeprefix(_CONTROL)
        if command == ("GET", "state"):
            return answer(report(self._trackers) | {"connect": introduction(self._trackers)})
        if command == ("DELETE", "faults"):
            self._trackers.faults.clear()
            return answer({"faults": 0})
        try:
            return self._change(command, json.loads(await request.body() or "{}"))
        except (ValueError, TypeError) as error:
            return answer({"error": str(error)}, 400)

    def _change(self, command: tuple[str, str], body: Any) -> Response:  # noqa: ANN401 - JSON
        if command == ("POST", "advance"):
            self._trackers.advance(int(body.get("nights", 1)))
            return answer(introduction(self._trackers))
        if command == ("POST", "act"):
            return answer(self._trackers.act(body))
        if command == ("POST", "clock"):
            self._trackers.pass_time(float(body.get("seconds", 0)))
            return answer({"now": instant(self._trackers.company.now)})
        if command == ("POST", "faults"):
            self._trackers.order(body)
            return answer({"faults": len(self._trackers.faults)})
        if command == ("POST", "settings"):
            tracker = body.pop("tracker", "")
            for name, value in body.items():
                self._trackers.tell(name, value, tracker)
            return answer(body)
        return answer({"error": f"no such command; there are: {_COMMANDS}"}, 404)
