"""The project of each source as text."""

from __future__ import annotations

import pytest

from exports.powerbi.project import project_files
from exports.powerbi.source import Source, SourceKind

ADDRESSES = {"folder": r"C:\flowmart\data", "server": "db.acme.example", "database": "flowmart"}


@pytest.fixture(params=list(SourceKind))
def source(request: pytest.FixtureRequest) -> Source:
    """Each kind of source, with all addresses."""
    return Source(kind=request.param, **ADDRESSES)


@pytest.fixture
def project(source: Source) -> dict[str, str]:
    """All files of the project of each source."""
    return project_files(source)
