"""The schema: every table and column with its description. `METADATA` holds them all."""

from warehouse.tables.base import METADATA, derived_columns, loaded_columns, table
from warehouse.tables.computed import COMPUTED
from warehouse.tables.loaded import LOADED, OBSERVED
from warehouse.tables.operational import OPERATIONAL

__all__ = ["COMPUTED", "LOADED", "METADATA", "OBSERVED", "OPERATIONAL", "derived_columns", "loaded_columns", "table"]
