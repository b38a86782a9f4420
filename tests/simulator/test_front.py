"""What the simulator's door does with requests that are none."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from simulator.front import Front
from simulator.trackers import Settings, make_trackers


def test_a_request_whose_sender_is_gone_is_no_bug_to_show(capfd: pytest.CaptureFixture[str]) -> None:
    """A client that is killed leaves the body of its request unsent."""
    trackers = make_trackers(Settings(issues=20))
    front = Front(trackers, {80: "jira_cloud"})
    login = b64encode(f"{trackers.site.email}:{trackers.site.token}".encode())

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        pass

    scope = {
        "type": "http", "method": "POST", "path": "/rest/api/3/search/jql", "raw_path": b"", "query_string": b"",
        "server": ("127.0.0.1", 80), "headers": [(b"authorization", b"Basic " + login), (b"content-length", b"10")],
    }  # fmt: skip
    asyncio.run(front(scope, receive, send))
    assert capfd.readouterr().err == ""
