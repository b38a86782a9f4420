"""What Microsoft's published schemas ask of each file of a project, as far as our files go.

Written down from the schemas at developer.microsoft.com/json-schemas/fabric, in the versions that the files name:
which properties there are, which are required, and of which type. Of formatting objects and of query expressions only
the kinds that we use are here; a kind that we do not use is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exports.powerbi import pbir

Schema = Mapping[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    properties = {**required, **optional}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of, "minItems": 1}


def _named(address: str, required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return _object({"$schema": {"const": address}, **required}, **optional)


_LITERAL = _object({"Literal": _object({"Value": _TEXT})})
_SOURCE = {"oneOf": [_object({"SourceRef": _object({name: _TEXT})}) for name in ("Entity", "Source")]}
_REFERENCE = _object({"Expression": _SOURCE, "Property": _TEXT})
_COLUMN, _MEASURE = _object({"Column": _REFERENCE}), _object({"Measure": _REFERENCE})
_FIELD: Schema = {"oneOf": [_COLUMN, _MEASURE]}
_PROPERTIES = _list(
    _object({"properties": {"type": "object", "additionalProperties": _object({"expr": _LITERAL}), "minProperties": 1}})
)
_PROJECTION = _object(
    {"field": _FIELD, "queryRef": _TEXT}, nativeQueryRef=_TEXT, displayName=_TEXT, active=_FLAG, hidden=_FLAG
)
_SORT = _object({"field": _FIELD, "direction": {"enum": ["Ascending", "Descending"]}})
_QUERY = _object(
    {"queryState": {"type": "object", "additionalProperties": _object({"projections": _list(_PROJECTION)})}},
    sortDefinition=_object({}, sort=_list(_SORT), isDefaultSort=_FLAG),
)
_FILTER = _object(
    {"name": _TEXT},
    field=_FIELD,
    type={"enum": ["Categorical", "Advanced", "TopN", "RelativeDate"]},
    filter=_object(
        {
            "From": _list(_object({"Name": _TEXT, "Entity": _TEXT, "Type": _NUMBER})),
            "Where": _list(
                _object(
                    {
                        "Condition": _object(
                            {"In": _object({"Expressions": _list(_COLUMN), "Values": _list(_list(_LITERAL))})}
                        )
                    }
                )
            ),
        },
        Version={"const": 2},
    ),
)
_VISUAL = _object(
    {"visualType": _TEXT},
    query=_QUERY,
    objects={"type": "object", "additionalProperties": _PROPERTIES},
    visualContainerObjects=_object({}, title=_PROPERTIES, subTitle=_PROPERTIES, background=_PROPERTIES),
    drillFilterOtherVisuals=_FLAG,
)
_THEME = _object(
    {
        "name": _TEXT,
        "reportVersionAtImport": _TEXT,
        "type": {"enum": ["RegisteredResources", "SharedResources"]},
    }
)
_NAME: Schema = {"type": "string", "maxLength": 50, "pattern": r"^[\w-]+$"}

SCHEMAS: Mapping[str, Schema] = {
    schema["properties"]["$schema"]["const"]: schema
    for schema in (
        _named(
            pbir.PBIP_SCHEMA,
            {"version": _TEXT, "artifacts": _list(_object({"report": _object({"path": _TEXT})}))},
            settings=_object({}, enableAutoRecovery=_FLAG),
        ),
        _named(
            pbir.PLATFORM_SCHEMA,
            {
                "metadata": _object(
                    {"type": {"enum": ["Report", "SemanticModel"]}, "displayName": _TEXT}, description=_TEXT
                ),
                "config": _object({"version": _TEXT, "logicalId": _TEXT}),
            },
        ),
        _named(
            pbir.MODEL_SCHEMA,
            {"version": _TEXT},
            settings=_object({}, qnaEnabled=_FLAG, qnaLsdlSharingPermissions={"enum": [0, 1]}),
        ),
        _named(
            pbir.PBIR_SCHEMA,
            {"version": _TEXT, "datasetReference": _object({"byPath": _object({"path": _TEXT})})},
        ),
        _named(pbir.VERSION_SCHEMA, {"version": {"type": "string", "pattern": r"^[1-9][0-9]*\.(0|[1-9][0-9]*)\.0$"}}),
        _named(
            pbir.REPORT_SCHEMA,
            {"themeCollection": _object({}, baseTheme=_THEME, customTheme=_THEME)},
            settings=_object({}, useStylableVisualContainerHeader=_FLAG, useEnhancedTooltips=_FLAG),
        ),
        _named(pbir.PAGES_SCHEMA, {}, pageOrder=_list(_TEXT), activePageName=_TEXT),
        _named(
            pbir.PAGE_SCHEMA,
            {
                "name": _NAME,
                "displayName": _TEXT,
                "displayOption": {"enum": ["FitToPage", "FitToWidth", "ActualSize"]},
                "height": _NUMBER,
                "width": _NUMBER,
            },
        ),
        _named(
            pbir.VISUAL_SCHEMA,
            {
                "name": _NAME,
                "position": _object(dict.fromkeys(("x", "y", "width", "height"), _NUMBER), z=_NUMBER, tabOrder=_NUMBER),
                "visual": _VISUAL,
            },
            filterConfig=_object({}, filters=_list(_FILTER)),
        ),
    )
}
"""Address of a published schema → our copy of what concerns our files."""
