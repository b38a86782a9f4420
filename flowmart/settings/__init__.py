"""The configuration's sections, one model each: what may be written there, and what it means."""

from flowmart.settings.exports import Export
from flowmart.settings.jobs import Retention, Schedule, Sync
from flowmart.settings.root import Config
from flowmart.settings.sources import AzureDevOpsSource, FieldNames, JiraSource, Source
from flowmart.settings.warehouse import Warehouse

__all__ = [
    "AzureDevOpsSource",
    "Config",
    "Export",
    "FieldNames",
    "JiraSource",
    "Retention",
    "Schedule",
    "Source",
    "Sync",
    "Warehouse",
]
