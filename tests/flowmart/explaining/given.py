"""What the tests of explanations say of companies: who did it, rows that other computations fill, and what is shown."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from flowmart.explaining.issue import issue_page
from flowmart.explaining.metric import metric_page
from flowmart.explaining.naming import find_issues
from flowmart.explaining.reading import Source, open_source
from flowmart.explaining.shapes import IssuePage, MetricPage, RowPart, SprintPage
from flowmart.explaining.sprint import sprint_page
from metrics.settings import DefectRule, Defects, MetricSettings, Workflow
from tests.metrics.conftest import NOW, Company, Life, at
from warehouse.records import User
from warehouse.tables import table

RULES = (
    DefectRule(name="in production", escaped=True, field="found_in", values=frozenset({"Production"})),
    DefectRule(name="by a customer", escaped=True, labels=frozenset({"customer"})),
    DefectRule(name="before release", escaped=False, field="found_in", values=frozenset({"Test"})),
)
SETTINGS = MetricSettings(
    workflow=Workflow(waiting=frozenset({"Review"})), defects=Defects(rules=RULES, severity_weights={"Major": 3.0})
)


def by(life: Life, name: str) -> Life:
    """The life, its last history entry made by somebody."""
    life.changes = [
        replace(change, author_id=f"acme:{name}") if change.entry_number == life.entries else change
        for change in life.changes
    ]
    return life


def a_person(name: str) -> User:
    """Somebody of acme."""
    return User(user_id=f"acme:{name}", source_id="acme", display_name=name.title())


def bug(number: int, found_in: str | None = None, **values: Any) -> Life:
    """A defect."""
    others = {"found_in": found_in, **values.pop("others", {})}
    return Life(number, issue_type="Bug", others=others, **values)


def stored(company: Company, name: str, *rows: dict[str, Any]) -> None:
    """Put rows into a computed table, as a computation at now would."""
    with company.engine.begin() as connection:
        for row in rows:
            connection.execute(table(name).insert().values(**row))
        definition = {"as_of": at(NOW), "code_version": "1", "settings_hash": "", "settings": "{}"}
        connection.execute(table("definitions").insert().values(table_name=name, **definition))


def _asking(company: Company, ask: Any) -> Any:
    with company.engine.connect() as connection:
        return ask(open_source(connection, company.settings))


def explained(company: Company, *words: str) -> list[IssuePage]:
    """The pages of the issues named."""
    return _asking(company, lambda source: [issue_page(source, one) for one in find_issues(source, words)])  # type: ignore[no-any-return]


def the_sprint(company: Company, word: str, board: str | None = None) -> SprintPage:
    """The page of a sprint."""
    return _asking(company, lambda source: sprint_page(source, word, board))  # type: ignore[no-any-return]


def the_metric(company: Company, name: str, **options: Any) -> MetricPage:
    """The page of a metric."""
    return _asking(company, lambda source: metric_page(source, name, **options))  # type: ignore[no-any-return]


def asked(company: Company, ask: Any) -> Any:
    """What a function says that asks the company's warehouse."""

    def asking(source: Source) -> Any:
        return ask(source)

    return _asking(company, asking)


def figures(part: RowPart) -> dict[str, Any]:
    """Name → stored value; all agree with the issues listed."""
    assert [one for one in part.figures if not one.agrees] == []
    return {one.name: one.stored for one in part.figures}


def keys(part: RowPart) -> dict[str, list[str]]:
    """Name → keys of the issues behind it, for lists that have any."""
    return {one.name: [each.key for each in one.lines] for one in part.lists if one.lines}
