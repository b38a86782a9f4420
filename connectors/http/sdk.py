"""Lets the trackers' own SDKs, which speak `requests`, send through the one httpx client."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_SENT = {"content-length", "connection", "accept-encoding", "user-agent", "authorization"}
_ALREADY_DECODED = {"content-encoding", "content-length", "transfer-encoding", "connection"}


class HttpxAdapter(HTTPAdapter):
    """Mount it on a session for `https://` and `http://`. The client's settings count, the session's are ignored.

    Exceptions of the client's hooks (a refused login, say) pass unchanged to the SDK's caller.
    """

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self._client = client

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the shape that requests calls
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,  # noqa: ARG002
        verify: bool | str = True,  # noqa: ARG002, FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """One request through the client."""
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_SENT}
        outgoing = self._client.build_request(
            request.method or "GET", request.url or "", headers=headers, content=request.body
        )
        try:
            answer = self._client.send(outgoing)
        except httpx.TimeoutException as error:
            raise requests.Timeout(error) from error
        except httpx.ProxyError as error:
            raise requests.exceptions.ProxyError(error) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise requests.ConnectionError(error) from error
        raw = HTTPResponse(
            body=BytesIO(answer.content),
            status=answer.status_code,
            headers={k: v for k, v in answer.headers.items() if k.lower() not in _ALREADY_DECODED},
            preload_content=False,
        )
        return self.build_response(request, raw)

    def close(self) -> None:
        """Nothing: the SDKs close their session when they like, and the client is shared."""
