"""Every number of a whole company is what the issues behind it give, and every issue can be explained."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from flowmart.config import load_config
from flowmart.explaining.issue import issue_page
from flowmart.explaining.metric import EXPLAINED, metric_page
from flowmart.explaining.naming import FoundIssue
from flowmart.explaining.reading import Source, open_source
from flowmart.explaining.shapes import RowPart
from flowmart.explaining.sprint import sprint_page
from flowmart.explaining.velocity import velocity_page
from flowmart.store import opened

if TYPE_CHECKING:
    from conftest import Site


@pytest.fixture
def source(site: Site) -> Iterator[Source]:
    assert site.flowmart("run").returncode == 0
    config = load_config(site.folder / "flowmart.toml", site.environment())
    with opened(config).connect() as connection:
        yield open_source(connection, config.metric_settings())


def wrong(where: str, *parts: RowPart) -> list[str]:
    """The figures that the issues do not give."""
    return [
        f"{where}: {one.name} is {one.stored}, the issues give {one.from_issues}"
        for part in parts
        for one in part.figures
        if not one.agrees
    ]


def groups(source: Source, name: str) -> Iterator[Mapping[str, str]]:
    """Options for each kind of group that the metric's rows have."""
    yield {}
    for project_id in source.projects:
        yield {"project": project_id}
    for board_id in source.boards:
        yield {"board": board_id}
        if name in {"cycle_time_trend", "throughput"}:
            yield {"board": board_id, "issue_type": "Bug"}


def periods(source: Source, name: str) -> Iterator[str]:
    rows = source.of(name)
    if "day" in EXPLAINED[name].kinds:
        yield from sorted({str(row.day) for row in rows})[::30]
    else:
        months = {f"{row.period_start:%Y-%m}" for row in rows if row.period == "month"}
        weeks = {str(row.period_start) for row in rows if row.period == "week"}
        yield from [*sorted(months), *sorted(weeks)[-4:]]


def test_every_number_is_what_its_issues_give(source: Source) -> None:
    found = []
    for name in EXPLAINED:
        if name not in source.definitions:
            continue
        for period in periods(source, name) if EXPLAINED[name].kinds else (None,):
            for group in groups(source, name):
                page = metric_page(source, name, period=period, **group)
                found += wrong(f"{name} {period} {page.group}", *page.rows)
    for row in source.of("sprint_metrics"):
        found += wrong(row.sprint_id, sprint_page(source, row.sprint_id).row)
        if row.state == "closed":
            found += wrong(row.sprint_id, *velocity_page(source, row.sprint_id, None).rows)
    assert found == []


def test_every_issue_is_explained_by_its_own_history(source: Source) -> None:
    for row in source.of("issues"):
        page = issue_page(source, FoundIssue(row.key, "key", row.issue_id))
        numbers = {one.name: one.value for one in page.numbers}
        marks = [mark for stay in page.timeline for mark in stay.marks]
        assert numbers["reopened"] == marks.count("reopened")
        assert numbers["moved back"] == marks.count("reopened") + marks.count("moved back")
        assert ("finished" in marks) == (numbers["lead time"] is not None)
        assert all(one.value is not None or one.why_none for one in page.numbers)
        assert page.timeline[-1].status == row.status


def test_the_command_explains_what_a_run_left(site: Site) -> None:
    assert site.flowmart("run").returncode == 0
    ((key,),) = site.rows(
        "SELECT key FROM issues JOIN issue_flow USING (issue_id) ORDER BY reopened_count DESC, key LIMIT 1"
    )
    shown = site.flowmart("explain", key)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "the issue has not changed since" in shown.stdout
    (page,) = json.loads(site.flowmart("explain", key, "--json").stdout)
    assert page["head"]["key"] == key
