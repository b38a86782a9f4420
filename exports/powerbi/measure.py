"""What a measure is, and the table that holds all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from exports.model import Kind

TABLE = "Measures"
"""The table of the model that holds the measures."""


class Measure(NamedTuple):
    """A measure. `agrees_with` names stored columns (`table.column`) that hold the same for some group and period."""

    name: str
    folder: str
    kind: Kind
    dax: str
    """`{table}` and `{table.column}` stand for tables and columns by their names in the warehouse."""
    description: str
    agrees_with: Sequence[str] = ()
