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
        ("hyper", 'connection = "live"', 'connection: belongs to format = "tableau"'),
        ("csv", "storage = { anon = true }", "storage: goes with a URL in `to`"),
    ],
)
def test_a_key_of_another_format_is_refused(call: Call, tmp_path: Path, format_: str, more: str, line: str) -> None:
    ended = call("export", more=f'[exports.bi]\nformat = "{format_}"\nto = "x"\n{more}\n')
    assert (ended.code, ended.err) == (2, f"{tmp_path}/flowmart.toml: exports.bi: {line}\n")


def test_a_power_bi_project_does_not_go_to_an_object_store(call: Call, tmp_path: Path) -> None:
    line = "to: powerbi is written on this machine only; name a folder"
    ended = call("export", more='[exports.bi]\nformat = "powerbi"\nto = "s3://lake/bi"\n')
    assert (ended.code, ended.err) == (2, f"{tmp_path}/flowmart.toml: exports.bi: {line}\n")


def test_what_a_key_belongs_to_are_formats_and_keys_that_there_are() -> None:
    assert set(get_args(Export.model_fields["format"].annotation)) == set(FORMATS)
    assert set(BELONGINGS) <= set(Export.model_fields) - {"format", "to"}
    assert {name for belonging in BELONGINGS.values() for name in belonging.formats} <= set(FORMATS)
