"""Writes a connector's page: the one way from pages into tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from connectors.base import Malformed, Page
from flowmart.privacy.filter import filtered
from flowmart.privacy.rules import PrivacyRules
from warehouse.loader import Loader
from warehouse.malformed import malformed_finding, settle_malformed
from warehouse.records import Issue, Record


def write_page(connection: Connection, page: Page, rules: PrivacyRules, found_at: datetime) -> int:
    """Upsert, replace and mark in the caller's transaction what may be stored; returns the rows written.

    What of it is malformed becomes findings, as of `found_at`; those of issues that could be read now go away.
    """
    page = filtered(page, rules)
    loader = Loader(connection)
    written = loader.upsert(page.records) + sum(map(loader.replace, page.replacements))
    written += sum(map(loader.mark, page.marks))
    readable = issue_ids(page.records)
    if readable or page.malformed:
        found = [
            malformed_finding(one.issue_id.partition(":")[0], one.issue_id, rules.line(_told(one)) or "")
            for one in page.malformed
        ]
        settle_malformed(connection, found, readable, found_at)
    return written


def issue_ids(records: Iterable[Record]) -> list[str]:
    """The issues among them."""
    return [record.issue_id for record in records if isinstance(record, Issue)]


def sentence(one: Malformed) -> str:
    """What to tell the operator of a malformed issue."""
    return f"{_told(one)}; what is held of it stays as it was, and the next sync asks for it again"


def _told(one: Malformed) -> str:
    return f"{one.label} (id {one.issue_id.partition(':')[2]}) cannot be read: {one.reason}"
