"""Who is let in, and what everybody else is shown."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from simulator.azure_devops.entra import is_good_token
from simulator.azure_devops.organization import Organization
from simulator.azure_devops.refusals import refuse
from simulator.faults import SIGN_IN, SIGN_IN_PLACE
from simulator.wire import credentials

_UNAUTHORIZED = "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource."


def is_let_in(request: Request, organization: Organization) -> bool:
    """Whether the request carries the personal access token, or an access token that is good."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return is_good_token(organization, token.strip())
    return credentials(request) == ("", organization.token)


def sign_in(request: Request, organization: Organization) -> Response:
    """A dead login: the sign-in page for those who read (a Server says 401 to them too), 401 for all others."""
    is_suppressed = request.headers.get("x-tfs-fedauthredirect", "").lower() == "suppress"
    if request.method == "GET" and not is_suppressed and organization.sign_in == "203":
        return HTMLResponse(SIGN_IN, 203)
    if request.method == "GET" and not is_suppressed and organization.sign_in == "302":
        return HTMLResponse(SIGN_IN, 302, {"Location": SIGN_IN_PLACE})
    realm = organization.url.removesuffix(organization.base) if organization.is_server else "https://dev.azure.com/"
    headers = {"WWW-Authenticate": f'Basic realm="{realm}"', "X-TFS-ServiceError": "TF400813"}
    return refuse(401, "UnauthorizedRequestException", _UNAUTHORIZED, headers=headers).response


def forbidden_scope(organization: Organization, scope: str) -> None:
    """Refuses what the token's scopes do not reach, in the same words as a dead token."""
    if scope in organization.withheld_scopes:
        raise refuse(401, "UnauthorizedRequestException", _UNAUTHORIZED)
