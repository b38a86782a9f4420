"""A company of several sources: what each computes alone and what is joined equal one warehouse that holds them all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, update

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, fill
from metrics.catalog import compute
from metrics.crossing.chunks import Chunk, chunks
from metrics.crossing.outlines import Outline, read_outline, together
from metrics.trends.wip_aging import NARROW
from tests.metrics.apart import Rows, differences, joined
from warehouse.engine import open_scratch
from warehouse.fetching import fetch_rows
from warehouse.tables import COMPUTED
from warehouse.tables.loaded import boards, sprints

SOURCES = ("east", "north", "west")
FEW = "west"
"""Of so few issues that no project has anything to compare ages with."""


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Engine]]:
    """A warehouse for each source, and `all` for the three together, all computed."""
    folder = tmp_path_factory.mktemp("company")
    held = {"all": SOURCES, **{name: (name,) for name in SOURCES}}
    engines = {}
    for name, sources in held.items():
        shutil.copy(_sqlite_template, folder / f"{name}.db")
        engines[name] = open_scratch(folder / f"{name}.db")
        with engines[name].begin() as connection:
            for seed, source in enumerate(sources, SOURCES.index(sources[0])):
                count = 40 if source == FEW else 240
                fill(connection, History(issues=count, status_changes=4, seed=seed, source=source))
            gone = select(boards.c.board_id).where(boards.c.name.in_(["Board 0", "Board 1"]))
            connection.execute(update(sprints).where(sprints.c.board_id.in_(gone)).values(board_id=None))
            connection.execute(delete(boards).where(boards.c.board_id.in_(gone)))
            compute(connection, SETTINGS, NOW)
    yield engines
    for engine in engines.values():
        engine.dispose()


def rows_of(engine: Engine) -> Mapping[str, Rows]:
    with engine.connect() as connection:
        return {one.name: fetch_rows(connection, select(one)) for one in COMPUTED}


@pytest.mark.parametrize("months", [1, 5])
def test_joined_sources_are_one_warehouse(company: Mapping[str, Engine], months: int) -> None:
    apart = joined([company[name] for name in SOURCES], SETTINGS, NOW, months)
    assert not differences(rows_of(company["all"]), apart)


def test_the_company_has_rows_of_all_sources_in_each_table_that_can_have_some(company: Mapping[str, Engine]) -> None:
    """Otherwise the test above would hold for a join that joins nothing."""
    rows = rows_of(company["all"])
    for name, grouping in (("cycle_time_trend", 3), ("defect_escape", 5), ("defect_quality", 3)):
        kinds = {(row[grouping], row[grouping + 1], row[grouping + 2]) for row in rows[name]}
        assert {("all", None, None), ("board", None, None)} <= kinds
    assert {row[-3] for row in rows["wip_aging"]} == {*NARROW, "all"}


def test_what_is_told_of_several_sources_is_what_one_warehouse_tells_of_itself(company: Mapping[str, Engine]) -> None:
    outlines = []
    for name in ("all", *SOURCES):
        with company[name].connect() as connection:
            outlines.append(read_outline(connection))
    one, each = outlines[0], together(outlines[1:])
    assert (one.oldest, one.first, one.last, one.firsts) == (each.oldest, each.first, each.last, each.firsts)


def test_chunks_hold_each_week_and_month_once_from_the_first_day_to_today() -> None:
    of = Outline(first=date(2026, 3, 1), last=date(2026, 5, 20))
    found = list(chunks(of, date(2026, 7, 2), months=2))
    assert found == [
        Chunk(date(2026, 2, 1), date(2026, 3, 31)),
        Chunk(date(2026, 4, 1), date(2026, 5, 31)),
        Chunk(date(2026, 6, 1), date(2026, 7, 31)),
    ]
    assert [day for chunk in found for day in chunk.starts("month")] == [date(2026, month, 1) for month in range(2, 8)]
    weeks = [day for chunk in found for day in chunk.starts("week")]
    assert date(2026, 2, 23) in weeks
    assert all((later - day).days == 7 for day, later in pairwise(weeks))


def test_no_source_and_sources_without_issues_have_no_periods_together() -> None:
    assert not list(chunks(together([]), date(2026, 7, 2)))
    assert not list(chunks(together([Outline(), Outline()]), date(2026, 7, 2)))
