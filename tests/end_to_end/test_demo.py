"""The demo does the main job, says true numbers, and can be run again over itself."""

from __future__ import annotations

import contextlib
import io
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from flowmart.cli import main
from warehouse.engine import open_warehouse
from warehouse.tables import table

if TYPE_CHECKING:
    from pathlib import Path


def demo(folder: Path) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(["-q", "demo", "--to", str(folder), "--issues", "120"], dict(os.environ))
    return code, out.getvalue()


def test_the_demo_ends_with_numbers_of_its_warehouse_and_the_paths_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    code, said = demo(folder)
    assert code == 0
    with open_warehouse(f"sqlite:///{folder / 'flowmart.db'}").connect() as connection:
        issues = connection.scalar(select(func.count()).select_from(table("issues")))
    assert f"Loaded                {issues} issues" in said
    for label in ("Cycle time", "Throughput", "Velocity WEB board", "Velocity Shop Basket", "Say/do", "Defect escape"):
        assert label in said
    assert len(list((folder / "exports" / "parquet").iterdir())) > 30
    assert str(folder / "exports" / "csv") in said
    assert (folder / "exports" / "powerbi" / "flowmart.pbip").exists()
    has_tableau = find_spec("tableauhyperapi") is not None
    assert (folder / "exports" / "hyper" / "flowmart.hyper").exists() == has_tableau
    assert (folder / "exports" / "tableau" / "flowmart.tdsx").exists() == has_tableau
    assert (folder / "exports" / "excel" / "flowmart.xlsx").exists()
    assert demo(folder) == (0, said)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flowmart.db").write_text("mine")
    assert demo(tmp_path)[0] == 1
    assert (tmp_path / "flowmart.db").read_text() == "mine"
