"""Sources of a lake computed by pieces of work equal one warehouse that holds them all, whatever happens on the way."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW
from benchmarks.lakes import fill_source
from flowmart.cluster import job
from flowmart.cluster.works import OtherVersion
from lake.computed import COMPUTATION, COMPUTED, read, versions
from lake.errors import LakeError
from lake.opening import Lake, open_lake, opened
from tests.flowmart.cluster.fleets import HISTORIES, Here, alone, computed, filled, rows_in, shared
from tests.metrics.apart import Rows, differences


class MachineLostError(Exception):
    """The driver dies of it."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Rows]:
    return alone(tmp_path_factory.mktemp("alone") / "warehouse.db")


@pytest.fixture(scope="module")
def _synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synced") / "lake"
    filled(folder)
    return folder


@pytest.fixture(scope="module")
def _computed(_synced: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("computed") / "lake"
    shutil.copytree(_synced, folder)
    computed(open_lake(str(folder)))
    return folder


@pytest.fixture
def synced(_synced: Path, tmp_path: Path) -> Lake:
    """A lake of which nothing was computed yet."""
    return open_lake(str(shutil.copytree(_synced, tmp_path / "lake")))


@pytest.fixture
def ready(_computed: Path, tmp_path: Path) -> Lake:
    """A lake with all sources computed."""
    return open_lake(str(shutil.copytree(_computed, tmp_path / "lake")))


def test_the_lake_has_the_rows_of_one_warehouse_with_all_sources(ready: Lake, expected: Mapping[str, Rows]) -> None:
    assert not differences(rows_in(ready), expected)


def test_the_largest_source_is_begun_first(synced: Lake) -> None:
    assert [one.source_id for one in job._plan(shared(synced), full=False).asked] == ["east", "west"]


@pytest.mark.thorough
def test_a_source_without_change_is_computed_again_on_another_day_only(ready: Lake) -> None:
    cluster = Here()
    report = computed(ready, cluster)
    assert (cluster.done, report.unchanged) == ([], ["east", "west"])
    assert job.unchanged(shared(ready)) == report
    assert job.unchanged(shared(ready, now=NOW + timedelta(days=1))) is None
    fill_source(ready, replace(HISTORIES[1], source="new", seed=9))
    computed(ready, cluster)
    assert cluster.computed() == ["new"]
    again = Here()
    computed(ready, again, now=NOW + timedelta(days=1))
    assert sorted(again.computed()) == ["east", "new", "west"]


@pytest.mark.thorough
def test_another_rule_for_a_source_computes_that_source_again(ready: Lake) -> None:
    others = {"west": replace(SETTINGS.workflow, blocked=frozenset({"In Test"}))}
    cluster = Here()
    computed(ready, cluster, settings=replace(SETTINGS, source_workflows=others))
    assert cluster.computed() == ["west"]


@pytest.mark.thorough
@pytest.mark.parametrize("place", ["compute_source", "compute_chunk", "join"])
def test_a_driver_that_dies_leaves_nothing_that_anybody_sees(
    synced: Lake, expected: Mapping[str, Rows], place: str
) -> None:
    cluster = Here(before=lambda name, _: _die(name == place and bool(cluster.done)))
    with pytest.raises(MachineLostError):
        computed(synced, cluster)
    assert not versions(synced)
    computed(synced)
    assert not differences(rows_in(synced), expected)


def _die(is_time: bool) -> None:  # noqa: FBT001 - all that there is to say
    if is_time:
        raise MachineLostError


@pytest.mark.thorough
def test_a_piece_of_work_that_is_done_twice_counts_once(synced: Lake, expected: Mapping[str, Rows]) -> None:
    computed(synced, Here(twice=True))
    assert not differences(rows_in(synced), expected)


def test_a_source_that_cannot_be_computed_keeps_its_rows_and_the_others_are_computed(ready: Lake) -> None:
    before = read(ready, "issue_flow", ["east"]).num_rows
    (spoilt,) = Path(ready.url).glob("tables/issues/source_id=east/*.parquet")
    spoilt.write_bytes(b"no Parquet")
    report = computed(ready, full=True)
    assert [one.source_id for one in report.computed] == ["west"]
    ((source, error),) = [(one.source_id, one.error) for one in report.failed]
    assert source == "east"
    assert error
    assert read(ready, "issue_flow", ["east"]).num_rows == before


@pytest.mark.thorough
def test_of_two_computes_at_once_the_quicker_one_stands(synced: Lake, expected: Mapping[str, Rows]) -> None:
    def overtake(name: str, _: Any) -> None:
        if name == "join":
            computed(synced)

    with pytest.raises(LakeError, match="another compute has published meanwhile"):
        computed(synced, Here(before=overtake))
    assert not differences(rows_in(synced), expected)


def test_an_executor_with_another_flowmart_writes_nothing(synced: Lake) -> None:
    with pytest.raises(OtherVersion, match="and the driver 0"):
        computed(synced, code_version="0")
    assert opened(synced, COMPUTED, "issue_flow") is None


@pytest.mark.thorough
def test_rows_of_before_go_once_two_computations_came_after_them(ready: Lake) -> None:
    for day in (1, 2):
        computed(ready, now=NOW + timedelta(days=day))
    handle = opened(ready, COMPUTED, "issue_flow")
    assert handle is not None
    there = set(handle.to_pyarrow_table(columns=[COMPUTATION])[COMPUTATION].to_pylist())
    assert {name[:8] for name in there} == {"20261003", "20261004"}


@pytest.mark.thorough
def test_a_finding_keeps_the_instant_at_which_it_was_found_first(ready: Lake) -> None:
    def found() -> Mapping[str, Any]:
        return {row["data_quality_id"]: row["found_at"] for row in read(ready, "data_quality").to_pylist()}

    before = found()
    assert before
    computed(ready, now=NOW + timedelta(days=1))
    assert before.items() <= found().items()
