"""Finds the ids of parents that issues tell by key alone, as Data Center's Epic Link does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import msgspec

from connectors.jira.gateway.dialect import Dialect
from connectors.jira.mapping.issues import MappedPage
from warehouse.records import Issue, qualified_id


class Parents:
    """Knows the keys of every issue that passed, and asks once a run for each other one. Used by several threads."""

    def __init__(self, dialect: Dialect, source_id: str) -> None:
        self._dialect = dialect
        self._source_id = source_id
        self._ids: dict[str, str | None] = {}
        """Key → qualified id; None for a key that the tracker does not tell about."""

    def placed(self, page: MappedPage) -> MappedPage:
        """The page with `parent_id` filled in; a note for each key that stays unknown, and no parent then."""
        if not self._dialect.links_epics_by_key:
            return page
        self._ids.update((record.key, record.issue_id) for record in page.records if isinstance(record, Issue))
        unknown = self._ask_for(page.parent_keys.values())
        if not page.parent_keys:
            return page
        notes = [f"{key} is the parent of issues, but not there or not visible to the account" for key in unknown]
        records = [self._with_parent(record, page) if isinstance(record, Issue) else record for record in page.records]
        return dataclasses.replace(page, records=records, notes=(*page.notes, *notes))

    def _ask_for(self, keys: Iterable[str]) -> list[str]:
        """Ask for those that nobody asked for yet; the ones without an answer."""
        asked = sorted({key for key in keys if key not in self._ids})
        if not asked:
            return []
        found = self._dialect.ids_of(asked)
        answered = {key: qualified_id(self._source_id, found[key]) if key in found else None for key in asked}
        self._ids.update(answered)
        return [key for key, issue_id in answered.items() if issue_id is None]

    def _with_parent(self, issue: Issue, page: MappedPage) -> Issue:
        key = page.parent_keys.get(issue.issue_id)
        return issue if key is None else msgspec.structs.replace(issue, parent_id=self._ids[key])
