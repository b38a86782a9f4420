"""What tests of incremental computing share."""

from __future__ import annotations

from typing import Any


def renewed(company: Any, name: str, *columns: str) -> list[Any]:
    """Rows of a table after an incremental compute, which are those of a full one."""
    company.computes()
    found = company.rows(name, *columns)
    company.computes(full=True)
    assert found == company.rows(name, *columns)
    return list(found)
