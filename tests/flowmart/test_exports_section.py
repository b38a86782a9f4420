"""Keys of an export that its format has no use for are refused, with the formats that have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from exports.catalog import FORMATS
from flowmart.settings import Export
from flowmart.settings.exports import BELONGINGS

if TYPE_CHECKING:
    from conftest import Call


@pytest.mark.parametrize(
    ("format_", "more", "line"),
    [
        (
            "powerbi",
            'tables = ["issues"]',
            (
                'tables: belongs to format = "csv", "parquet", "xlsx" or "hyper"; '
                "a model for a BI tool always has all of its own"
            ),
        ),
        ("xlsx", 'since = "last"', 'since: belongs to format = "csv" or "parquet"; the others are always whole'),
        ("powerbi", 'since = "last"', 'since: belongs to format = "csv" or "parquet"; the others are always whole'),
        ("csv", 'partition = "month"', 'partition: belongs to format = "parquet"'),
        ("parquet", "neutralise_formulas = false", 'neutralise_formulas: belongs to format = "csv"'),
        ("parquet", 'server = "db"', 'server: belongs to format = "powerbi" or "tableau"'),
        ("powerbi", "storage = { anon = true }", 'storage: belongs to format = "csv", "parquet", "xlsx" or "hyper"'),
        ("tableau", 'source = "parquet"', 'source: belongs to format = "powerbi"'),
        ("hyper", 'connection = "live"', 'connection: belongs to format = "tableau"'),
        ("csv", "storage = { anon = true }", "storage: goes with a URL in `to`"),
    ],
)
def test_a_key_of_another_format_is_refused(call: Call, tmp_path: Path, format_: str, more: str, line: str) -> None:
    ended = call("export", more=f'[exports.bi]\nformat = "{format_}"\nto = "x"\n{more}\n')
    assert (ended.code, ended.err) == (2, f"{tmp_path}/flowmart.toml: exports.bi: {line}\n")


@pytest.mark.parametrize("format_", ["powerbi", "tableau"])
def test_a_model_for_a_bi_tool_does_not_go_to_an_object_store(call: Call, tmp_path: Path, format_: str) -> None:
    line = f"to: {format_} is written on this machine only; name a folder"
    ended = call("export", more=f'[exports.bi]\nformat = "{format_}"\nto = "s3://lake/bi"\n')
    assert (ended.code, ended.err) == (2, f"{tmp_path}/flowmart.toml: exports.bi: {line}\n")


def test_what_a_key_belongs_to_are_formats_and_keys_that_there_are() -> None:
    assert set(get_args(Export.model_fields["format"].annotation)) == set(FORMATS)
    assert set(BELONGINGS) <= set(Export.model_fields) - {"format", "to"}
    assert {name for belonging in BELONGINGS.values() for name in belonging.formats} <= set(FORMATS)


def test_each_bi_tool_is_told_its_own_way_to_the_rows() -> None:
    power_bi = Export.model_validate({"format": "powerbi", "to": "x", "source": "directquery", "server": "db"})
    tableau = Export.model_validate({"format": "tableau", "to": "x", "connection": "live", "database": "flow"})
    assert (power_bi.reach.way, power_bi.reach.server) == ("directquery", "db")
    assert (tableau.reach.way, tableau.reach.database) == ("live", "flow")


def test_the_token_for_tableau_is_a_secret() -> None:
    publish = {"server": "https://t.example", "project": "Flow", "token_name": "flowmart", "token": "s3cr3t-value"}
    export = Export.model_validate({"format": "tableau", "to": "x", "publish": publish})
    assert list(export.secrets()) == ["s3cr3t-value"]
