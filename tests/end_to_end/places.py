"""A warehouse in a folder, and whole syncs of one flavour into it by a clock that waits for nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from flowmart.clock import utc_now
from flowmart.privacy.rules import PrivacyRules
from flowmart.progress import LoggedEvents
from flowmart.syncing.census import CensusRules
from flowmart.syncing.job import Job
from flowmart.syncing.sync import held_from, recall_from
from flowmart.syncing.sync_source import SourceReport, SourceRun, sync_source
from simulator.server import Running
from tests.connectors.contract.flavours import SOURCE, Clock, make
from tests.migrated import migrated
from warehouse.leases import hold
from warehouse.tables import LOADED, OBSERVED
from warehouse.tables import table as table_named

Rows = Mapping[str, list[tuple[Any, ...]]]
"""Table → its rows."""


def undisturbed_syncs(running: Running, folders: pytest.TempPathFactory) -> Callable[[str], tuple[Rows, int]]:
    """Flavour → rows and number of requests of a sync that nothing disturbs; each flavour is synced once."""

    @cache
    def done(flavour: str) -> tuple[Rows, int]:
        place = Place(folders.mktemp("undisturbed"), running, flavour)
        report = place.sync()
        assert report.ok, report
        return place.rows(), sum(outcome.requests for _, outcome in report.streams)

    return done


class Place:
    """A warehouse in a folder, and syncs of one flavour into it; settings of the connector by keyword."""

    def __init__(
        self, folder: Path, running: Running, flavour: str, privacy: PrivacyRules | None = None, **settings: Any
    ) -> None:
        self.privacy = privacy or PrivacyRules()
        folder.mkdir(exist_ok=True)
        self.engine: Engine = migrated(folder / "flowmart.db")
        self.waited = 0.0
        """Seconds that the last sync waited, by its clock."""
        self.retries = 0
        """How often the last sync sent something again."""
        self._running = running
        self._flavour = flavour
        self._settings = settings
        self.runs = 0

    def sync(self, *, full: bool = False) -> SourceReport:
        """As `flowmart sync` does it, with the census."""
        self.runs += 1
        rules = CensusRules(max_loss=0.05, accept_loss=False, history_since=None)
        run = SourceRun(
            name=SOURCE, full=full, reads_bookmarks=True, census_now=True, census_every_seconds=0, rules=rules
        )
        now = datetime.fromisoformat(self._running.connect["now"])
        clock = Clock(now)
        recall, held = recall_from(self.engine), held_from(self.engine)
        # one connection stays open, or each that is closed would be the last, which writes everything to the disk
        with self.engine.connect(), hold(self.engine, "run", utc_now) as lease:
            job = Job(
                engine=self.engine,
                lease=lease,
                events=LoggedEvents(),
                run_id=f"run {self.runs}",
                now=now,
                privacy=self.privacy,
            )
            settings = {"people": self.privacy.people_of(SOURCE), **self._settings}
            connector = make(self._running, self._flavour, recall, held=held, clock=clock, **settings)
            with closing(connector) as source:
                report = sync_source(job, run, source)
                self.retries = source.counters.retries
        self.waited = (clock.at - now).total_seconds()
        return report

    def rows(self) -> Rows:
        """All loaded rows; without what compute fills, and without when the last sync was."""
        return {table.name: self.table(table.name) for table in LOADED if table.name not in OBSERVED}

    def table(self, name: str) -> list[tuple[Any, ...]]:
        """The rows of a loaded table."""
        loaded = [column for column in table_named(name).columns if not column.info.get("derived")]
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.execute(select(*loaded))), key=repr)

    def absences(self) -> dict[str, str]:
        """Id → absence of the issues that have one."""
        issues = table_named("issues")
        with self.engine.connect() as connection:
            found = connection.execute(select(issues.c.issue_id, issues.c.absence).where(issues.c.absence.is_not(None)))
            return {row.issue_id: row.absence for row in found}

    def bookmarks(self) -> dict[str, str]:
        """Stream → where it goes on."""
        bookmarks = table_named("bookmarks")
        with self.engine.connect() as connection:
            return {row.stream: row.content for row in connection.execute(select(bookmarks))}


def problems(report: SourceReport) -> list[str]:
    """All that a sync which ended with exit 1 has to say; each is one line."""
    said = [*([report.error] if report.error else []), *report.problems]
    assert said
    assert all(line and "\n" not in line for line in said)
    return said


def without(rows: Rows, ids: set[str]) -> Rows:
    """The rows that name none of these; issues whose parent is one of them are shown without a parent."""
    orphaned = [row[:1] + tuple(None if value in ids else value for value in row[1:]) for row in rows["issues"]]
    return {
        name: [row for row in found if ids.isdisjoint(map(str, row))]
        for name, found in {**rows, "issues": orphaned}.items()
    }


def differing(mine: Rows, other: Rows, shown: int = 4) -> dict[str, tuple[list[str], list[str]]]:
    """Table → rows only here, rows only there; a few each."""
    found = {}
    for name in mine:
        here, there = set(map(repr, mine[name])), set(map(repr, other[name]))
        if here != there:
            found[name] = (sorted(here - there)[:shown], sorted(there - here)[:shown])
    return found
