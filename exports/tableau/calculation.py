"""What a calculated field is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from exports.model import Kind

_MARK = re.compile(r"\{(\w+)\.(\w+)\}")


class Calculation(NamedTuple):
    """A calculated field: a figure of whatever rows a view puts together.

    Each reads one table only, so that no relationship can repeat or lose its rows.
    """

    name: str
    folder: str
    kind: Kind
    formula: str
    """In Tableau's language; `{table.column}` stands for a field by its name in the warehouse."""
    description: str
    agrees_with: Sequence[str] = ()
    """Stored columns (`table.column`) that hold the same for some group and period."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose columns it reads."""
        return frozenset(table for table, _ in _MARK.findall(self.formula))

    def resolved(self, name: Callable[[str, str], str]) -> str:
        """The formula with `name(table, column)` for each field."""
        return _MARK.sub(lambda mark: name(mark[1], mark[2]), self.formula)
