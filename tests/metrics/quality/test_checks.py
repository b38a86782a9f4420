"""The catalogue of checks is complete, reads as sentences, and is what the documentation lists."""

from __future__ import annotations

import re
from pathlib import Path

from flowmart.syncing.reconcile import CHECKS as OF_RECONCILE
from metrics.quality.checks import CHECKS, ERROR, INFO, WARNING, finding, share
from warehouse.malformed import CHECK as OF_SYNC
from warehouse.tables import METADATA

DOCUMENT = Path(__file__).parents[3] / "docs" / "data-quality.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_each_check_has_a_severity_a_table_of_its_entity_and_sentences() -> None:
    assert len(CHECKS) >= 15
    for name, check in CHECKS.items():
        assert check.severity in {INFO, WARNING, ERROR}, name
        assert METADATA.tables.keys() & {f"{check.entity}s", f"{check.entity}es"}, name
        assert check.advice.endswith("."), name
        assert not check.meaning.endswith("."), name


def test_computing_and_reconciling_share_no_check() -> None:
    assert not CHECKS.keys() & set(OF_RECONCILE)


def test_the_documentation_lists_exactly_the_checks() -> None:
    listed = {row[0]: row[1:] for row in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))}
    assert set(listed) == {*CHECKS, *OF_RECONCILE, OF_SYNC}
    for name, check in CHECKS.items():
        assert listed[name] == (check.severity, check.entity, f"{check.meaning}.", check.advice), name


def test_the_source_of_a_finding_is_the_beginning_of_its_entitys_id_unless_given() -> None:
    assert finding("orphan_parent", "acme:10", "e").source_id == "acme"
    assert finding("no_escape_rules", "ado", "e", source_id="ado").data_quality_id == "no_escape_rules:ado"


def test_a_share_tells_both_numbers() -> None:
    assert share(1_200, 4_800) == "1,200 of 4,800 (25 %)"
