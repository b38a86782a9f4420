"""Which version of the REST API is spoken: the newest that both sides know, learnt from the server's own refusals."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from connectors.azure_devops.gateway.refusals import OUT_OF_RANGE, version_refusal

NEWEST = "7.1"
_NUMBER = re.compile(r"\d+\.\d+")

Send = Callable[[dict[str, str]], httpx.Response]


class Versions:
    """The version for our own requests; the SDK steps down by the table of locations.

    A Server that is older refuses a request and names the highest version that it has: from then on that one is asked
    for. So it costs one request more in a run. A resource that has no released version there is asked for as a preview.
    """

    def __init__(self) -> None:
        self.spoken = NEWEST
        self._previews: set[str] = set()

    def ask(self, resource: str, send: Send) -> httpx.Response:
        """The answer in a version that the server speaks; `send` gets the parameter that names it."""
        while True:
            asked = f"{self.spoken}-preview" if resource in self._previews else self.spoken
            response = send({"api-version": asked})
            if not self._learns(resource, asked, response):
                return response

    def _learns(self, resource: str, asked: str, response: httpx.Response) -> bool:
        """Whether another try would ask for another version."""
        refusal = version_refusal(response)
        if refusal is None:
            return False
        if refusal.type_key != OUT_OF_RANGE:
            self._previews.add(resource)
            return "-preview" not in asked
        named = _NUMBER.findall(refusal.message)
        if not named or float(named[-1]) >= float(asked.removesuffix("-preview")):
            return False
        self.spoken = named[-1]
        return True
