"""The `azure-devops` library, sending through our HTTP client and keeping nothing on disk."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.errors import TrackerUnavailable, UnexpectedResponse
from connectors.http.sdk import HttpxAdapter
from connectors.typed import ready

T = TypeVar("T")

_CACHE_VARIABLE = "AZURE_DEVOPS_CACHE_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """The library's clients for one organisation."""

    core: Any
    work: Any
    tracking: Any
    team_context: Callable[..., Any]

    def ask(self, type_: type[T], call: Callable[..., Any], *arguments: Any, **options: Any) -> T:  # noqa: ANN401
        """What the library's `call` gives, as `type_`; its errors become `SourceError`s."""
        errors = _library()
        try:
            return msgspec.convert(call(*arguments, **options), ready(type_), from_attributes=True)
        except (errors.refused, errors.unreadable, msgspec.ValidationError, ValueError, RecursionError) as error:
            name = getattr(call, "__name__", "a call")
            raise UnexpectedResponse(f"Azure DevOps answered {name} unexpectedly: {_one_line(error)}") from error
        except errors.unreachable as error:  # the parent of `refused`, hence the order
            raise TrackerUnavailable(f"Azure DevOps cannot be reached: {_one_line(error)}") from error


def connect(url: str, client: httpx.Client) -> Sdk:
    """The clients for the organisation at `url`; nothing is sent yet. Login and retries are the client's."""
    library = _library()
    library.forget(url)

    def mount(session: Any, _config: Any, _local: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - untyped library
        for prefix in ("https://", "http://"):
            session.mount(prefix, HttpxAdapter(client))
        session.trust_env = False
        return {**options, "allow_redirects": False}

    clients = [make(url, None) for make in (library.core, library.work, library.tracking)]
    for each in clients:
        each.config.session_configuration_callback = mount
    core, work, tracking = clients
    return Sdk(core=core, work=work, tracking=tracking, team_context=library.team_context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    core: Callable[..., Any]
    work: Callable[..., Any]
    tracking: Callable[..., Any]
    team_context: Callable[..., Any]
    unreachable: type[Exception]
    unreadable: type[Exception]
    refused: type[Exception]
    forget: Callable[[str], None]


@functools.cache
def _library() -> _Library:
    # Imported here and not at the top: at its import the library makes a cache folder in the user's home, and later
    # writes location tables there. The folder is a passing one, and without a file name nothing is written at all.
    with tempfile.TemporaryDirectory() as folder, _environment(_CACHE_VARIABLE, folder):
        cache = import_module("azure.devops._file_cache")
        client = import_module("azure.devops.client")
        core = import_module("azure.devops.v7_1.core.core_client")
        work = import_module("azure.devops.v7_1.work.work_client")
        tracking = import_module("azure.devops.v7_1.work_item_tracking.work_item_tracking_client")
    models = import_module("azure.devops.v7_1.work.models")
    errors = import_module("azure.devops.exceptions")
    wire = import_module("msrest.exceptions")
    for each in (cache.OPTIONS_CACHE, cache.RESOURCE_CACHE):
        each.file_name = ""

    def forget(url: str) -> None:  # a table of routes from an earlier connection must not outlive it
        normal = url.rstrip("/").lower()
        client.Client._locations_cache.pop(normal, None)  # noqa: SLF001 - it has no public door
        cache.OPTIONS_CACHE.data.pop(normal, None)

    return _Library(
        core=core.CoreClient,
        work=work.WorkClient,
        tracking=tracking.WorkItemTrackingClient,
        team_context=models.TeamContext,
        unreachable=wire.ClientRequestError,
        unreadable=wire.DeserializationError,
        refused=errors.AzureDevOpsClientRequestError,
        forget=forget,
    )


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
