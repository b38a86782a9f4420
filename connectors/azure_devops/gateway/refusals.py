"""What Azure DevOps refuses, and in which disguises."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import msgspec

from connectors.errors import AuthenticationError
from connectors.http import error_message, raise_for_status
from connectors.typed import ready

OUT_OF_RANGE = "VssVersionOutOfRangeException"
UNDER_PREVIEW = "VssInvalidPreviewVersionException"


class Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """The shape that all error answers in JSON share."""

    type_key: str = ""
    message: str = ""


def version_refusal(response: httpx.Response) -> Refusal | None:
    """The refusal of an API version that the server does not speak, or speaks as a preview only; None for all else."""
    if response.status_code != httpx.codes.BAD_REQUEST:
        return None
    try:
        found = msgspec.json.decode(response.content, type=ready(Refusal))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found.type_key in {OUT_OF_RANGE, UNDER_PREVIEW} else None


OF_A_PAT = "the token is wrong, expired or revoked; make a new personal access token"
OF_ENTRA = (
    "Microsoft Entra gave a token that the organisation does not take; see that the application or managed identity "
    "is a user of the organisation, and that the organisation is connected to the same tenant"
)
"""What is the matter when a login is refused, and what to do, by the kind of login."""


def refusing_sign_in(advice: str) -> Callable[[httpx.Response], None]:
    """An inspection that raises for every answer other than a success in JSON, the SDK's requests included.

    An expired token is answered with a sign-in page: 203 or 302, sometimes 200; a Server, and requests that are no GET,
    are answered with 401. Refused versions pass: whoever asked steps down.
    """

    def inspect(response: httpx.Response) -> None:
        _refuse_sign_in(response, advice)

    return inspect


def _refuse_sign_in(response: httpx.Response, advice: str) -> None:
    host = response.request.url.host
    is_page = "html" in response.headers.get("content-type", "")
    if (
        response.is_redirect
        or response.status_code == httpx.codes.NON_AUTHORITATIVE_INFORMATION
        or (response.is_success and is_page)
    ):
        raise AuthenticationError(f"{host} answered {response.status_code} with its sign-in page: {advice}")
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise AuthenticationError(
            f"the login is refused: {host} answered 401: {error_message(response)}; {advice}{_hint(response)}"
        )
    if version_refusal(response) is None:
        raise_for_status(response)


def _hint(response: httpx.Response) -> str:
    offered = {
        each.partition(" ")[0].lower() for each in response.headers.get_list("www-authenticate", split_commas=True)
    }
    if offered & {"ntlm", "negotiate"} and "bearer" not in offered:
        return ", and see that IIS basic authentication is off: with it a Server takes no token"
    return ""
