"""The switches of an organisation or a collection, and which values they can have."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

CHOICES: dict[str, tuple[str, ...]] = {
    "sign_in": ("203", "302", "401"),
    "capacity_shape": ("members", "list", "by version"),
    "identity_shape": ("objects", "texts", "by version"),
    "recycle_bin_shape": ("list", "array"),
    "process": ("Agile", "Scrum", "CMMI"),
}
AZURE_DEVOPS_SWITCHES = (
    *CHOICES,
    "newest_api_version",
    "zone",
    "feed_batch",
    "feed_cap",
    "wiql_cap",
    "empty_projects",
    "hidden_projects",
    "hidden_areas",
    "token_seconds",
    "withheld_scopes",
    "groups_a_page",
)
FEED_SWITCHES = ("parent_makes_revision",)


def is_sound(name: str, value: Any) -> bool:  # noqa: ANN401 - of the setting's own type
    """Whether a switch of Azure DevOps can have this value; the switches of others can have any."""
    if name in CHOICES:
        return value in CHOICES[name]
    if name == "zone":
        return value in available_timezones()
    return name != "newest_api_version" or re.fullmatch(r"\d+\.\d+", value) is not None
