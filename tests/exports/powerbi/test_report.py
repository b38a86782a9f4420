"""The report follows the published schemas, shows what the model has, and no visual covers another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest
from jsonschema import Draft7Validator

from exports.model import Role, bi_model
from exports.powerbi.layout import HEIGHT, WIDTH, Cell, Page, Visual, box
from exports.powerbi.measure import TABLE
from exports.powerbi.measures import measures
from exports.powerbi.pages import PAGES
from exports.powerbi.project import project_files
from exports.powerbi.source import Source
from tests.exports.powerbi.dax import references
from tests.exports.powerbi.published import SCHEMAS
from tests.exports.ways import ways

FILES = {path: json.loads(text) for path, text in project_files(Source()).items() if not path.endswith(".tmdl")}
VISUALS = {path: content for path, content in FILES.items() if path.endswith("/visual.json")}
ROLES = {
    "slicer": {"Values"},
    "card": {"Values"},
    "tableEx": {"Values"},
    "lineChart": {"Category", "Series", "Y", "Tooltips"},
    "columnChart": {"Category", "Series", "Y", "Tooltips"},
    "clusteredColumnChart": {"Category", "Series", "Y", "Tooltips"},
    "clusteredBarChart": {"Category", "Series", "Y", "Tooltips"},
    "lineClusteredColumnComboChart": {"Category", "Series", "Y", "Y2", "Tooltips"},
}
"""Kind of visual → the roles that it has."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.mark.parametrize("path", FILES)
def test_every_file_names_a_published_schema_and_follows_it(path: str) -> None:
    content = FILES[path]
    validator = Draft7Validator(SCHEMAS[content["$schema"]])
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)] == []


def test_our_copy_of_the_schemas_refuses_what_they_refuse() -> None:
    visual: dict[str, Any] = next(iter(VISUALS.values()))
    validator = Draft7Validator(SCHEMAS[visual["$schema"]])
    for broken in (
        {**visual, "title": "x"},
        {name: value for name, value in visual.items() if name != "position"},
        {**visual, "name": "x" * 51},
        {**visual, "visual": {**visual["visual"], "query": {"queryState": {"Values": {"projections": [{}]}}}}},
    ):
        assert list(validator.iter_errors(broken))


def _fields(content: Any) -> Iterator[tuple[str, str, str]]:
    """Kind, table and name of each field of a visual, filters included."""
    if isinstance(content, dict):
        entities = {one["Name"]: one["Entity"] for one in content.get("From", ())}
        for kind in ("Column", "Measure"):
            if kind in content and "Property" in content[kind]:
                source = content[kind]["Expression"]["SourceRef"]
                yield kind, source.get("Entity", source.get("Source")), content[kind]["Property"]
        for value in content.values():
            yield from ((kind, entities.get(table, table), name) for kind, table, name in _fields(value))
    elif isinstance(content, list):
        for value in content:
            yield from _fields(value)


@pytest.mark.parametrize("path", VISUALS)
def test_every_field_of_a_visual_is_in_the_model_and_shown_there(path: str) -> None:
    visible = {
        ("Column", table.display, column.display)
        for table in bi_model().tables
        for column in table.columns
        if not column.is_hidden
    }
    found = set(_fields(VISUALS[path]))
    assert found
    assert found <= visible | {("Measure", TABLE, measure.name) for measure in measures()}


@pages
def test_visuals_lie_within_the_page_and_cover_no_other(page: Page) -> None:
    boxes = [box(visual.cell) for visual in page.visuals]
    for one in boxes:
        assert 0 <= one.x < one.x + one.width <= WIDTH
        assert 0 <= one.y < one.y + one.height <= HEIGHT
        assert min(one.width, one.height) >= 40
    for one, other in combinations(boxes, 2):
        apart = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y


def test_cells_that_overlap_would_be_found() -> None:
    one, other = box(Cell(0, 0, 6, 4)), box(Cell(5, 3, 6, 4))
    assert one.x + one.width > other.x
    assert one.y + one.height > other.y


@pages
def test_each_page_has_slicers_figures_pictures_and_a_table(page: Page) -> None:
    kinds = {visual.kind for visual in page.visuals}
    assert {"slicer", "card", "tableEx"} < kinds
    assert any(kind.endswith("Chart") for kind in kinds)


@pages
def test_visuals_use_the_roles_of_their_kind_and_sort_by_what_they_show(page: Page) -> None:
    for visual in page.visuals:
        roles = {role for role, _ in visual.roles}
        assert roles <= ROLES[visual.kind]
        assert "Category" in roles or not visual.kind.endswith("Chart")
        assert visual.sort is None or visual.sort[0] in _shown(visual)


@pages
def test_a_slicer_reaches_all_that_its_page_shows(page: Page) -> None:
    """But dates what is so now, and slicers of findings what is about syncs."""
    facts = {table.display: table.name for table in bi_model().tables if table.role is Role.FACT}
    shown = {field for visual in page.visuals for field in _shown(visual) if visual.kind != "slicer"}
    by_name = {measure.name: measure.dax for measure in measures()}
    below = {facts[t] for field in shown & set(by_name) for t in _tables(field, by_name) if t in facts}
    reached = ways(bi_model().relationships)
    for visual in page.visuals:
        for field in _shown(visual) if visual.kind == "slicer" else ():
            table = field.partition(".")[0]
            missed = {fact for fact in below if fact != table and not reached[table, fact]}
            assert missed <= {"dates": {"wip_aging"}, "data_quality": {"sync_runs"}}.get(table, set()), field


def _tables(measure: str, by_name: Mapping[str, str]) -> set[str]:
    """The tables that a measure and those that it stands on name."""
    found = references(by_name[measure])
    return found.tables.union(*(_tables(other, by_name) for other in found.measures))


def _shown(visual: Visual) -> set[str]:
    return {field for _, fields in visual.roles for field in fields}


def test_pages_and_visuals_are_in_folders_of_their_names_and_in_the_order_of_the_pages() -> None:
    root = "flowmart.Report/definition/pages/"
    assert FILES[f"{root}pages.json"]["pageOrder"] == ["flow", "sprints", "quality", "alerts", "data-quality"]
    for path, content in FILES.items():
        if path.endswith(("/page.json", "/visual.json")):
            assert path.split("/")[-2] == content["name"]
    assert len({content["name"] for content in VISUALS.values()}) == len(VISUALS)


def test_the_parts_of_the_project_find_one_another() -> None:
    assert FILES["flowmart.pbip"]["artifacts"] == [{"report": {"path": "flowmart.Report"}}]
    reference = FILES["flowmart.Report/definition.pbir"]["datasetReference"]
    assert reference == {"byPath": {"path": "../flowmart.SemanticModel"}}
    ids = [FILES[f"flowmart.{kind}/.platform"]["config"]["logicalId"] for kind in ("Report", "SemanticModel")]
    assert ids[0] != ids[1]
    assert list(project_files(Source()))[-1] == "flowmart.pbip"
