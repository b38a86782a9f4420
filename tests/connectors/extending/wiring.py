"""The wiring of a configured tracker of cards: its section, and its connector."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.http import HttpSettings
from flowmart.settings.base import Secret, Section
from flowmart.settings.sources import Url, require_https
from flowmart.settings.workflow import WorkflowSection
from tests.connectors.extending.connector import CardsConnector, CardsSettings


class CardsSource(Section):
    """A tracker of cards."""

    type: Literal["cards"]
    url: Url
    token: Secret
    allow_http: bool = False
    history_since: date | None = None
    workflow: WorkflowSection = Field(default_factory=WorkflowSection)

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if not self.allow_http:
            require_https({"url": self.url})
        return self

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return (self.token.get_secret_value(),)


def connector(name: str, source: CardsSource, http: HttpSettings) -> CardsConnector:
    """See `flowmart.sources.connector`."""
    return CardsConnector(CardsSettings(source_id=name, url=source.url, token=source.token.get_secret_value()), http)
