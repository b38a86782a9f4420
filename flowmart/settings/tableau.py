"""What `[exports.NAME]` says of a data source for Tableau: the server and the project that it is published to."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from flowmart.settings.base import Secret, Section, Text
from flowmart.settings.sources import Url, require_https


class Publish(Section):
    """A project on Tableau Server or Cloud, and the personal access token of somebody who may publish there."""

    server: Url
    site: Text | None = None
    """As in the browser's address after `/site/`; None is the default site of a Tableau Server."""
    project: Text
    """Its name, or its path with `/` between the names."""
    name: Text = "flowmart"
    """What the data source is called there."""
    token_name: Text
    token: Secret
    overwrite: bool = False
    allow_http: bool = False

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if not self.allow_http:
            require_https({"server": self.server})
        return self
