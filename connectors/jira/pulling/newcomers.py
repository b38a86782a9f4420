"""People, sprints, statuses and types that no list of the site names, but issues and their histories do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.jira.gateway import answers
from connectors.jira.gateway.answers import Account
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.gateway.site_gateway import Gateway
from connectors.jira.mapping.entities import (
    deleted_sprint,
    historic_status,
    map_issue_type,
    map_sprint,
    map_status,
    map_user,
)
from connectors.jira.mapping.history import Mentions, Told
from connectors.jira.pulling.listed_statuses import as_shown
from connectors.jira.pulling.people import is_as_listed
from connectors.people import Disguise
from warehouse.records import Record


@dataclass(slots=True, kw_only=True)
class Newcomers:
    """Makes a row for each of them once a run, and none for those that the site's own lists have (`known_…`).

    What Jira tells of something now goes before a name from history; of such names the newest wins.
    """

    gateway: Gateway
    dialect: Dialect
    source_id: str
    known_people: frozenset[str]
    known_sprints: frozenset[str]
    known_statuses: frozenset[str]
    listed_statuses: Mapping[str, answers.Status]
    known_types: frozenset[str]
    stored_people: Mapping[str, str]
    """People of a list of an earlier night, with a digest of each (`connectors.jira.pulling.people`)."""
    people: Disguise
    asks_for_people: bool
    """Whether the account may ask about people."""
    asks_for_sprints: bool
    """Whether the account may ask about sprints."""
    _told: dict[str, Told | None] = field(default_factory=dict)
    """What a row was made of, by kind and id: None is the tracker's own word of today."""

    def records(self, mentions: Mentions) -> list[Record]:
        """Rows for those that the mentions are the first to name."""
        return [
            *self._people(mentions),
            *self._sprints(mentions),
            *self._statuses(mentions),
            *self._types(mentions),
        ]

    def _people(self, mentions: Mentions) -> Iterable[Record]:
        for native, account in mentions.people.items():
            if native in self.known_people or is_as_listed(self.stored_people, account, self.people):
                continue
            if self._is_news("person", native, None):
                yield map_user(self.source_id, account)
        unknown = [
            native
            for native, told in mentions.people_names.items()
            if native not in self.known_people and self._is_unstored(native) and self._is_news("person", native, told)
        ]
        found = {account.native_id: account for account in self._ask_for_people(unknown)}
        for native in unknown:
            if native in found:
                self._told[f"person:{native}"] = None
            only_name = Account(account_id=native, display_name=mentions.people_names[native][2])
            yield map_user(self.source_id, found.get(native, only_name))

    def _is_unstored(self, native: str) -> bool:
        """Whether a person may be stored and was not yet."""
        stored = self.people(native, "").native
        return stored is not None and stored not in self.stored_people

    def _ask_for_people(self, natives: list[str]) -> list[Account]:
        if not natives or not self.asks_for_people:
            return []
        try:
            return self.dialect.people(natives)
        except (PermissionMissing, NotFound, UnexpectedResponse):
            self.asks_for_people = False
            return []

    def _sprints(self, mentions: Mentions) -> Iterable[Record]:
        for native, sprint in mentions.sprints.items():
            if native not in self.known_sprints and self._is_news("sprint", native, None):
                yield map_sprint(self.source_id, sprint)
        for native, sprint in mentions.doubtful_sprints.items():
            if native not in self.known_sprints and self._is_news("sprint", native, None):
                living = self.gateway.sprint(native) if self.asks_for_sprints else None
                yield map_sprint(self.source_id, living or sprint)
        for native, told in mentions.sprint_names.items():
            if native in self.known_sprints:
                continue
            first_time = f"sprint:{native}" not in self._told
            if not self._is_news("sprint", native, told):
                continue
            living = self.gateway.sprint(native) if first_time and self.asks_for_sprints else None
            if living is not None:
                self._told[f"sprint:{native}"] = None
                yield map_sprint(self.source_id, living)
            else:
                yield deleted_sprint(self.source_id, native, told[2])

    def _statuses(self, mentions: Mentions) -> Iterable[Record]:
        for native, status in mentions.statuses.items():
            row = as_shown(status, self.listed_statuses) if native in self.known_statuses else status
            if row is not None and self._is_news("status", native, None):
                yield map_status(self.source_id, row)
        for native, told in mentions.status_names.items():
            if native not in self.known_statuses and self._is_news("status", native, told):
                yield historic_status(self.source_id, native, told[2])

    def _types(self, mentions: Mentions) -> Iterable[Record]:
        for native, issue_type in mentions.types.items():
            if native not in self.known_types and self._is_news("type", native, None):
                yield map_issue_type(self.source_id, issue_type)

    def _is_news(self, kind: str, native: str, told: Told | None) -> bool:
        """Whether this is a better word than the one that a row was made of; it is noted then."""
        name = f"{kind}:{native}"
        before = self._told.get(name, ...)
        better = before is ... or (before is not None and (told is None or told > before))
        if better:
            self._told[name] = told
        return better
