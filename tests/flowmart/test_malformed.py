"""An issue that cannot be read becomes a finding, the sync goes on, and it is asked for again until it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from connectors.base import Located, Malformed, Missing, Page, Progress
from flowmart.syncing.sync_source import SourceReport, sync_source
from tests.flowmart.scripted import NOW, Heard, Scripted, a_job, a_run, an_issue
from warehouse.tables.loaded import issues
from warehouse.tables.operational import data_quality


@dataclass(slots=True)
class Damaged(Scripted):
    """A tracker that sends some of its issues in a shape that cannot be read."""

    bad: set[int] = field(default_factory=set)

    def page(self, numbers: Sequence[int]) -> Page:
        """These issues, as they are sent."""
        good = [an_issue(number, self.issues[number]) for number in numbers if number not in self.bad]
        malformed = [
            Malformed(issue_id=f"acme:{number}", label=f"PAY-{number}", reason="Expected `str` - at `$.created`")
            for number in numbers
            if number in self.bad
        ]
        return Page(records=good, malformed=malformed)

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        self.asked.append(f"pull {', '.join(issue_ids)}")
        numbers = [int(issue_id.partition(":")[2]) for issue_id in issue_ids]
        yield self.page([number for number in numbers if number in self.issues])

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        numbers = [] if bookmark else sorted(self.issues)
        count = Progress(done=len(numbers), total=len(numbers))
        yield replace(self.page(numbers), bookmark="done", progress=count)


@dataclass(slots=True)
class Nights:
    """Syncs a damaged tracker, each time an hour later."""

    engine: Engine
    source: Damaged
    events: Heard = field(default_factory=Heard)
    now: datetime = NOW

    def sync(self, *, census: bool = False, full: bool = False) -> SourceReport:
        self.now += timedelta(hours=1)
        self.source.asked.clear()
        self.events.notes.clear()
        run = replace(a_run(census_now=census), full=full, census_every_seconds=10**9)
        with a_job(self.engine, self.events, run_id=str(self.now), now=self.now) as job:
            report = sync_source(job, run, self.source)
        assert report.ok, report
        return report

    def findings(self) -> list[tuple[str, str, datetime]]:
        with self.engine.connect() as connection:
            table = data_quality.c
            wanted = select(table.entity_id, table.severity, table.found_at).where(
                table.check_name == "malformed_entity"
            )
            return [tuple(row) for row in connection.execute(wanted.order_by(table.entity_id))]

    def held(self) -> dict[str, str | None]:
        """Issue → absence."""
        with self.engine.connect() as connection:
            return {row.issue_id: row.absence for row in connection.execute(select(issues))}


def test_it_is_noted_and_asked_for_again_until_it_can_be_read(warehouse: Engine) -> None:
    nights = Nights(warehouse, Damaged(issues=dict.fromkeys(range(1, 5), "PAY"), bad={2}))
    nights.sync(census=True)
    first = nights.now
    assert nights.findings() == [("acme:2", "error", first)]
    assert nights.held() == {"acme:1": None, "acme:3": None, "acme:4": None}
    assert nights.events.notes[0].startswith("PAY-2 (id 2) cannot be read: Expected `str` - at `$.created`; ")
    nights.sync()
    assert nights.source.asked == ["pull acme:2"]
    assert nights.findings() == [("acme:2", "error", first)]
    nights.source.bad.clear()
    nights.sync()
    assert nights.findings() == []
    assert "acme:2" in nights.held()
    nights.sync()
    assert nights.source.asked == []


def test_what_the_warehouse_has_of_it_stays_and_no_census_takes_it_for_deleted(warehouse: Engine) -> None:
    nights = Nights(warehouse, Damaged(issues=dict.fromkeys(range(1, 5), "PAY")))
    nights.sync(census=True)
    nights.source.bad.add(2)
    nights.sync(full=True)
    assert nights.findings() == [("acme:2", "error", nights.now)]
    assert nights.held() == dict.fromkeys(("acme:1", "acme:2", "acme:3", "acme:4"))


def test_a_listing_that_misses_it_does_not_make_it_absent(warehouse: Engine) -> None:
    def there_but_unreadable(missing: Sequence[Missing]) -> Iterator[Located]:
        yield from (Located(issue_id=one.issue_id, absence=None, page=source.page([2])) for one in missing)

    source = Damaged(issues=dict.fromkeys(range(1, 5), "PAY"), locating=there_but_unreadable)
    nights = Nights(warehouse, source)
    nights.sync(census=True)
    source.bad.add(2)
    source.listed = [replace(source.part("PAY"), ids=frozenset({"acme:1", "acme:3", "acme:4"}), expected=None)]
    nights.sync(census=True)
    assert nights.held()["acme:2"] is None
    assert [issue for issue, _, _ in nights.findings()] == ["acme:2"]


def test_one_that_is_gone_is_no_longer_asked_for(warehouse: Engine) -> None:
    nights = Nights(warehouse, Damaged(issues=dict.fromkeys(range(1, 5), "PAY"), bad={2}))
    nights.sync(census=True)
    del nights.source.issues[2]
    nights.sync()
    assert nights.findings() == []


def test_malformed_issues_that_are_listed_do_not_make_a_census_fail(warehouse: Engine) -> None:
    nights = Nights(warehouse, Damaged(issues=dict.fromkeys(range(1, 9), "PAY"), bad={2, 3, 4, 5}))
    report = nights.sync(census=True)
    assert report.problems == ()
    assert len(nights.findings()) == 4
