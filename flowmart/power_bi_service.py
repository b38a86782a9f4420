"""Asks Power BI to refresh a dataset, as an application, through our HTTP client."""

from __future__ import annotations

import re

import httpx
import msgspec

from connectors.azure_devops.gateway.entra import AUTHORITY, EntraApplication
from connectors.errors import SourceError
from connectors.http import HttpSettings, SourceHttp
from flowmart.config import Config
from flowmart.settings.power_bi import Refresh
from flowmart.sources import NIGHTLY, http_settings

RESOURCE = "https://analysis.windows.net/powerbi/api"
"""Power BI, in every tenant."""

_MESSAGE_LENGTH = 300
_LIMIT = re.compile(r"limit|exceed|maximum number|quota", re.IGNORECASE)
_UNDER_WAY = re.compile(r"already (executing|running)|in progress", re.IGNORECASE)


def start_refresh(config: Config, wanted: Refresh, http: HttpSettings | None = None) -> str | None:
    """Ask Power BI to refresh a dataset; what went wrong, in a line. What it accepted goes on there."""
    settings = http or http_settings(config, attempts=NIGHTLY)
    login = EntraApplication(
        tenant_id=wanted.tenant_id,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret.get_secret_value(),
        authority=wanted.authority or AUTHORITY,
        resource=RESOURCE,
    )
    service = SourceHttp(base_url=wanted.url, auth=login, settings=settings, inspect=_nothing)
    try:
        path = f"v1.0/myorg/groups/{wanted.workspace}/datasets/{wanted.dataset}/refreshes"
        answer = service.send("POST", path, body={"notifyOption": "NoNotification"})
    except SourceError as error:
        return str(error)
    finally:
        service.close()
    return None if answer.status_code == httpx.codes.ACCEPTED else _meaning(answer)


def _meaning(answer: httpx.Response) -> str:
    """What another answer than 202 means, and what to do."""
    status, said = answer.status_code, _said(answer)
    if _UNDER_WAY.search(said):
        return f"Power BI is refreshing the dataset already ({said}); export again when it has ended"
    if _LIMIT.search(said):
        return (
            f"Power BI takes no more refreshes today ({said}); a shared capacity allows 8 a day: "
            "refresh less often, or move the workspace to a Premium or Fabric capacity"
        )
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return (
            f"Power BI refuses the application ({status} {said}); let the tenant's settings allow service principals, "
            "and make the application a member of the workspace"
        )
    if status == httpx.codes.NOT_FOUND:
        return f"there is no such workspace or dataset for this application ({said}); check both ids"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return f"Power BI is asked too often ({said}); run less often"
    return f"Power BI answered {status} ({said}); the next run tries again"


def _said(answer: httpx.Response) -> str:
    """Code and message of Power BI's error, in one short line."""
    try:
        error = msgspec.json.decode(answer.content)["error"]
        parts = [str(error[key]) for key in ("code", "message") if error.get(key)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        parts = []
    return " ".join(": ".join(parts).split())[:_MESSAGE_LENGTH] or "no explanation"


def _nothing(_: httpx.Response) -> None:
    """Answers are read by status."""
