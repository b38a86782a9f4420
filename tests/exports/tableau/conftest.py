"""Reading extracts back with Tableau's own engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

Ask = Callable[[str], list[list[Any]]]
Opens = Callable[[Path], Ask]


@pytest.fixture(scope="session")
def hyper() -> Iterator[Any]:
    """Tableau's engine; tests that need it are skipped where its package is not installed."""
    api = pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with api.HyperProcess(telemetry, parameters={"log_config": ""}) as process:
        yield process


@pytest.fixture
def ask(hyper: Any) -> Iterator[Opens]:
    """Opens an extract; gives a function from SQL to rows."""
    api = pytest.importorskip("tableauhyperapi")
    opened: list[Any] = []

    def opens(path: Path) -> Ask:
        connection = api.Connection(hyper.endpoint, str(path), api.CreateMode.NONE)
        opened.append(connection)
        return cast("Ask", connection.execute_list_query)

    yield opens
    for connection in opened:
        connection.close()
