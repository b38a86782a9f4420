"""The trackers that are pulled from: the simulator in one process, a relay before each tracker in another."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_STOP_SECONDS = 10
_PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """A tracker behind its relay."""

    name: str
    """`jira_cloud` or `azure_devops`."""
    url: str
    origin: str
    """Of the simulator itself, for its commands."""
    projects: tuple[str, ...]
    token: str
    email: str
    now: str

    def tell(self, command: str, value: object = "") -> Mapping[str, Any]:
        """A command to the relay: `forget`, `latency` (seconds), `state`."""
        parts = urlsplit(self.url)
        return _post(f"{parts.scheme}://{parts.netloc}/_relay/{command}", str(value))

    def command(self, name: str, **body: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
        """A command to the simulator, e.g. `act`; the relay then asks anew."""
        return _post(f"{self.origin}/_simulator/{name}", json.dumps(body))


@contextmanager
def trackers(issues: int) -> Iterator[tuple[Tracker, Tracker]]:
    """A Jira Cloud site and an Azure DevOps organisation of one company with so many issues in all."""
    with ExitStack() as stack:
        command = [sys.executable, "-m", "simulator", "--issues", str(issues), "--until-stdin-closes"]
        told: Mapping[str, Any] = json.loads(stack.enter_context(_started(command)))
        yield (
            _behind_relay(stack, "jira_cloud", told),
            _behind_relay(stack, "azure_devops", told),
        )


def _behind_relay(stack: ExitStack, name: str, told: Mapping[str, Any]) -> Tracker:
    found = told[name]
    parts = urlsplit(found["url"])
    origin = f"{parts.scheme}://{parts.netloc}"
    own = stack.enter_context(_started([sys.executable, "-m", "benchmarks.relay", origin])).strip()
    return Tracker(
        name=name,
        url=f"{own}{parts.path}",
        origin=origin,
        projects=tuple(found["projects"]),
        token=found["token"],
        email=found.get("email", ""),
        now=told["now"],
    )


@contextmanager
def _started(command: list[str]) -> Iterator[str]:
    """Its first line. It ends when its standard input is closed, so also when we are killed."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - ours
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"{' '.join(command[1:3])} did not start; what it says stands above")
            yield line
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _post(url: str, body: str) -> Mapping[str, Any]:
    request = urllib.request.Request(url, data=body.encode(), method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
            told: Mapping[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} refuses {body}: {error.read().decode()}") from error
    return told
