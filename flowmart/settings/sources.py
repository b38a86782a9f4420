"""`[sources.NAME]`: the trackers that are pulled, each with its login and its scope."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from connectors.addresses import is_loopback
from connectors.secret_forms import basic_login
from flowmart.settings.base import FilePath, Secret, Section, Text, Texts
from flowmart.settings.workflow import WorkflowSection

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def _base_address(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("is no web address; write it as https://HOST") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        raise ValueError("is no web address; write it as https://HOST")
    if parts.username or parts.password:
        raise ValueError("must not hold a login; that has keys of its own")
    if parts.query or parts.fragment:
        raise ValueError("must end before any ? or #")
    if re.search(r"[\s\x00-\x1f\x7f]", value.strip()):
        raise ValueError("must not hold blanks")
    return value.strip().rstrip("/")


def _source_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a source's name is made of letters, digits, - and _ (it begins every id in the warehouse)")
    return value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Url = Annotated[str, AfterValidator(_base_address)]
SourceName = Annotated[str, AfterValidator(_source_name)]


FieldChoices = Annotated[Texts, BeforeValidator(_one_or_more)]
"""A field's name or id, or several in order of preference: a project uses the first that is filled."""


class FieldNames(Section):
    """Which of the tracker's fields play which role; a role left out is proposed by the connector."""

    story_points: FieldChoices = ()
    severity: FieldChoices = ()
    found_in: FieldChoices = ()

    def by_role(self) -> Mapping[str, tuple[str, ...]]:
        """Role → names or ids in order of preference, for the roles that the config fills."""
        roles = {"story_points": self.story_points, "severity": self.severity, "found_in": self.found_in}
        return {role: names for role, names in roles.items() if names}


class JiraSource(Section):
    """A Jira site. Cloud or Data Center is found out from the server."""

    type: Literal["jira"]
    url: Url
    email: Text | None = None
    token: Secret | None = None
    allow_http: bool = False
    client_id: Text | None = None
    client_secret: Secret | None = None
    refresh_token_file: FilePath | None = None
    token_url: Url | None = None
    gateway_url: Url | None = None
    projects: Texts = ()
    boards: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(strict=False)] = ()
    jql: Text | None = None
    fields_: FieldNames = Field(default_factory=FieldNames, alias="fields")
    history_since: date | None = None
    workflow: WorkflowSection = Field(default_factory=WorkflowSection)

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        oauth = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token_file": self.refresh_token_file,
        }
        given = [*_given(oauth), *_given({"token_url": self.token_url})]
        for name in _given({"token": self.token, "email": self.email}):
            _exclude(name, given)
        if self.token is None and not given:
            raise ValueError("has no login; set token (and email), or client_id, client_secret and refresh_token_file")
        if given:
            _want_all(oauth, "an OAuth login")
        if self.token is not None and self.email is None and not self.token.get_secret_value().isascii():
            raise ValueError("token: a token without email has letters of ASCII only; is it the right one?")
        return self

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if not self.allow_http:
            require_https({"url": self.url, "token_url": self.token_url, "gateway_url": self.gateway_url})
        return self

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        given = [name for name in ("projects", "boards", "jql") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude one another: keep one of them")
        return self

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        found = _texts(self.token, self.client_secret)
        return (*found, basic_login(self.email, found[0])) if self.email and self.token else found


class AzureDevOpsSource(Section):
    """An Azure DevOps organisation or collection. The login is a token, an Entra application or a managed identity."""

    type: Literal["azure_devops"]
    url: Url
    token: Secret | None = None
    allow_http: bool = False
    tenant_id: Text | None = None
    client_id: Text | None = None
    client_secret: Secret | None = None
    managed_identity: bool = False
    projects: Texts = ()
    teams: Texts = ()
    fields_: FieldNames = Field(default_factory=FieldNames, alias="fields")
    history_since: date | None = None
    workflow: WorkflowSection = Field(default_factory=WorkflowSection)

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        entra = {"tenant_id": self.tenant_id, "client_id": self.client_id, "client_secret": self.client_secret}
        given = _given(entra)
        if self.managed_identity:
            _exclude(
                "managed_identity", [*_given({"token": self.token}), *(name for name in given if name != "client_id")]
            )
            return self
        if self.token is not None:
            _exclude("token", given)
        elif not given:
            raise ValueError(
                "has no login; set token, or tenant_id, client_id and client_secret, or managed_identity = true"
            )
        else:
            _want_all(entra, "an Entra login")
        return self

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if not self.allow_http:
            require_https({"url": self.url})
        return self

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return _texts(self.token, self.client_secret)


def require_https(addresses: Mapping[str, str | None], unless: str = "; or set allow_http = true") -> None:
    """Raise `ValueError` for an address by key that would be sent a login in plain text beyond this machine."""
    for name, address in addresses.items():
        parts = urlsplit(address or "")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError(f"{name}: http:// shows the login to the network; write https://{unless}")


def _given(keys: Mapping[str, object]) -> list[str]:
    return [name for name, value in keys.items() if value is not None]


def _exclude(name: str, others: Sequence[str]) -> None:
    if others:
        raise ValueError(f"{name} and {others[0]} exclude one another: log in by one of them")


def _want_all(keys: Mapping[str, object], login: str) -> None:
    if missing := [name for name, value in keys.items() if value is None]:
        raise ValueError(f"{login} needs {', '.join(missing)} too")


def _texts(*secrets: SecretStr | None) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets if secret is not None)


Source = Annotated[JiraSource | AzureDevOpsSource, Field(discriminator="type")]
"""A configured tracker; `type` tells which."""
