"""The questions that `init` asks when its options name no tracker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowmart.errors import UsageError
from flowmart.looking.discovery import Wanted, source_name, token_variable

Ask = Callable[[str, str], str]
"""Question and default → the answer; an empty default may be answered by nothing."""

_VARIABLE_OF_JIRA = "Environment variable that holds its token (Cloud: API token; Data Center: personal access token)"
_ZONES = "zoneinfo/"


def jira(url: str | None, email: str | None, token_env: str | None, name: str | None) -> list[Wanted]:
    """The Jira site that the options describe, if they do. Raises `UsageError` for options without an address."""
    if url is None:
        _refuse_rest("jira", [email, token_env, name])
        return []
    chosen = name or source_name(url)
    variable = token_env or token_variable(chosen, "jira")
    return [Wanted(name=chosen, type="jira", url=url, email=email, token_variable=variable)]


def azure_devops(url: str | None, token_env: str | None, name: str | None) -> list[Wanted]:
    """The Azure DevOps organisation that the options describe, if they do."""
    if url is None:
        _refuse_rest("ado", [token_env, name])
        return []
    chosen = name or source_name(url)
    variable = token_env or token_variable(chosen, "azure_devops")
    return [Wanted(name=chosen, type="azure_devops", url=url, token_variable=variable)]


def trackers(ask: Ask) -> list[Wanted]:
    """The trackers that a person names. Raises `UsageError` when it is none."""
    found: list[Wanted] = []
    if url := ask("Address of your Jira site, e.g. https://acme.atlassian.net (Enter: no Jira)", ""):
        email = ask("E-mail of the account (Jira Cloud; Enter for Data Center)", "")
        variable = ask(
            "Environment variable that holds its token (Cloud: API token; Data Center: personal access token)",
            token_variable(source_name(url), "jira"),
        )
        found += jira(url, email or None, variable, None)
    if url := ask("Address of your Azure DevOps organisation, e.g. https://dev.azure.com/acme (Enter: none)", ""):
        default = token_variable(source_name(url), "azure_devops")
        name = f"{source_name(url)}-ado" if any(source_name(url) == other.name for other in found) else None
        found += azure_devops(url, ask("Environment variable that holds its token", default), name)
    if not found:
        raise UsageError("no tracker was named; nothing was written")
    return found


def local_zone(link: Path = Path("/etc/localtime")) -> str:
    """This machine's time zone, as far as it can be told; else UTC."""
    target = str(link.resolve())
    return target.rpartition(_ZONES)[2] if _ZONES in target else "UTC"


def _refuse_rest(prefix: str, rest: list[str | None]) -> None:
    if any(option is not None for option in rest):
        raise UsageError(f"--{prefix}-url is missing: the other --{prefix}-… options describe the tracker there")
