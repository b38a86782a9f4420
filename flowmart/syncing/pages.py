"""Writes a connector's page: the one way from pages into tables."""

from __future__ import annotations

from sqlalchemy import Connection

from connectors.base import Page
from flowmart.privacy.filter import filtered
from flowmart.privacy.rules import PrivacyRules
from warehouse.loader import Loader


def write_page(connection: Connection, page: Page, rules: PrivacyRules) -> int:
    """Upsert, replace and mark in the caller's transaction what may be stored; returns the rows written."""
    page = filtered(page, rules)
    loader = Loader(connection)
    written = loader.upsert(page.records) + sum(map(loader.replace, page.replacements))
    return written + sum(map(loader.mark, page.marks))
