"""What the README shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowmart.config import load_config
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Site

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's examples in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_its_queries_run(site: Site) -> None:
    assert site.flowmart("run").returncode == 0
    with open_warehouse(f"sqlite:///{site.folder / 'flowmart.db'}").connect() as connection:
        last_sprints, issues = (connection.exec_driver_sql(query) for query in blocks("sql"))
        assert len(last_sprints.all()) == 4
        assert list(issues.keys())[:2] == ["key", "summary"]
        (typed,) = re.findall(r'sqlite3 -box demo/flowmart\.db "(.*?)"', README, re.DOTALL)
        months = connection.exec_driver_sql(typed.replace("\\\n", ""))
        assert list(months.keys()) == ["period_start", "n", "half_within_days"]
        assert len(months.all()) == 3


def test_its_tables_are_there() -> None:
    table = README[README.index("| tables |") : README.index("The last sprint of each board")]
    assert set(re.findall(r"`([a-z_]+)`", table)) <= METADATA.tables.keys()


def test_its_configuration_loads(tmp_path: Path) -> None:
    path = tmp_path / "flowmart.toml"
    path.write_text("\n".join(blocks("toml")), encoding="utf-8")
    config = load_config(path, {"ACME_JIRA_TOKEN": "x", "ADO_PAT": "y"})
    assert list(config.sources) == ["acme", "contoso"]
    assert len(config.defects.rules) == 2


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
