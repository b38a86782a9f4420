"""The semantic model is written as TMDL wants it; the same model gives the same text."""

from __future__ import annotations

import re

import pytest

from exports.model import bi_model
from exports.powerbi import tmdl
from exports.powerbi.ids import lineage
from exports.powerbi.measures import measures
from exports.powerbi.source import Source, SourceKind, m_text

ROOT = "flowmart.SemanticModel/definition/"


def test_structure_is_by_tabs_and_lines_end_as_on_unix(project: dict[str, str]) -> None:
    for path, text in project.items():
        assert "\r" not in text, path
        assert text.endswith("\n"), path
        if path.endswith(".tmdl"):
            assert not text.endswith("\n\n"), path
            assert not re.search(r"^ ", text, re.MULTILINE), path
            assert not re.search(r"[ \t]$", text, re.MULTILINE), path


def test_every_object_has_an_id_of_its_own_that_stays(project: dict[str, str]) -> None:
    found = [tag for text in project.values() for tag in re.findall(r"lineageTag: (\S+)", text)]
    assert len(found) == len(set(found)) > 600
    assert lineage("table", "issues") == "e3a425e5-481d-5744-beee-4c490c4e5514"


def test_a_date_table_is_marked_and_names_sort_by_their_numbers() -> None:
    text = tmdl.table_file(bi_model().table("dates"), Source())
    assert "\tdataCategory: Time\n" in text
    assert re.search(r"\tcolumn Date\n\t\tdataType: dateTime\n\t\tisKey\n\t\tformatString: yyyy-mm-dd\n", text)
    assert "\t\tsortByColumn: 'Month number'\n" in text
    assert "\thierarchy Calendar\n" in text


def test_a_column_has_its_description_type_format_and_place() -> None:
    text = tmdl.table_file(bi_model().table("issue_flow"), Source())
    assert (
        "\t/// cycle_seconds / 86,400\n"
        "\tcolumn 'Cycle days'\n"
        "\t\tdataType: double\n"
        "\t\tformatString: #,##0.0\n"
        "\t\tdisplayFolder: Cycle time\n"
        f"\t\tlineageTag: {lineage('column', 'issue_flow', 'cycle_days')}\n"
        "\t\tsummarizeBy: none\n"
        "\t\tsourceColumn: cycle_days\n"
    ) in text
    assert "\tcolumn 'Issue ID'\n\t\tdataType: string\n\t\tisHidden\n" in text


def test_a_measure_of_several_lines_stands_below_its_name() -> None:
    text = tmdl.measures_file([measure for measure in measures() if measure.name == "Skipped share"])
    assert "\tmeasure 'Skipped share' = DIVIDE([Skipped in progress] + 0, [Finished issues])\n\t\tformatString:" in text
    text = tmdl.measures_file([measure for measure in measures() if measure.name == "WIP"])
    assert "\tmeasure WIP =\n\t\t\tVAR _last =\n\t\t\t    MIN(MAX('Dates'[Date])," in text


def test_only_relationships_that_are_off_say_so() -> None:
    blocks = tmdl.relationships(bi_model()).split("\n\n")
    assert len(blocks) == len(bi_model().relationships)
    by_ends = {tuple(re.findall(r"(?:from|to)Column: (.*)", block)): "isActive: false" in block for block in blocks}
    assert by_ends["'Issue flow'.'Finished on'", "Dates.Date"] is False
    assert by_ends["'Issue flow'.'Created on'", "Dates.Date"] is True


@pytest.mark.parametrize(
    ("name", "written"), [("Dates", "Dates"), ("Issue flow", "'Issue flow'"), ("Say/do", "'Say/do'"), ("a'b", "'a''b'")]
)
def test_names_that_are_no_plain_words_are_in_quotes(name: str, written: str) -> None:
    assert tmdl.quoted(name) == written


def test_texts_of_m_hold_any_character() -> None:
    assert m_text('a"b#(lf)\n\t\\') == '"a""b#(#)(lf)#(lf)#(tab)\\"'


def test_each_source_has_its_parameters_and_modes() -> None:
    parquet, imported, direct = (
        Source(kind=kind, folder=r"\\files\bi", server="db:5433", database="flow", schema="metrics")
        for kind in SourceKind
    )
    assert r'expression DataFolder = "\\files\bi" meta [IsParameterQuery=true' in tmdl.expressions(parquet)
    assert 'expression Server = "db:5433" meta' in tmdl.expressions(imported)
    assert 'expression Schema = "metrics" meta' in tmdl.expressions(imported)
    issues, flow = bi_model().table("issues"), bi_model().table("issue_flow")
    modes = [re.findall(r"\t\tmode: (\w+)", tmdl.table_file(t, s)) for s in (imported, direct) for t in (issues, flow)]
    assert modes == [["import"], ["import"], ["dual"], ["directQuery"]]
