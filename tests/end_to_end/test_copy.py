"""A warehouse that moved to PostgreSQL goes on as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, select

from tests.warehouse.test_copying import rows
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, LOADED, OBSERVED, table

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Site


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of trackers and numbers, without the logs of runs."""
    return {one.name: rows(engine, one.name) for one in (*LOADED, *COMPUTED) if one.name not in OBSERVED}


def issues_read(engine: Engine, source: str) -> list[int]:
    """Records of the stream of issues, run by run."""
    runs = table("sync_runs")
    wanted = select(runs.c.rows_read).where(runs.c.stream == "issues", runs.c.source_id == source)
    with engine.connect() as connection:
        return list(connection.scalars(wanted.order_by(runs.c.started_at)))


@pytest.mark.thorough
def test_the_next_run_on_the_copy_changes_what_changed_in_the_trackers_and_no_more(
    site: Site, empty_postgres: Engine, postgres_schema: str
) -> None:
    assert site.flowmart("run").returncode == 0
    original = open_warehouse(f"sqlite:///{site.folder / 'flowmart.db'}")
    url, schema = empty_postgres.url.render_as_string(hide_password=False), f"{postgres_schema}_empty"
    moved = site.flowmart("copy", "--to", url, "--schema", schema, "--verify")
    assert moved.returncode == 0, moved.stderr
    site.trackers.advance()
    assert site.flowmart("run").returncode == 0
    site.configure(('url = "sqlite:///flowmart.db"', f'url = "{url}"\nschema = "{schema}"'))
    assert site.flowmart("run").returncode == 0
    assert everything(empty_postgres) == everything(original)
    first, second = issues_read(empty_postgres, "acme")
    assert 0 < second < first  # it went on where the original was
