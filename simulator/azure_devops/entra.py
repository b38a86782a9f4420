"""The part of Microsoft Entra that hands a service principal its access tokens, on the organisation's own port."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.organization import Organization, guid
from simulator.wire import answer, digest, dumps

RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
SCOPE = f"{RESOURCE}/.default"
_TOKEN = re.compile(r"/([^/]+)/oauth2/v2\.0/token", re.IGNORECASE)
_DISCOVERY = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration", re.IGNORECASE)


def is_for_entra(request: Request) -> bool:
    """Whether the request is for the login service and not for the organisation."""
    path = request.url.path
    return bool(_TOKEN.fullmatch(path) and request.method == "POST") or bool(_DISCOVERY.fullmatch(path))


async def answer_for_entra(request: Request, organization: Organization) -> Response:
    """A token for whoever names the right tenant, client, secret and scope; else why there is none."""
    found = _DISCOVERY.fullmatch(request.url.path)
    if found is not None:
        return _discovery(organization, found[1])
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    refusal = _refusal(request, organization, form)
    if refusal is not None:
        return _error(organization, *refusal)
    seconds = organization.token_seconds
    token = _make_token(organization)
    organization.access_tokens[token] = organization.company.now + seconds * 1_000
    return answer({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})


def is_good_token(organization: Organization, token: str) -> bool:
    """Whether the access token was handed out here and is not over, by the company's clock."""
    return organization.access_tokens.get(token, 0) > organization.company.now


def _make_token(organization: Organization) -> str:
    """Three parts like a real one; nobody signs it."""
    number = len(organization.access_tokens) + 1
    issued = organization.company.now // 1_000
    claims = {"aud": RESOURCE, "appid": organization.client_id, "tid": organization.tenant_id, "iat": issued}
    claims |= {"exp": issued + organization.token_seconds, "uti": digest("token", number)}
    parts = (dumps({"typ": "JWT", "alg": "RS256"}), dumps(claims), digest("signature", number))
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def _refusal(request: Request, organization: Organization, form: dict[str, str]) -> tuple[int, str, int, str] | None:
    """Status, error, code and message; None for a request that is right."""
    found = _TOKEN.fullmatch(request.url.path)
    tenant, client = found[1] if found else "", form.get("client_id", "")
    if tenant != organization.tenant_id:
        return (
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct ID.",
        )
    if form.get("grant_type") != "client_credentials":
        return 400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
    if client != organization.client_id:
        return 400, "unauthorized_client", 700016, f"Application with identifier '{client}' was not found."
    if form.get("client_secret") != organization.client_secret:
        return 401, "invalid_client", 7000215, "Invalid client secret provided."
    if form.get("scope") != SCOPE:
        asked = form.get("scope", "")
        return 400, "invalid_scope", 1002012, f"The provided value for scope {asked} is not valid."
    return None


def _error(organization: Organization, status: int, error: str, code: int, message: str) -> Response:
    moment = f"{datetime.fromtimestamp(organization.company.now // 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    trace = guid("trace", code)
    return answer(
        {
            "error": error,
            "error_description": f"AADSTS{code}: {message} Trace ID: {trace} Timestamp: {moment}",
            "error_codes": [code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": guid("correlation", code),
        },
        status,
    )


def _discovery(organization: Organization, tenant: str) -> Response:
    if tenant != organization.tenant_id:
        return _error(organization, 400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
    origin = organization.url.removesuffix(organization.base)
    return answer(
        {
            "token_endpoint": f"{origin}/{tenant}/oauth2/v2.0/token",
            "authorization_endpoint": f"{origin}/{tenant}/oauth2/v2.0/authorize",
            "issuer": f"{origin}/{tenant}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
    )
