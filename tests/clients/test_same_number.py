"""A figure is the same by whatever way it is read: SQL, ODBC, Parquet, Tableau's extract, a workbook, CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, text

from exports.catalog import write
from exports.snapshot import snapshot
from metrics.settings import DefectRule, Defects, MetricSettings
from tests.clients.odbc import connected
from tests.metrics.conftest import Company, Life, a_sprint


class Question(NamedTuple):
    """A figure: a column of the only row of a table for which others have these values."""

    table: str
    column: str
    where: tuple[tuple[str, str], ...]

    def sql(self, schema: str = "") -> str:
        """The same for everything that speaks SQL."""
        conditions = " AND ".join(f"{name} = '{value}'" for name, value in self.where)
        return f"SELECT {self.column} FROM {schema}{self.table} WHERE {conditions}"  # noqa: S608 - names of our own

    def of(self, rows: Iterable[Mapping[str, Any]]) -> Any:
        """The same for what only gives rows."""
        (row,) = (row for row in rows if all(str(row[name]).startswith(value) for name, value in self.where))
        return row[self.column]


MARCH = (("period", "month"), ("period_start", "2026-03-01"), ("grouping", "all"))
FIGURES = {
    Question("sprint_metrics", "completed_points", (("sprint_id", "acme:31"),)): 3 + 5 + 0.5,
    Question("cycle_time_trend", "p85_days", MARCH): (25 + 0.7 * (77 - 25)) / 24,  # of 10, 25 and 77 hours
    Question("defect_escape", "rate", (*MARCH, ("basis", "discovery"))): 1 / 3,  # the fourth defect has no class
}

Ask = Callable[[Question], Any]


@pytest.fixture
def told(warehouse: Engine) -> Engine:
    """A small company in a warehouse of each engine, with all its figures."""
    done = [
        Life(number, status="Doing", sprint_ids="31", story_points=points).then(hours, status="Done")
        for number, hours, points in ((1, 10, 3.0), (2, 25, 5.0), (3, 77, 0.5))
    ]
    defects = [
        Life(number, issue_type="Bug", others={"found_in": where})
        for number, where in ((4, "prod"), (5, "qa"), (6, "qa"), (7, None))
    ]
    rules = tuple(
        DefectRule(name=where, escaped=where == "prod", field="found_in", values=frozenset({where}))
        for where in ("prod", "qa")
    )
    company = Company(warehouse, MetricSettings(defects=Defects(rules=rules)))
    company.holds(a_sprint(31, 0, 100), *done, *defects).computes()
    return warehouse


@contextmanager
def by_sql(engine: Engine, _: Path) -> Iterator[Ask]:
    with engine.connect() as connection:
        yield lambda question: connection.execute(text(question.sql())).scalar_one()


@contextmanager
def by_odbc(engine: Engine, _: Path) -> Iterator[Ask]:
    with connected(engine) as connection:
        yield lambda question: connection.execute(question.sql()).fetchval()


@contextmanager
def by_duckdb(engine: Engine, folder: Path) -> Iterator[Ask]:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    _export(engine, "parquet", folder)
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield lambda question: connection.execute(question.sql()).fetchone()[0]


@contextmanager
def by_tableau(engine: Engine, folder: Path) -> Iterator[Ask]:
    api = pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    _export(engine, "hyper", folder)
    quiet = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(quiet, parameters={"log_config": ""}) as process,
        api.Connection(process.endpoint, str(folder / "flowmart.hyper")) as connection,
    ):
        yield lambda question: connection.execute_scalar_query(question.sql('"Extract".'))


@contextmanager
def by_openpyxl(engine: Engine, folder: Path) -> Iterator[Ask]:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    _export(engine, "xlsx", folder)
    workbook = openpyxl.load_workbook(folder / "flowmart.xlsx")

    def ask(question: Question) -> Any:
        head, *rows = workbook[question.table].iter_rows(values_only=True)
        return question.of(dict(zip(head, row, strict=True)) for row in rows)

    yield ask


@contextmanager
def by_csv(engine: Engine, folder: Path) -> Iterator[Ask]:
    _export(engine, "csv", folder)

    def ask(question: Question) -> float:
        with (folder / f"{question.table}.csv").open(newline="", encoding="utf-8") as lines:
            return float(question.of(csv.DictReader(lines)))

    yield ask


def _export(engine: Engine, format_: str, folder: Path) -> None:
    with snapshot(engine) as connection:
        write(connection, format_, TABLES, folder)


TABLES = sorted({question.table for question in FIGURES})


WAYS: tuple[Callable[[Engine, Path], AbstractContextManager[Ask]], ...] = (
    by_sql,
    by_odbc,
    by_duckdb,
    by_tableau,
    by_openpyxl,
    by_csv,
)


def test_a_figure_is_the_same_by_every_way(told: Engine, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for way in WAYS:
        with subtests.test(way.__name__), way(told, tmp_path / way.__name__) as ask:
            answers = {question: ask(question) for question in FIGURES}
            assert not any(isinstance(answer, str) for answer in answers.values())
            numbers = {question: float(answer) for question, answer in answers.items()}
            assert numbers == pytest.approx(FIGURES, rel=1e-9)
