"""A data source as Tableau's XML: connection, fields, calculations, folders, hierarchies and relationships.

It is what Tableau 2024.2 and later write for a model with several fact tables: logical tables that relate as an object
graph, in which the end with one row per value is marked. Elements stand in the order of Tableau's published schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from exports.model import Kind, ModelColumn, ModelTable, bi_model
from exports.model_choices import Labels
from exports.tableau.calculation import Calculation
from exports.tableau.calculations import CALCULATIONS
from exports.tableau.connections import Place
from exports.tableau.fields import Canvas, Field, LogicalTable, canvas, local_name

FEATURES = (
    "ObjectModelEncapsulateLegacy",
    "ObjectModelSharedDimensions",
    "ObjectModelTableType",
    "SchemaViewerObjectModel",
)
"""What a Tableau must know to open the file; shared dimensions are the newest of them (2024.2)."""

FORMATS: Mapping[Kind, str] = {
    Kind.COUNT: "n#,##0;-#,##0",
    Kind.POINTS: "n#,##0.##;-#,##0.##",
    Kind.NUMBER: "n#,##0.0;-#,##0.0",
    Kind.SECONDS: "n#,##0;-#,##0",
    Kind.DAYS: "n#,##0.0;-#,##0.0",
    Kind.PERCENT: "p0.0%",
    Kind.DATE: "*yyyy-MM-dd",
    Kind.INSTANT: "*yyyy-MM-dd HH:mm",
}
_REMOTE_TYPES = {"string": "129", "date": "133", "datetime": "135", "integer": "20", "real": "5", "boolean": "11"}
_DEFAULT_AGGREGATIONS = {"string": "Count", "date": "Year", "datetime": "Year", "boolean": "Count"}


def data_source(place: Place) -> bytes:
    """The file `flowmart.tds`; the same place gives the same bytes."""
    shown = canvas()
    root = Element(
        "datasource",
        {
            "formatted-name": "flowmart",
            "inline": "true",
            "source-platform": "win",
            "version": "18.1",
            "xmlns:user": "http://www.tableausoftware.com/xml/user",
        },
    )
    manifest = SubElement(root, "document-format-change-manifest")
    for feature in FEATURES:
        SubElement(manifest, feature)
    _connection(root, shown, place)
    SubElement(root, "aliases", {"enabled": "yes"})
    root.extend(_columns(shown))
    _hierarchies(root)
    _folders(root, shown)
    SubElement(
        root, "layout", {"dim-ordering": "alphabetic", "measure-ordering": "alphabetic", "show-structure": "true"}
    )
    SubElement(root, "date-options", {"start-of-week": "monday"})
    _object_graph(root, shown, place)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


def _connection(root: Element, shown: Canvas, place: Place) -> None:
    connection = SubElement(root, "connection", {"class": "federated"})
    named = SubElement(SubElement(connection, "named-connections"), "named-connection")
    named.attrib |= {"caption": place.caption, "name": place.name}
    SubElement(named, "connection", dict(place.attributes))
    relations = SubElement(connection, "relation", {"type": "collection"})
    for table in shown.tables:
        relations.append(_relation(table, place))
    columns = SubElement(connection, "cols")
    for table in shown.tables:
        for field in table.fields:
            SubElement(columns, "map", {"key": f"[{field.name}]", "value": f"[{table.name}].[{field.remote}]"})
    records = SubElement(connection, "metadata-records")
    for table in shown.tables:
        for ordinal, field in enumerate(table.fields):
            records.append(_record(table, field, ordinal))


def _relation(table: LogicalTable, place: Place) -> Element:
    attributes = {"connection": place.name, "name": table.name, "table": place.table(table.table.name), "type": "table"}
    return Element("relation", attributes)


def _record(table: LogicalTable, field: Field, ordinal: int) -> Element:
    record = Element("metadata-record", {"class": "column"})
    texts = {
        "remote-name": field.remote,
        "remote-type": _REMOTE_TYPES[field.datatype],
        "local-name": f"[{field.name}]",
        "parent-name": f"[{table.name}]",
        "remote-alias": field.remote,
        "ordinal": str(ordinal),
        "local-type": field.datatype,
        "aggregation": _DEFAULT_AGGREGATIONS.get(field.datatype, "Sum"),
        "contains-null": str(field.column.nullable).lower(),
        "object-id": f"[{table.id}]",
    }
    for name, text in texts.items():
        SubElement(record, name).text = text
    return record


def _columns(shown: Canvas) -> Iterator[Element]:
    for table in shown.tables:
        for field in table.fields:
            yield _field(field)
    yield from (
        _label(column, column.labels)
        for table in bi_model().tables
        for column in table.columns
        if column.labels is not None
    )
    yield from (_calculated(one) for one in CALCULATIONS)
    for table in shown.tables:
        yield _table_column(table)


def _field(field: Field) -> Element:
    attributes = {"caption": field.caption, "datatype": field.datatype}
    if field.is_measure:
        attributes["aggregation"] = _aggregation(field)
    shape = FORMATS.get(field.column.kind)
    if shape and (field.is_measure or field.column.kind is not Kind.COUNT):  # a year is no number with a comma
        attributes["default-format"] = shape
    if field.is_hidden:
        attributes["hidden"] = "true"
    attributes |= {"name": f"[{field.name}]", "role": "measure" if field.is_measure else "dimension"}
    attributes["type"] = _type(field)
    column = Element("column", attributes)
    _describe(column, field.column.description)
    return column


def _aggregation(field: Field) -> str:
    """The sum where sums mean something; else the mean, and of counts, which are of some whole already, the largest."""
    if field.column.is_summed:
        return "Sum"
    return "Max" if field.column.kind is Kind.COUNT else "Avg"


def _type(field: Field) -> str:
    if field.is_measure:
        return "quantitative"
    return "nominal" if field.datatype in {"string", "boolean"} else "ordinal"


def _calculated(one: Calculation) -> Element:
    kind = {Kind.COUNT: "integer", Kind.INSTANT: "datetime"}.get(one.kind, "real")
    attributes = {"caption": one.name, "datatype": kind, "default-format": FORMATS[one.kind]}
    attributes |= {"name": _calculation_name(one), "role": "measure", "type": "quantitative"}
    column = Element("column", attributes)
    formula = one.resolved(lambda table, name: f"[{local_name(table, name)}]")
    SubElement(column, "calculation", {"class": "tableau", "formula": formula})
    stored = f" Stored as {', '.join(one.agrees_with)}." if one.agrees_with else ""
    _describe(column, one.description + stored)
    return column


def _calculation_name(one: Calculation) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in one.name.lower()).split()
    return f"[Calculation_{'_'.join(words)}]"


def _table_column(table: LogicalTable) -> Element:
    """The field that stands for the rows of a table; it carries the table's description."""
    attributes = {"caption": table.caption, "datatype": "table"}
    attributes["name"] = f"[__tableau_internal_object_id__].[{table.id}]"
    column = Element("column", {**attributes, "role": "measure", "type": "quantitative"})
    _describe(column, table.table.description)
    return column


def _describe(column: Element, text: str) -> None:
    if text:
        SubElement(SubElement(SubElement(column, "desc"), "formatted-text"), "run").text = text


def _label(column: ModelColumn, labels: Labels) -> Element:
    """Numbers that show as words and sort as numbers."""
    attributes = {"caption": column.display, "datatype": "integer", "name": f"[{column.name}]"}
    made = Element("column", {**attributes, "role": "dimension", "type": "ordinal"})
    SubElement(made, "calculation", {"class": "tableau", "formula": f"[{local_name(labels.table, labels.of)}]"})
    aliases = SubElement(made, "aliases")
    for number, word in labels.words.items():
        SubElement(aliases, "alias", {"key": str(number), "value": word})
    _describe(made, column.description)
    return made


def _hierarchies(root: Element) -> None:
    """Those within one table; Tableau keeps a hierarchy with its table."""
    paths = SubElement(root, "drill-paths")
    for table in bi_model().tables:
        for hierarchy in table.hierarchies:
            levels = [_level(table, level) for level in hierarchy.levels]
            if None not in levels:
                path = SubElement(paths, "drill-path", {"name": hierarchy.display})
                for level in levels:
                    SubElement(path, "field").text = level


def _level(table: ModelTable, name: str) -> str | None:
    column = table.column(name)
    if column.lookup is not None:
        return None
    return f"[{name}]" if column.labels is not None else f"[{local_name(table.name, name)}]"


def _folders(root: Element, shown: Canvas) -> None:
    items: dict[str, list[str]] = {}
    for one in CALCULATIONS:
        items.setdefault(f"Figures: {one.folder}", []).append(_calculation_name(one))
    for table in shown.tables:
        for field in table.fields:
            if field.column.folder is not None and not field.is_hidden:
                items.setdefault(f"{table.caption}: {field.column.folder}", []).append(f"[{field.name}]")
    folders = SubElement(root, "folders-common")
    for name, names in items.items():
        _folder(folders, name, names)


def _folder(folders: Element, name: str, names: Sequence[str]) -> None:
    folder = SubElement(folders, "folder", {"name": name})
    for one in names:
        SubElement(folder, "folder-item", {"name": one, "type": "field"})


def _object_graph(root: Element, shown: Canvas, place: Place) -> None:
    graph = SubElement(root, "object-graph")
    objects = SubElement(graph, "objects")
    for table in shown.tables:
        one = SubElement(objects, "object", {"caption": table.caption, "id": table.id})
        SubElement(one, "properties", {"context": ""}).append(_relation(table, place))
    relationships = SubElement(graph, "relationships")
    for edge in shown.edges:
        relationship = SubElement(relationships, "relationship")
        equal = SubElement(relationship, "expression", {"op": "="})
        SubElement(equal, "expression", {"op": f"[{edge.field.name}]"})
        SubElement(equal, "expression", {"op": f"[{edge.to_field.name}]"})
        SubElement(relationship, "first-end-point", {"object-id": edge.table.id})
        SubElement(relationship, "second-end-point", {"object-id": edge.to_table.id, "unique-key": "true"})
