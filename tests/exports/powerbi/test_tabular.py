"""Microsoft's own Tabular Object Model reads the semantic model and finds in it what is meant.

It needs .NET and Microsoft's assemblies, which come from packages of their own: `$FLOWMART_TABULAR_PYTHON` names a
Python that has them (see docs/power-bi.md), else this one is tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from exports.model import Kind, bi_model
from exports.powerbi.measures import measures
from exports.powerbi.project import NOTE, project_files
from exports.powerbi.source import Source, SourceKind
from exports.trees import write_tree

TOOL = Path(__file__).parents[3] / "tools" / "tabular.py"
PYTHON = os.environ.get("FLOWMART_TABULAR_PYTHON", sys.executable)
NEEDED = "import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))"


@cache
def is_installed() -> bool:
    command = [PYTHON, "-c", NEEDED, "sempy", "dnv", "pythonnet", "clr_loader"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def understood(source: Source) -> dict[str, Any]:
    """What the object model makes of the model of each source."""
    if not is_installed():
        pytest.skip("the packages of powerbi-check.lock are not installed: `./dev powerbi-check`")
    return understanding_of(source)


@cache
def understanding_of(source: Source) -> dict[str, Any]:
    """Asked once for each source: .NET takes seconds to start."""
    with tempfile.TemporaryDirectory() as place:
        write_tree({path: text.encode() for path, text in project_files(source).items()}, Path(place), NOTE)
        folder = Path(place) / "flowmart.SemanticModel" / "definition"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ended = subprocess.run(
            [PYTHON, str(TOOL), str(folder)], check=False, capture_output=True, text=True, env=environment
        )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_the_object_model_understands_all_of_the_model(understood: dict[str, Any], source: Source) -> None:
    model = bi_model()
    assert understood["errors"] == []
    assert set(understood["tables"]) == {"Measures", *(table.display for table in model.tables)}
    assert {parameter.name for parameter in source.parameters()} <= set(understood["expressions"])
    assert understood["cultures"] == ["en-US"]
    for table in model.tables:
        found = understood["tables"][table.display]
        assert found["description"] == table.description
        assert {name: column["is_hidden"] for name, column in found["columns"].items()} == {
            column.display: column.is_hidden for column in table.columns
        }
        assert [column["description"] for column in found["columns"].values()] == [c.description for c in table.columns]
        assert list(found["hierarchies"].values()) == [
            [table.column(level).display for level in hierarchy.levels] for hierarchy in table.hierarchies
        ]
        (partition,) = found["partitions"]
        assert partition["query"] == "\n".join(source.query(table))
        assert partition["mode"].lower() == source.mode(table).lower()


def test_it_finds_every_measure_with_its_dax_format_and_description(understood: dict[str, Any]) -> None:
    found = understood["tables"]["Measures"]["measures"]
    assert {name: one["dax"] for name, one in found.items()} == {one.name: one.dax for one in measures()}
    assert {name: one["description"] for name, one in found.items()} == {m.name: m.description for m in measures()}
    assert {name: one["folder"] for name, one in found.items()} == {one.name: one.folder for one in measures()}
    assert found["Escape rate"]["format"] == "0.0 %;-0.0 %;0.0 %"


def test_it_finds_the_relationships_many_to_one_and_in_one_direction(understood: dict[str, Any]) -> None:
    model = bi_model()

    def shown(table: str, column: str) -> list[str]:
        return [model.table(table).display, model.table(table).column(column).display]

    assert understood["relationships"] == [
        {
            "from": shown(each.table, each.column),
            "to": shown(each.to_table, each.to_column),
            "is_active": each.is_active,
            "many_to_one": True,
            "direction": "OneDirection",
        }
        for each in model.relationships
    ]


def test_it_finds_the_marked_date_table(understood: dict[str, Any], source: Source) -> None:
    dates = understood["tables"]["Dates"]
    assert dates["data_category"] == "Time"
    assert [name for name, column in dates["columns"].items() if column["is_key"]] == ["Date"]
    assert dates["columns"]["Date"]["type"] == "DateTime"
    assert dates["columns"]["Weekday"]["sort_by"] == "Weekday number"
    assert source.kind in SourceKind


def test_columns_that_may_be_added_up_are_and_no_others(understood: dict[str, Any]) -> None:
    for table in bi_model().tables:
        columns = understood["tables"][table.display]["columns"]
        assert {name: column["summarize_by"] == "Sum" for name, column in columns.items()} == {
            column.display: column.is_summed for column in table.columns
        }
        for column in table.columns:
            if column.kind is Kind.DATE:
                assert columns[column.display]["type"] == "DateTime"
