"""All tables of a computation become visible together, and a version that is there already is left as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from lake import computed
from lake.computed import Draft, publish, read, versions
from lake.errors import LakeError
from lake.opening import Lake, opened

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rows(*names: str) -> list[pa.RecordBatch]:
    """One batch a name."""
    return [pa.RecordBatch.from_pylist([{"name": name, "points": 0.5}]) for name in names]


def names(lake: Lake, table: str, *sources: str) -> list[str]:
    found = read(lake, table, sources or None, ["name"])
    return sorted(found.column("name").to_pylist()) if found.num_rows else []


def test_a_publication_replaces_the_source_s_rows_in_all_tables_and_nobody_else_s(lake: Lake) -> None:
    publish(lake, "acme", 1, {"flow": rows("a", "b"), "trend": rows("t")}, page=4, fingerprint="f", at=AT)
    publish(lake, "contoso", 1, {"flow": rows("c")})
    publish(lake, "", 1, {"flow": rows("all")})
    publish(lake, "acme", 2, {"flow": rows("d")})
    assert names(lake, "flow") == ["all", "c", "d"]
    assert names(lake, "flow", "acme") == ["d"]
    assert names(lake, "flow", "") == ["all"]
    assert names(lake, "trend") == []  # the second publication has no such table
    assert {source: one.version for source, one in versions(lake).items()} == {"acme": 2, "contoso": 1, "": 1}


def test_what_a_computation_was_made_from_stands_beside_its_version(lake: Lake) -> None:
    publish(lake, "acme", 1, {"flow": rows("a")}, page=4, fingerprint="f", at=AT)
    one = versions(lake)["acme"]
    assert (one.page, one.fingerprint, one.at, one.tables) == (4, "f", AT, ["flow"])


def test_the_same_version_again_changes_nothing(lake: Lake) -> None:
    assert publish(lake, "acme", 1, {"flow": rows("a")})
    assert not publish(lake, "acme", 1, {"flow": rows("b")})
    assert names(lake, "flow") == ["a"]


def test_an_older_version_is_refused(lake: Lake) -> None:
    publish(lake, "acme", 2, {"flow": rows("a")})
    with pytest.raises(LakeError, match="version 2 of acme is published; 1 is older"):
        publish(lake, "acme", 1, {"flow": rows("b")})


def test_rows_of_a_draft_that_was_never_committed_are_never_seen(lake: Lake) -> None:
    publish(lake, "acme", 1, {"flow": rows("a")})
    killed, done = Draft(lake, "acme", 2), Draft(lake, "acme", 2)
    killed.append("flow", rows("half"))
    done.append("flow", rows("whole"))
    assert names(lake, "flow") == ["a"]
    assert done.commit(["flow"])
    assert not killed.commit(["flow"])
    assert names(lake, "flow") == ["whole"]


def test_rows_of_the_last_two_computations_stay_for_who_is_reading(lake: Lake) -> None:
    for version, name in enumerate("abc"):
        publish(lake, "acme", version, {"flow": rows(name)})
    publish(lake, "", 1, {"flow": rows("all")})
    computed.forget_older(lake, "acme")
    table = opened(lake, "computed", "flow")
    assert table is not None
    assert sorted(table.to_pyarrow_table().column("name").to_pylist()) == ["all", "b", "c"]
    assert names(lake, "flow") == ["all", "c"]


def test_a_table_that_nobody_published_has_no_rows(lake: Lake) -> None:
    assert read(lake, "flow").num_rows == 0
    assert versions(lake) == {}
