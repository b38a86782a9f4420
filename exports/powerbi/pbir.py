"""The report's files in PBIR: each names the published schema that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exports.model import Model
from exports.powerbi.layout import HEIGHT, WIDTH, Page, Visual, box
from exports.powerbi.measure import TABLE

Json = Mapping[str, Any]

_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/"
PBIP_SCHEMA = f"{_SCHEMAS}pbip/pbipProperties/1.0.0/schema.json"
PLATFORM_SCHEMA = f"{_SCHEMAS}gitIntegration/platformProperties/2.0.0/schema.json"
MODEL_SCHEMA = f"{_SCHEMAS}item/semanticModel/definitionProperties/1.0.0/schema.json"
PBIR_SCHEMA = f"{_SCHEMAS}item/report/definitionProperties/2.0.0/schema.json"
_REPORT = f"{_SCHEMAS}item/report/definition/"
VERSION_SCHEMA = f"{_REPORT}versionMetadata/1.0.0/schema.json"
REPORT_SCHEMA = f"{_REPORT}report/2.0.0/schema.json"
PAGES_SCHEMA = f"{_REPORT}pagesMetadata/1.0.0/schema.json"
PAGE_SCHEMA = f"{_REPORT}page/2.0.0/schema.json"
VISUAL_SCHEMA = f"{_REPORT}visualContainer/2.0.0/schema.json"

_BASE_THEME = {"name": "CY24SU10", "reportVersionAtImport": "5.61", "type": "SharedResources"}
"""A theme that is part of Power BI Desktop."""


def definition_files(pages: Sequence[Page], model: Model) -> dict[str, Json]:
    """Path below `definition/` → content, for the report and all its pages and visuals."""
    files: dict[str, Json] = {
        "version.json": {"$schema": VERSION_SCHEMA, "version": "2.0.0"},
        "report.json": {
            "$schema": REPORT_SCHEMA,
            "themeCollection": {"baseTheme": _BASE_THEME},
            "settings": {"useStylableVisualContainerHeader": True, "useEnhancedTooltips": True},
        },
        "pages/pages.json": {
            "$schema": PAGES_SCHEMA,
            "pageOrder": [page.name for page in pages],
            "activePageName": pages[0].name,
        },
    }
    for page in pages:
        files[f"pages/{page.name}/page.json"] = {
            "$schema": PAGE_SCHEMA,
            "name": page.name,
            "displayName": page.display,
            "displayOption": "FitToPage",
            "height": HEIGHT,
            "width": WIDTH,
        }
        for number, visual in enumerate(page.visuals):
            name = f"{page.name}-{number:02}"
            files[f"pages/{page.name}/visuals/{name}/visual.json"] = _visual(name, number, visual, model)
    return files


def _visual(name: str, number: int, visual: Visual, model: Model) -> Json:
    place = box(visual.cell)
    order = 1_000 * (number + 1)
    content: dict[str, Any] = {
        "$schema": VISUAL_SCHEMA,
        "name": name,
        "position": {**place._asdict(), "z": order, "tabOrder": order},
        "visual": {
            "visualType": visual.kind,
            "query": _query(visual, model),
            **_objects(visual),
            "visualContainerObjects": {"title": _properties(show=_literal("true"), text=_text(visual.title))},
            "drillFilterOtherVisuals": True,
        },
    }
    if visual.only is not None:
        content["filterConfig"] = {"filters": [_filter(f"{name}-only", *visual.only, model)]}
    return content


def _query(visual: Visual, model: Model) -> Json:
    state = {
        role: {"projections": [_projection(field, model, is_active=role == "Category") for field in fields]}
        for role, fields in visual.roles
    }
    query: dict[str, Any] = {"queryState": state}
    if visual.sort is not None:
        field, direction = visual.sort
        query["sortDefinition"] = {
            "sort": [{"field": _field(field, model), "direction": direction}],
            "isDefaultSort": False,
        }
    return query


def _projection(field: str, model: Model, *, is_active: bool) -> Json:
    table, shown = _names(field, model)
    projection = {"field": _field(field, model), "queryRef": f"{table}.{shown}", "nativeQueryRef": shown}
    return {**projection, "active": True} if is_active else projection


def _field(field: str, model: Model, source: Json | None = None) -> Json:
    table, shown = _names(field, model)
    kind = "Column" if _is_column(field) else "Measure"
    return {kind: {"Expression": {"SourceRef": source or {"Entity": table}}, "Property": shown}}


def _names(field: str, model: Model) -> tuple[str, str]:
    """Table and column or measure, as people see them."""
    if not _is_column(field):
        return TABLE, field
    name, _, column = field.partition(".")
    table = model.table(name)
    return table.display, table.column(column).display


def _is_column(field: str) -> bool:
    return "." in field


def _filter(name: str, column: str, values: Sequence[str], model: Model) -> Json:
    table, _ = _names(column, model)
    condition = {
        "In": {
            "Expressions": [_field(column, model, {"Source": "t"})],
            "Values": [[{"Literal": {"Value": _quoted(value)}}] for value in values],
        }
    }
    return {
        "name": name,
        "field": _field(column, model),
        "type": "Categorical",
        "filter": {
            "Version": 2,
            "From": [{"Name": "t", "Entity": table, "Type": 0}],
            "Where": [{"Condition": condition}],
        },
    }


def _objects(visual: Visual) -> Json:
    """What a kind of visual needs beside its fields."""
    if visual.kind == "slicer":
        return {"objects": {"data": _properties(mode=_text("Dropdown")), "header": _properties(show=_literal("false"))}}
    if visual.kind == "card":
        return {"objects": {"categoryLabels": _properties(show=_literal("false"))}}
    return {}


def _properties(**values: Json) -> list[Json]:
    return [{"properties": values}]


def _text(value: str) -> Json:
    return _literal(_quoted(value))


def _literal(value: str) -> Json:
    return {"expr": {"Literal": {"Value": value}}}


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
