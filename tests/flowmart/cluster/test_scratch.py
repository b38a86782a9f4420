"""A computation goes on from the file that the last one left: the rows are those of a computation of everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

pytest.importorskip("deltalake", reason="deltalake is not installed")

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, change_some
from benchmarks.lakes import change_source, made_working
from connectors.base import Replacement
from flowmart.cluster import scratch
from lake.compacting import compact
from lake.computed import COMPUTED, read
from lake.opening import Lake, open_lake, opened
from metrics.catalog import compute
from tests.flowmart.cluster.fleets import BEGINS, computed, filled, rows_in, rows_of
from tests.metrics.apart import differences
from warehouse.loader import Loader
from warehouse.records import IssueLabel, IssueLink
from warehouse.tables import table

TOMORROW = NOW + timedelta(days=1)
SOURCE = "north"
HISTORY = History(issues=400, status_changes=3, begins=BEGINS, source=SOURCE)


@pytest.fixture(scope="module")
def _ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "lake"
    computed(filled(folder, [HISTORY]))
    return folder


@pytest.fixture
def ready(_ready: Path, tmp_path: Path) -> Lake:
    """A lake with one source, which is computed."""
    return open_lake(str(shutil.copytree(_ready, tmp_path / "lake")))


def moved(connection: Connection) -> None:
    change_some(connection, 3, NOW, SOURCE)


def went_on(lake: Lake, **others: Any) -> bool:
    """Computes the source, and says whether only what changed was computed."""
    report = computed(lake, now=TOMORROW, **others)
    assert not report.failed
    (done,) = report.computed
    return done.went_on


def assert_as_computed_anew(lake: Lake) -> None:
    with scratch.restored(lake, SOURCE, None) as alone:
        with alone.engine.begin() as connection:
            compute(connection, SETTINGS, TOMORROW)
        expected = rows_of(alone.engine)
    assert not differences(rows_in(lake), expected)


def links(connection: Connection, *, are_there: bool) -> None:
    """Two issues that are not done are blocked by a third one, or no longer."""
    of = table("issues").c
    some = select(of.issue_id).where(of.status != "Done").order_by(of.issue_id)
    blocker, *blocked = connection.scalars(some.limit(3))
    made = [
        IssueLink(
            link_id=f"{SOURCE}:{number}",
            issue_id=blocker,
            other_issue_id=other,
            other_key=None,
            link_type="Blocks",
            direction="outward",
            created_at=NOW - timedelta(days=1),
        )
        for number, other in enumerate(blocked)
    ]
    Loader(connection).replace(
        Replacement(record_type=IssueLink, scope="issue_id", values=[blocker], records=made if are_there else [])
    )


def labels(connection: Connection, *, are_there: bool) -> None:
    """All bugs have the label that makes an escaped defect of them, or none has."""
    of = table("issues").c
    bugs = connection.scalars(select(of.issue_id).where(of.issue_type == "Bug")).all()
    made = [IssueLabel(issue_label_id=f"{one}:customer", issue_id=one, label="customer") for one in bugs]
    Loader(connection).replace(
        Replacement(record_type=IssueLabel, scope="issue_id", values=bugs, records=made if are_there else [])
    )


def test_what_a_night_changed_is_computed_and_the_rows_are_those_of_everything(ready: Lake) -> None:
    change_source(ready, SOURCE, moved)
    assert went_on(ready)
    assert_as_computed_anew(ready)


@pytest.mark.thorough
def test_another_day_makes_everything_older_though_nothing_happened(ready: Lake) -> None:
    assert went_on(ready)
    assert_as_computed_anew(ready)


@pytest.mark.thorough
@pytest.mark.parametrize("change", [links, labels])
def test_what_a_page_takes_away_concerns_the_issues_that_had_it(ready: Lake, change: Callable[..., None]) -> None:
    before = None
    for are_there in (True, False):
        change_source(ready, SOURCE, lambda connection, there=are_there: change(connection, are_there=there))  # type: ignore[misc]
        assert went_on(ready)
        assert_as_computed_anew(ready)
        assert before is None or differences(rows_in(ready), before)
        before = rows_in(ready)


@pytest.mark.thorough
def test_several_pages_are_caught_up_with_at_once(ready: Lake) -> None:
    for _ in range(3):
        change_source(ready, SOURCE, moved)
    assert went_on(ready)
    assert_as_computed_anew(ready)


@pytest.mark.thorough
def test_a_file_of_several_pieces_comes_back_whole(ready: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_PIECE_BYTES", 100_000)
    monkeypatch.setattr(scratch, "_PIECES_A_FILE", 3)
    assert went_on(ready)
    pieces = read(ready, scratch.FILES, columns=["place", "length", "whole"]).to_pylist()
    assert len(pieces) > 3
    assert {piece["whole"] for piece in pieces} == {sum(piece["length"] for piece in pieces)}
    change_source(ready, SOURCE, moved)
    assert went_on(ready)
    assert_as_computed_anew(ready)


def lost(lake: Lake, _: pytest.MonkeyPatch) -> None:
    handle = opened(lake, COMPUTED, scratch.FILES)
    assert handle is not None
    handle.delete()


def incomplete(lake: Lake, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scratch, "_PIECE_BYTES", 100_000)
    assert went_on(lake)
    handle = opened(lake, COMPUTED, scratch.FILES)
    assert handle is not None
    handle.delete("place = 100000")


def spoilt(lake: Lake, _: pytest.MonkeyPatch) -> None:
    for path in Path(lake.url).glob(f"computed/{scratch.FILES}/**/*.parquet"):
        path.write_bytes(b"no Parquet")


def of_other_tables(_: Lake, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scratch, "_layout", lambda: "other")


def merged(lake: Lake, _: pytest.MonkeyPatch) -> None:
    change_source(lake, SOURCE, moved)
    compact(lake, SOURCE, lambda: NOW, made_working)


@pytest.mark.thorough
@pytest.mark.parametrize("harm", [lost, incomplete, spoilt, of_other_tables, merged])
def test_without_the_file_everything_is_computed(
    ready: Lake, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Lake, pytest.MonkeyPatch], None]
) -> None:
    harm(ready, monkeypatch)
    change_source(ready, SOURCE, moved)
    assert not went_on(ready)
    assert_as_computed_anew(ready)


@pytest.mark.thorough
def test_who_asks_for_everything_gets_it(ready: Lake) -> None:
    assert not went_on(ready, full=True)
