"""All calculated fields of the data source, by folder."""

from __future__ import annotations

from collections.abc import Sequence

from exports.tableau.calculation import Calculation
from exports.tableau.calculations_flow import FLOW
from exports.tableau.calculations_quality import QUALITY
from exports.tableau.calculations_sprints import SPRINTS

CALCULATIONS: Sequence[Calculation] = (*FLOW, *SPRINTS, *QUALITY)
