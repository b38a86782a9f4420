"""The one HTTP client of a source: logins, waiting, retries, typed answers and errors, requests side by side."""

from connectors.http.client import SourceHttp
from connectors.http.proxies import proxy_for
from connectors.http.responses import decode, error_message, raise_for_status, unreachable
from connectors.http.retries import HttpSettings
from connectors.http.waiting import World

__all__ = [
    "HttpSettings",
    "SourceHttp",
    "World",
    "decode",
    "error_message",
    "proxy_for",
    "raise_for_status",
    "unreachable",
]
