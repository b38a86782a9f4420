"""What docs/alerts.md says of the rules, their keys and the table is what holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from flowmart.config import read_config
from flowmart.settings.alerts import AlertSection
from metrics.alerts.grounds import GROUNDS
from metrics.alerts.rules import DEFAULTS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
SOURCE = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "t"\n'


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    rows = DOCUMENT.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]


def test_the_default_rules_are_those_of_the_code() -> None:
    told = {row[0].strip("`"): (row[1], int(re.sub(r"\D.*", "", row[-1]) or 0)) for row in table("rule")}
    assert told == {rule.name: (rule.severity, rule.minimum_n) for rule in DEFAULTS.values()}


def test_every_key_and_every_table_is_told() -> None:
    assert {row[0].strip("`") for row in table("key")} == set(AlertSection.model_fields)
    assert {row[0].strip("`") for row in table("table")} == set(GROUNDS)


def test_the_examples_are_good_configurations() -> None:
    changed, own = (read_config(SOURCE + block, Path("flowmart.toml"), {}).alert_rules() for block in blocks("toml"))
    assert {rule.name: rule.threshold for rule in changed}["stale_source"] == 48
    assert "old_work" not in {rule.name for rule in changed}
    assert [rule.name for rule in own][-3:] == ["cycle time", "slow weeks", "review queue"]


@pytest.mark.parametrize(("table_name", "told"), [(row[0].strip("`"), row[-1]) for row in table("table")])
def test_the_least_numbers_of_the_figures_are_as_told(table_name: str, told: str) -> None:
    least = {measure.least for measure in GROUNDS[table_name].measures.values() if measure.n is not None}
    assert {int(number) for number in re.findall(r"\b\d+$", told)} == least


def test_the_queries_run(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert [connection.execute(text(query)).all() for query in blocks("sql")] == [[]] * 3
