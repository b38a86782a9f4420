"""Reads a folder of TMDL with Microsoft's own Tabular Object Model, and prints as JSON what that understood.

    python tools/tabular.py FOLDER

Needs the packages of powerbi-check.lock, of which only the assemblies and the .NET runtime are used: see
docs/power-bi.md. What the object model refuses ends in its own error.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("sempy", "dnv", "pythonnet", "clr_loader")


def main() -> None:
    """Print what the object model finds in the folder."""
    tabular = _tabular()
    database = tabular.TmdlSerializer.DeserializeDatabaseFromFolder(sys.argv[1])
    checked = database.Model.Validate()
    errors = [str(error.Message) for error in checked.Errors] if checked.ContainsErrors else []
    print(json.dumps({"errors": errors, **_model(database)}, indent=1))


def _tabular() -> Any:  # noqa: ANN401 - a namespace of .NET
    """The namespace `Microsoft.AnalysisServices.Tabular`, in a .NET runtime of its own package."""
    from clr_loader import get_coreclr
    from pythonnet import set_runtime

    assemblies = _place("sempy")
    runtime = get_coreclr(
        dotnet_root=_place("dnv") / "net" / "runtime" / ".net",
        runtime_config=assemblies / "dotnet.runtime.config.json",
    )
    set_runtime(runtime)
    sys.path.append(str(assemblies / "lib"))
    import clr

    clr.AddReference("Microsoft.AnalysisServices.Tabular")
    import Microsoft.AnalysisServices.Tabular as tabular  # noqa: N813

    return tabular


def _place(package: str) -> Path:
    """The folder of a package, without importing it."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"tabular: the package {package} is not installed")
    return Path(next(iter(found.submodule_search_locations)))


def _model(database: Any) -> dict[str, Any]:  # noqa: ANN401
    model = database.Model
    return {
        "compatibility_level": int(database.CompatibilityLevel),
        "tables": {str(table.Name): _table(table) for table in model.Tables},
        "relationships": [
            {
                "from": [str(one.FromTable.Name), str(one.FromColumn.Name)],
                "to": [str(one.ToTable.Name), str(one.ToColumn.Name)],
                "is_active": bool(one.IsActive),
                "many_to_one": [str(one.FromCardinality), str(one.ToCardinality)] == ["Many", "One"],
                "direction": str(one.CrossFilteringBehavior),
            }
            for one in model.Relationships
        ],
        "expressions": {str(one.Name): str(one.Expression) for one in model.Expressions},
        "cultures": [str(one.Name) for one in model.Cultures],
    }


def _table(table: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "description": str(table.Description),
        "data_category": str(table.DataCategory or ""),
        "columns": {
            str(column.Name): {
                "type": str(column.DataType),
                "is_hidden": bool(column.IsHidden),
                "is_key": bool(column.IsKey),
                "format": str(column.FormatString or ""),
                "folder": str(column.DisplayFolder or ""),
                "description": str(column.Description or ""),
                "summarize_by": str(column.SummarizeBy),
                "sort_by": str(column.SortByColumn.Name) if column.SortByColumn else None,
            }
            for column in table.Columns
        },
        "measures": {
            str(measure.Name): {
                "dax": str(measure.Expression),
                "format": str(measure.FormatString or ""),
                "folder": str(measure.DisplayFolder or ""),
                "description": str(measure.Description or ""),
            }
            for measure in table.Measures
        },
        "hierarchies": {
            str(one.Name): [str(level.Column.Name) for level in sorted(one.Levels, key=lambda level: level.Ordinal)]
            for one in table.Hierarchies
        },
        "partitions": [{"mode": str(one.Mode), "query": str(one.Source.Expression)} for one in table.Partitions],
    }


if __name__ == "__main__":
    main()
