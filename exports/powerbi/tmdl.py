"""The semantic model in TMDL: one object a file, its structure by tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Integer

from exports.model import Hierarchy, Kind, Model, ModelColumn, ModelTable, Relationship
from exports.powerbi.ids import lineage
from exports.powerbi.measure import TABLE, Measure
from exports.powerbi.source import Source, m_text

COMPATIBILITY_LEVEL = 1600
CULTURE = "en-US"
DATE_TABLE = "dates"

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DATA_TYPES: Mapping[Kind, str] = {
    Kind.KEY: "string",
    Kind.TEXT: "string",
    Kind.FLAG: "boolean",
    Kind.DATE: "dateTime",
    Kind.INSTANT: "dateTime",
    Kind.COUNT: "int64",
}
_FORMATS: Mapping[Kind, str] = {
    Kind.DATE: "yyyy-mm-dd",
    Kind.INSTANT: "yyyy-mm-dd hh:nn:ss",
    Kind.COUNT: "#,##0",
    Kind.POINTS: "#,##0.0",
    Kind.NUMBER: "#,##0.00",
    Kind.SECONDS: "#,##0",
    Kind.DAYS: "#,##0.0",
    Kind.PERCENT: "0.0 %;-0.0 %;0.0 %",
}
_UNGROUPED = frozenset({"year", "iso_year", "entry_number"})
"""Whole numbers that are names of things: shown without separators of thousands."""
_ADDRESSES = frozenset({"url"})


def database() -> str:
    """`database.tmdl`."""
    return _text(["database", f"\tcompatibilityLevel: {COMPATIBILITY_LEVEL}"])


def model_file(model: Model) -> str:
    """`model.tmdl`, which names all tables in their order."""
    names = [table.display for table in model.tables]
    order = ",".join(f'"{name}"' for name in names)
    return _text(
        [
            "model Model",
            f"\tculture: {CULTURE}",
            "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
            f"\tsourceQueryCulture: {CULTURE}",
            "\tdataAccessOptions",
            "\t\tlegacyRedirects",
            "\t\treturnErrorValuesAsNull",
            "",
            "annotation __PBI_TimeIntelligenceEnabled = 0",
            "",
            f"annotation PBI_QueryOrder = [{order}]",
            "",
            f"ref table {quoted(TABLE)}",
            *(f"ref table {quoted(name)}" for name in names),
            "",
            f"ref cultureInfo {CULTURE}",
        ]
    )


def culture() -> str:
    """`cultures/en-US.tmdl`."""
    return _text(
        [
            f"cultureInfo {CULTURE}",
            "",
            "\tlinguisticMetadata =",
            f'\t\t\t{{"Version": "1.0.0", "Language": "{CULTURE}"}}',
            "\t\tcontentType: json",
        ]
    )


def expressions(source: Source) -> str:
    """`expressions.tmdl`: the parameters of the source and what the queries share."""
    lines: list[str] = []
    for parameter in source.parameters():
        meta = 'meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true]'
        lines += [
            f"/// {parameter.description}",
            f"expression {parameter.name} = {m_text(parameter.value)} {meta}",
            f"\tlineageTag: {lineage('expression', parameter.name)}",
            "",
            "\tannotation PBI_ResultType = Text",
            "",
        ]
    for name, text, description in source.functions():
        lines += [f"/// {description}", f"expression {name} =", *(f"\t\t{line}" for line in text.split("\n"))]
        lines += [f"\tlineageTag: {lineage('expression', name)}", "", "\tannotation PBI_ResultType = Function", ""]
    return _text(lines[:-1])


def relationships(model: Model) -> str:
    """`relationships.tmdl`; many to one, each in one direction."""
    return _text([line for relationship in model.relationships for line in _relationship(model, relationship)][:-1])


def table_file(table: ModelTable, source: Source) -> str:
    """`tables/<name>.tmdl` of a table of the warehouse."""
    lines = [*_described("", table.description), f"table {quoted(table.display)}"]
    lines.append(f"\tlineageTag: {lineage('table', table.name)}")
    lines += ["\tdataCategory: Time", ""] if table.name == DATE_TABLE else [""]
    for column in table.columns:
        lines += [*_column(table, column), ""]
    for hierarchy in table.hierarchies:
        lines += [*_hierarchy(table, hierarchy), ""]
    lines += [
        f"\tpartition {quoted(table.display)} = m",
        f"\t\tmode: {source.mode(table)}",
        "\t\tsource =",
        *(f"\t\t\t\t{line}" for line in source.query(table)),
        "",
        "\tannotation PBI_ResultType = Table",
    ]
    return _text(lines)


def measures_file(all_measures: Sequence[Measure]) -> str:
    """`tables/Measures.tmdl`: a table of measures, whose one column is hidden."""
    lines = ["/// All measures; the table itself has no rows.", f"table {quoted(TABLE)}"]
    lines += [f"\tlineageTag: {lineage('table', TABLE)}", ""]
    for measure in all_measures:
        lines += [*_measure(measure), ""]
    lines += [
        "\tcolumn Nothing",
        "\t\tdataType: string",
        "\t\tisHidden",
        f"\t\tlineageTag: {lineage('column', TABLE, 'Nothing')}",
        "\t\tsummarizeBy: none",
        "\t\tsourceColumn: Nothing",
        "",
        f"\tpartition {quoted(TABLE)} = m",
        "\t\tmode: import",
        "\t\tsource = #table(type table [Nothing = text], {})",
        "",
        "\tannotation PBI_ResultType = Table",
    ]
    return _text(lines)


def quoted(name: str) -> str:
    """A name as TMDL wants it: in single quotes unless it is a plain word."""
    return name if _PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def format_string(kind: Kind) -> str | None:
    """How numbers and moments of this kind are shown."""
    return _FORMATS.get(kind)


def _column(table: ModelTable, column: ModelColumn) -> Iterator[str]:
    yield from _described("\t", column.description)
    yield f"\tcolumn {quoted(column.display)}"
    yield f"\t\tdataType: {_data_type(column)}"
    if column.is_hidden:
        yield "\t\tisHidden"
    if table.name == DATE_TABLE and column.name == table.key:
        yield "\t\tisKey"
    shown = "0" if column.name in _UNGROUPED else format_string(column.kind)
    if shown is not None:
        yield f"\t\tformatString: {shown}"
    if column.folder is not None:
        yield f"\t\tdisplayFolder: {column.folder}"
    yield f"\t\tlineageTag: {lineage('column', table.name, column.name)}"
    if column.name in _ADDRESSES:
        yield "\t\tdataCategory: WebUrl"
    yield f"\t\tsummarizeBy: {'sum' if column.is_summed else 'none'}"
    yield f"\t\tsourceColumn: {column.name}"
    if column.sort_by is not None:
        yield f"\t\tsortByColumn: {quoted(table.column(column.sort_by).display)}"
    yield ""
    yield "\t\tannotation SummarizationSetBy = User"
    if column.kind is Kind.DATE:
        yield ""
        yield "\t\tannotation UnderlyingDateTimeDataType = Date"


def _data_type(column: ModelColumn) -> str:
    if column.kind is Kind.SECONDS and column.stored is not None and isinstance(column.stored.type, Integer):
        return "int64"
    return _DATA_TYPES.get(column.kind, "double")


def _hierarchy(table: ModelTable, hierarchy: Hierarchy) -> Iterator[str]:
    yield f"\thierarchy {quoted(hierarchy.display)}"
    yield f"\t\tlineageTag: {lineage('hierarchy', table.name, hierarchy.display)}"
    for level in hierarchy.levels:
        name = quoted(table.column(level).display)
        yield ""
        yield f"\t\tlevel {name}"
        yield f"\t\t\tlineageTag: {lineage('level', table.name, hierarchy.display, level)}"
        yield f"\t\t\tcolumn: {name}"


def _measure(measure: Measure) -> Iterator[str]:
    yield from _described("\t", measure.description)
    first, *more = measure.dax.split("\n")
    if more:
        yield f"\tmeasure {quoted(measure.name)} ="
        yield from (f"\t\t\t{line}" for line in (first, *more))
    else:
        yield f"\tmeasure {quoted(measure.name)} = {first}"
    yield f"\t\tformatString: {format_string(measure.kind)}"
    yield f"\t\tdisplayFolder: {measure.folder}"
    yield f"\t\tlineageTag: {lineage('measure', measure.name)}"


def _relationship(model: Model, relationship: Relationship) -> Iterator[str]:
    yield f"relationship {lineage('relationship', relationship.table, relationship.column)}"
    if not relationship.is_active:
        yield "\tisActive: false"
    yield f"\tfromColumn: {_place(model, relationship.table, relationship.column)}"
    yield f"\ttoColumn: {_place(model, relationship.to_table, relationship.to_column)}"
    yield ""


def _place(model: Model, table: str, column: str) -> str:
    found = model.table(table)
    return f"{quoted(found.display)}.{quoted(found.column(column).display)}"


def _described(indent: str, description: str) -> list[str]:
    return [f"{indent}/// {line}" for line in description.splitlines() if line]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
