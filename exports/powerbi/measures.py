"""All measures of the model with the names that people see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from exports.model import Model, bi_model
from exports.powerbi.measure import Measure
from exports.powerbi.measures_alerts import ALERTS
from exports.powerbi.measures_flow import FLOW
from exports.powerbi.measures_quality import QUALITY
from exports.powerbi.measures_sprints import SPRINTS

_MARK = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@cache
def measures() -> Sequence[Measure]:
    """All of them, family by family; their DAX is ready, and descriptions say where the same figure is stored."""
    model = bi_model()
    return tuple(
        measure._replace(dax=resolved(measure.dax, model), description=_described(measure))
        for measure in (*FLOW, *SPRINTS, *QUALITY, *ALERTS)
    )


def resolved(dax: str, model: Model) -> str:
    """The DAX with names for people; raises `KeyError` for a table or column that there is not."""

    def name(mark: re.Match[str]) -> str:
        table = model.table(mark[1])
        shown = "'" + table.display.replace("'", "''") + "'"
        return shown if mark[2] is None else f"{shown}[{table.column(mark[2]).display.replace(']', ']]')}]"

    return _MARK.sub(name, dax)


def _described(measure: Measure) -> str:
    if not measure.agrees_with:
        return measure.description
    return f"{measure.description} Stored as {', '.join(measure.agrees_with)}."
