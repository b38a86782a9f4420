"""The schema: every table and column with its description. `METADATA` holds them all."""

from warehouse.tables.base import METADATA, derived_columns, loaded_columns, table
from warehouse.tables.computed import (
    blocked_intervals,
    cycle_time_trend,
    daily_flow,
    dates,
    definitions,
    estimates,
    issue_flow,
    sprint_memberships,
    status_intervals,
    throughput,
    wip_aging,
)
from warehouse.tables.computed_defects import defect_escape, defect_quality, defects
from warehouse.tables.computed_sprints import (
    sprint_days,
    sprint_issues,
    sprint_metrics,
    sprint_scope_events,
    velocity_trend,
)
from warehouse.tables.loaded import LOADED, OBSERVED
from warehouse.tables.operational import OPERATIONAL

COMPUTED = (
    dates,
    status_intervals,
    blocked_intervals,
    sprint_memberships,
    estimates,
    issue_flow,
    cycle_time_trend,
    throughput,
    daily_flow,
    wip_aging,
    sprint_issues,
    sprint_scope_events,
    sprint_metrics,
    sprint_days,
    velocity_trend,
    defects,
    defect_escape,
    defect_quality,
    definitions,
)
"""The tables that `compute` fills, in the order of computing."""

__all__ = ["COMPUTED", "LOADED", "METADATA", "OBSERVED", "OPERATIONAL", "derived_columns", "loaded_columns", "table"]
