"""Writes a connector's page: the one way from pages into tables."""

from __future__ import annotations

from sqlalchemy import Connection

from connectors.base import Page
from warehouse.loader import Loader


def write_page(connection: Connection, page: Page) -> int:
    """Upsert, replace and mark in the caller's transaction; returns the rows written."""
    loader = Loader(connection)
    written = loader.upsert(page.records) + sum(map(loader.replace, page.replacements))
    return written + sum(map(loader.mark, page.marks))
