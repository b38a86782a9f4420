"""Who may come in, and by which door: the site itself, or the gateway with its scoped tokens and OAuth 2.0."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Company
from simulator.wire import answer, credentials, read_body

CLOUD_ID = "11223344-a1b2-4c3d-8e4f-0123456789ab"
DOOR = f"/ex/jira/{CLOUD_ID}"
LIFETIME = 3_600
_SCOPES = (
    "read:jira-work",
    "read:jira-user",
    "read:board-scope:jira-software",
    "read:sprint:jira-software",
    "read:issue-details:jira",
    "read:jql:jira",
    "offline_access",
)
_AGILE = ("/rest/agile/", "/rest/software/", "/rest/greenhopper/")


@dataclass(slots=True, eq=False, kw_only=True)
class Gateway:
    """The tokens that work through the gateway only: a service account's, an OAuth app's, and what both may do."""

    company: Company
    service_token: str
    client_id: str
    client_secret: str
    refresh_token: str
    scopes: list[str] = field(default_factory=lambda: list(_SCOPES))
    access: dict[str, int] = field(default_factory=dict)
    turns: int = 0

    def knows(self, token: str) -> bool:
        """Whether the token is good: the service account's, or an access token within its hour."""
        return token == self.service_token or self.access.get(token, 0) > self.company.now

    def may(self, path: str) -> bool:
        """Whether the tokens' scopes reach this path of the API."""
        if path.startswith(_AGILE):
            return "read:board-scope:jira-software" in self.scopes
        if path.endswith("/group/member"):
            return "manage:jira-configuration" in self.scopes or "read:group:jira" in self.scopes
        is_people = path.endswith(("/myself", "/users/search", "/user/bulk"))
        return ("read:jira-user" if is_people else "read:jira-work") in self.scopes

    def turn(self) -> dict[str, Any]:
        """A new access token, and the refresh token that takes the place of the last one."""
        self.turns += 1
        made = [hashlib.sha256(f"{self.client_secret} {self.turns} {kind}".encode()).hexdigest() for kind in "ar"]
        access, self.refresh_token = made
        self.access[access] = self.company.now + LIFETIME * 1000
        return {
            "access_token": access,
            "refresh_token": self.refresh_token,
            "expires_in": LIFETIME,
            "token_type": "Bearer",
            "scope": " ".join(self.scopes),
        }


def bearer(request: Request) -> str:
    """The bearer token; empty without one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def scoped_token(request: Request) -> str:
    """The token of a scoped login: as a bearer, or as the password of basic authentication."""
    return bearer(request) or credentials(request)[1]


def unauthorized(message: str = "Unauthorized") -> Response:
    """The gateway's refusal."""
    return answer({"code": 401, "message": message}, 401)


def gateway_of(request: Request) -> Gateway:
    """The gateway beside the site."""
    gateway: Gateway = request.scope["jira.gateway"]
    return gateway


async def exchange(request: Request) -> Response:
    """OAuth 2.0: a refresh token for an access token and the next refresh token; the old one is dead then."""
    gateway, body = gateway_of(request), await read_body(request) or dict(parse_qsl((await request.body()).decode()))
    if (body.get("client_id"), body.get("client_secret")) != (gateway.client_id, gateway.client_secret):
        return answer({"error": "access_denied", "error_description": "Unauthorized"}, 401)
    if body.get("grant_type") != "refresh_token":
        return answer({"error": "unsupported_grant_type", "error_description": "Unsupported grant type"}, 400)
    if body.get("refresh_token") != gateway.refresh_token:
        return answer({"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}, 403)
    return answer(gateway.turn())


async def accessible_resources(request: Request) -> Response:
    """The sites that an access token opens."""
    gateway, url = gateway_of(request), request.scope["jira.site"].url
    if bearer(request) not in gateway.access or not gateway.knows(bearer(request)):
        return unauthorized()
    scopes = [scope for scope in gateway.scopes if scope != "offline_access"]
    return answer([{"id": CLOUD_ID, "url": url, "name": "acme", "scopes": scopes, "avatarUrl": f"{url}/"}])
