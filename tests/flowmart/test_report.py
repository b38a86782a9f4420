"""`flowmart report`, and the report as a step of a run."""

from __future__ import annotations

from pathlib import Path

from flowmart.config import Config
from flowmart.progress import LoggedEvents
from flowmart.run import run_once
from flowmart.text import size
from reports.html import unpacked
from tests.flowmart.conftest import Call
from tests.flowmart.test_run import NOW

SECTION = '\n[report]\nto = "out/report.html"\ntitle = "Payments"\nperiod = "26w"\n'


def data_of(path: Path) -> dict[str, object]:
    """What the page holds."""
    _, _, rest = path.read_text(encoding="utf-8").partition('<script type="text/plain" id="data">')
    data: dict[str, object] = unpacked(rest.partition("</script>")[0])
    return data


def test_the_configuration_says_where_to_and_what_to_show_first(call: Call, tmp_path: Path) -> None:
    ended = call("report", more=SECTION)
    path = tmp_path / "out" / "report.html"
    assert ended.code == 0
    assert ended.out == f"{path} ({size(path.stat().st_size)})\n"
    data = data_of(path)
    assert (data["title"], data["period"], data["isComputed"]) == ("Payments", "26w", False)


def test_an_option_goes_before_the_configuration(call: Call, tmp_path: Path) -> None:
    assert call("report", "--to", str(tmp_path / "mine.html"), more=SECTION).code == 0
    assert data_of(tmp_path / "mine.html")["title"] == "Payments"
    assert not (tmp_path / "out").exists()


def test_without_either_it_says_what_to_add(call: Call, tmp_path: Path) -> None:
    ended = call("report")
    said = f"flowmart: {tmp_path}/flowmart.toml: no [report] is configured; add one, or name a file by --to\n"
    assert (ended.code, ended.err) == (2, said)


def test_a_folder_is_no_file(call: Call, tmp_path: Path) -> None:
    ended = call("report", "--to", str(tmp_path))
    said = f"flowmart: {tmp_path}: is a folder; name a file, such as {tmp_path}/report.html\n"
    assert (ended.code, ended.err) == (1, said)


def test_a_period_that_there_is_not_is_named_with_the_nearest(call: Call) -> None:
    ended = call("report", more=SECTION.replace("26w", "26 weeks"))
    assert ended.code == 2
    assert "report.period: no period '26 weeks'; " in ended.err


def test_as_a_step_it_goes_where_the_configuration_says(tmp_path: Path) -> None:
    told = {
        "warehouse": {"url": f"sqlite:///{tmp_path / 'flowmart.db'}"},
        "sources": {"a": {"type": "jira", "url": "http://127.0.0.1:9", "token": "t"}},
        "report": {"to": "report.html"},
    }
    config = Config.model_validate(told, context={"folder": tmp_path})
    done = run_once(config, "report", events=LoggedEvents(), now=NOW, run_id="r")
    assert done.report is not None
    assert done.report.path == tmp_path / "report.html"
    assert done.report.size_bytes == (tmp_path / "report.html").stat().st_size
