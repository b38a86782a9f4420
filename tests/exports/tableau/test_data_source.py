"""The data source for Tableau: everything that it names is there, once, and it says nothing that is secret."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Engine, create_engine

from exports.base import ExportError, Order, Reach
from exports.model import Role, bi_model
from exports.snapshot import snapshot
from exports.tableau.calculations import CALCULATIONS
from exports.tableau.connections import EXTRACT_PLACE, Place, extract, live
from exports.tableau.fields import canvas
from exports.tableau.source import DESCRIBED, PACKAGED, Mode, write_tableau
from exports.tableau.tds import data_source
from tests.exports.tableau.conftest import Opens
from tests.exports.tableau.formulas import FUNCTIONS


def live_at(server: str = "", database: str = "") -> Order:
    return Order(reach=Reach(way=Mode.LIVE, server=server, database=database))


LIVE = live(server="db.acme.example", port=5433, database="flow", schema="reports")
ORDER = (
    "document-format-change-manifest", "connection", "aliases", "column", "drill-paths", "folders-common", "layout",
    "date-options", "object-graph",
)  # fmt: skip
"""The order of what we write, in Tableau's published schema (`DataSource-CT` in 2026.2)."""


@pytest.fixture(params=[extract(), LIVE], ids=["extract", "live"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of connection."""
    found: Place = request.param
    return found


@pytest.fixture
def root(place: Place) -> ET.Element:
    """The parsed file."""
    return ET.fromstring(data_source(place))  # noqa: S314 - our own


def names(root: ET.Element) -> list[str]:
    return [column.get("name", "") for column in root.iter("column")]


def maps(root: ET.Element) -> dict[str, tuple[str, str]]:
    """Field → relation and column that it is read from."""
    found = {}
    for one in root.iter("map"):
        relation, column = re.findall(r"\[([^]]+)\]", one.get("value", ""))
        found[one.get("key", "")] = (relation, column)
    return found


def test_elements_stand_in_the_order_of_tableaus_schema(root: ET.Element) -> None:
    places = [ORDER.index(child.tag) for child in root]
    assert places == sorted(places)
    assert set(places) == set(range(len(ORDER)))


def test_each_field_is_a_column_of_a_table_that_the_connection_has(root: ET.Element, place: Place) -> None:
    connection = root.find("connection")
    assert connection is not None
    relations = {one.get("name", ""): one.get("table", "") for one in connection.findall("relation/relation")}
    assert {one.get("connection") for one in connection.findall("relation/relation")} == {place.name}
    stored = {table.name: {c.name for c in table.stored.columns} for table in bi_model().tables}
    for field, (relation, column) in maps(root).items():
        schema, table = re.findall(r"\[([^]]+)\]", relations[relation])
        assert schema == place.schema
        assert column in stored[table], field
    assert set(maps(root)) <= set(names(root))


def test_every_table_of_the_model_is_there_with_all_columns_but_those_that_relate_to_nothing(root: ET.Element) -> None:
    read = set(maps(root).values())
    for table in bi_model().tables:
        there = {(table.name, column.name) for column in table.stored.columns} & read
        assert len(there) == (0 if table.role is Role.REFERENCE else len(table.stored.columns)), table.name


def test_names_and_captions_are_unique_whatever_their_case(root: ET.Element) -> None:
    assert max(Counter(names(root)).values()) == 1
    shown = Counter(
        column.get("caption", "").casefold() for column in root.iter("column") if column.get("hidden") is None
    )
    fields = {caption: count for caption, count in shown.items() if count > 1}
    tables = {table.caption.casefold() for table in canvas().tables}
    assert set(fields) <= tables, "only a table and a field may share a caption"


def test_whatever_is_named_in_brackets_is_a_field(root: ET.Element) -> None:
    known = set(names(root))
    used = [one.get("formula", "") for one in root.iter("calculation")]
    used += [one.text or "" for one in root.iter("field")]
    used += [one.get("name", "") for one in root.iter("folder-item")]
    used += [one.get("op", "") for one in root.iter("expression") if one.get("op") != "="]
    references = [reference for text in used for reference in re.findall(r"\[[^]]+\]", text)]
    assert references
    assert set(references) <= known


def test_relationships_join_a_reference_with_the_key_of_its_table(root: ET.Element) -> None:
    objects = {one.get("id"): one.find("properties/relation") for one in root.iter("object")}
    read = maps(root)
    types = {column.get("name"): column.get("datatype") for column in root.iter("column")}
    keys = {table.name: table.key for table in bi_model().tables}
    relationships = list(root.iter("relationship"))
    assert len(relationships) == len(canvas().edges)
    for one in relationships:
        ends = [one.find("first-end-point"), one.find("second-end-point")]
        fields = [part.get("op", "") for part in one.findall("expression/expression")]
        for end, field in zip(ends, fields, strict=True):
            assert end is not None
            relation = objects[end.get("object-id")]
            assert relation is not None
            assert relation.get("name") == read[field][0]
        assert types[fields[0]] == types[fields[1]]
        assert [end.get("unique-key") for end in ends if end is not None] == [None, "true"]
        target = objects[ends[1].get("object-id")] if ends[1] is not None else None
        assert target is not None
        assert read[fields[1]][1] == keys[re.findall(r"\[([^]]+)\]", target.get("table", ""))[1]]


def test_there_is_one_way_at_most_from_a_table_to_another_and_all_hang_together() -> None:
    onwards: dict[str, list[str]] = {table.name: [] for table in canvas().tables}
    both: dict[str, set[str]] = {table.name: set() for table in canvas().tables}
    for edge in canvas().edges:
        onwards[edge.table.name].append(edge.to_table.name)
        both[edge.table.name].add(edge.to_table.name)
        both[edge.to_table.name].add(edge.table.name)

    def reached(name: str) -> list[str]:
        return [found for to in onwards[name] for found in [to, *reached(to)]]

    for name in onwards:
        ways = Counter(reached(name))
        assert max(ways.values(), default=1) == 1, (name, ways)
        assert name not in ways
    seen, waiting = set(), ["issues"]
    while waiting:
        here = waiting.pop()
        seen.add(here)
        waiting += both[here] - seen
    assert seen == set(onwards)


def test_keys_are_hidden_and_everything_says_what_it_is(root: ET.Element) -> None:
    hidden = {column.get("name") for column in root.iter("column") if column.get("hidden") == "true"}
    wanted = {f"[{field.name}]" for table in canvas().tables for field in table.fields if field.column.is_hidden}
    assert hidden == wanted
    assert "[issue_id (issue_flow)]" in hidden
    for column in root.iter("column"):
        assert (column.findtext("desc/formatted-text/run") or "").strip(), column.get("name")


def test_numbers_that_are_of_a_whole_already_are_not_added_up(root: ET.Element) -> None:
    columns = {column.get("name"): column for column in root.iter("column")}
    assert columns["[finished_issues (throughput)]"].get("aggregation") == "Sum"
    assert columns["[p85_days]"].get("aggregation") == "Avg"
    assert columns["[rate]"].get("default-format") == "p0.0%"
    assert (columns["[year]"].get("role"), columns["[year]"].get("default-format")) == ("dimension", None)


def test_months_show_by_name_and_sort_by_number(root: ET.Element) -> None:
    (month,) = [column for column in root.iter("column") if column.get("name") == "[month_of_year]"]
    assert month.get("datatype") == "integer"
    assert {alias.get("key"): alias.get("value") for alias in month.iter("alias")}["3"] == "March"
    paths = {path.get("name"): [field.text for field in path] for path in root.iter("drill-path")}
    assert paths["Calendar"] == ["[year]", "[quarter_of_year]", "[month_of_year]", "[week_start]", "[day (dates)]"]


@pytest.mark.parametrize("calculation", CALCULATIONS, ids=lambda one: one.name)
def test_a_calculation_reads_one_table_and_uses_known_functions(calculation: Any) -> None:
    assert len(calculation.tables) == 1
    assert set(re.findall(r"([A-Z]+)\(", calculation.formula)) <= FUNCTIONS
    assert calculation.formula.count("(") == calculation.formula.count(")")
    assert calculation.formula.count("IF ") == calculation.formula.count(" END")
    stored = {f"{table.name}.{column.name}" for table in bi_model().tables for column in table.columns}
    assert set(calculation.agrees_with) <= stored


def test_the_same_place_gives_the_same_bytes(place: Place) -> None:
    first = data_source(place)
    canvas.cache_clear()
    assert data_source(place) == first


def test_a_live_data_source_names_the_warehouse_and_nobody(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")
    with snapshot(engine) as connection:
        (file,) = write_tableau(connection, tmp_path, live_at("db.acme.example:6432", "flow"))
    text = file.path.read_text("utf-8")
    (inner,) = ET.fromstring(text).findall("connection/named-connections/named-connection/connection")  # noqa: S314
    assert file.path.name == DESCRIBED
    wanted = {"class": "postgres", "server": "db.acme.example", "port": "6432", "dbname": "flow", "schema": "public"}
    assert {key: inner.get(key) for key in wanted} == wanted
    assert inner.get("username") == ""
    assert "password=" not in text


def test_a_live_data_source_knows_postgresqls_address_and_no_login(warehouse: Engine, tmp_path: Path) -> None:
    if warehouse.dialect.name == "sqlite":
        with snapshot(warehouse) as connection, pytest.raises(ExportError, match="needs server and database"):
            write_tableau(connection, tmp_path, live_at())
        assert list(tmp_path.glob("*.tds")) == []
        return
    with snapshot(warehouse) as connection:
        (file,) = write_tableau(connection, tmp_path, live_at())
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    text = file.path.read_text("utf-8")
    assert f"[{schema}].[issue_flow]" in text
    assert f'dbname="{warehouse.url.database}"' in text
    assert not warehouse.url.password or warehouse.url.password not in text


@pytest.mark.thorough
def test_the_package_holds_the_extract_that_its_description_names(filled: Engine, tmp_path: Path, ask: Opens) -> None:
    pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    with snapshot(filled) as connection:
        written = write_tableau(connection, tmp_path / "out")
    assert {file.path for file in written} == {tmp_path / "out" / PACKAGED}
    with zipfile.ZipFile(tmp_path / "out" / PACKAGED) as package:
        assert package.namelist() == [DESCRIBED, EXTRACT_PLACE]
        assert package.testzip() is None
        root = ET.fromstring(package.read(DESCRIBED))  # noqa: S314
        package.extract(EXTRACT_PLACE, tmp_path)
    query = ask(tmp_path / EXTRACT_PLACE)
    kinds = {"text": "string", "bigint": "integer", "double precision": "real", "boolean": "boolean", "date": "date"}
    kinds["timestamptz"] = "datetime"
    there = {
        (table, column): kinds.get(kind)
        for table, column, kind in query(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE a.attnum > 0 AND n.nspname = 'Extract'"
        )
    }
    relations = {one.get("name"): one.get("table", "") for one in root.findall("connection/relation/relation")}
    types = {column.get("name"): column.get("datatype") for column in root.iter("column")}
    for field, (relation, column) in maps(root).items():
        table = re.findall(r"\[([^]]+)\]", relations[relation])[1]
        assert there[table, column] == types[field], field
