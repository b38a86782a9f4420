"""Calculated fields as SQL of Tableau's engine, for as much of Tableau's language as they use."""

from __future__ import annotations

import re

from exports.tableau.calculation import Calculation

FUNCTIONS = frozenset({"AVG", "COUNT", "COUNTD", "ISNULL", "MIN", "PERCENTILE", "SUM", "ZN"})
"""All that the fields may use; each is of Tableau's, and means here what it means there."""

_REAL = "CAST(1 AS double precision)"
_PERCENTILE = re.compile(r"PERCENTILE\((.*), (0\.\d+)\)")


def sql_of(calculation: Calculation) -> str:
    """The field as an expression over the rows of its one table. Nothing divided by nothing is NULL, as in Tableau."""
    text = re.sub(r'"([^"]*)"', r"'\1'", calculation.formula)
    text = re.sub(r"\{\w+\.(\w+)\}", r'"\1"', text)
    text = re.sub(r"ISNULL\(([^()]*)\)", r"(\1 IS NULL)", text)
    text = re.sub(r"ZN\((.*)\)$", r"COALESCE(\1, 0)", text)
    text = text.replace("COUNTD(", "COUNT(DISTINCT ").replace("IF ", "CASE WHEN ")
    percentile = _PERCENTILE.fullmatch(text)
    if percentile:
        inner = percentile[1].replace(" / ", f" * {_REAL} / ")
        return f"PERCENTILE_CONT({percentile[2]}) WITHIN GROUP (ORDER BY {inner})"
    return _divided(text)


def _divided(text: str) -> str:
    """Division is never of whole numbers, and never fails."""
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and text.startswith(" / ", place):
            return f"({text[:place]}) * {_REAL} / NULLIF({text[place + 3 :]}, 0)"
    return text
