"""What `[exports.NAME]` says of a Power BI project: where it reads from, and the dataset that a run refreshes."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from flowmart.settings.base import Secret, Section, Text
from flowmart.settings.sources import Url, require_https

API = "https://api.powerbi.com"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _id(value: str) -> str:
    if not _ID.fullmatch(value.strip()):
        raise ValueError("is no id such as 5c8b4a1e-7f89-4c33-9dd8-1f23c4567890; the browser's address shows it")
    return value.strip().lower()


Id = Annotated[str, AfterValidator(_id)]
SourceName = Literal["parquet", "postgresql", "directquery"]


class Refresh(Section):
    """A dataset (semantic model) in Power BI, and the application that may refresh it."""

    tenant_id: Text
    client_id: Text
    client_secret: Secret
    workspace: Id
    dataset: Id
    url: Url = API
    authority: Url | None = None

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        require_https({"url": self.url, "authority": self.authority}, unless="")
        return self
