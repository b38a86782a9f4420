"""The examples of docs/running.md can be read by what they are for, and call the command as it is."""

from __future__ import annotations

import re
import shlex
import tomllib
import xml.etree.ElementTree as ET
from configparser import ConfigParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flowmart.cli import main
from flowmart.config import read_config
from flowmart.cron import next_due

TEXT = (Path(__file__).parents[2] / "docs" / "running.md").read_text("utf-8")
NIGHT = datetime(2026, 11, 25, 2, 15, tzinfo=UTC)


def examples(language: str) -> list[str]:
    """The blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def must_be_a_command(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it up to the command's own help can be read."""
    words = shlex.split(line.replace("\\", "/"))
    start = next(number for number, word in enumerate(words) if re.fullmatch(r"(.*/)?flowmart(\.exe)?", word))
    assert main([*words[start + 1 :], "--help"], {}) == 0
    assert capsys.readouterr().out.startswith(f"Usage: flowmart {words[-1]}")


def test_the_line_of_cron_is_due_at_its_time_and_calls_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = examples("cron")
    line = text.splitlines()[-1]
    minute, hour, day, month, weekday, user, command = line.split(None, 6)
    assert user == "flowmart"
    assert next_due(f"{minute} {hour} {day} {month} {weekday}", UTC, NIGHT) == NIGHT
    must_be_a_command(command.partition("&& ")[2], capsys)


def test_the_units_of_systemd_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    service, timer = (ConfigParser(interpolation=None, strict=True) for _ in range(2))
    for unit, text in zip((service, timer), examples("ini"), strict=True):
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert re.fullmatch(r"\*-\*-\* 02:15:00 Europe/Berlin", timer["Timer"]["OnCalendar"])
    must_be_a_command(service["Service"]["ExecStart"], capsys)


def test_the_cron_job_of_kubernetes_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    yaml = pytest.importorskip("yaml", reason="pyyaml is for development")
    (text,) = examples("yaml")
    job: dict[str, Any] = yaml.safe_load(text)
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]
    assert next_due(spec["schedule"], UTC, NIGHT) == NIGHT
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    must_be_a_command(shlex.join(["flowmart", *container["args"]]), capsys)
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_the_task_of_windows_calls_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = examples("xml")
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = ET.fromstring(text)  # noqa: S314 - our own
    start = task.findtext(".//t:StartBoundary", "", space)
    assert datetime.fromisoformat(start).strftime("%H:%M") == "02:15"
    command, arguments = (task.findtext(f".//t:{name}", "", space) for name in ("Command", "Arguments"))
    must_be_a_command(f"{command} {arguments}", capsys)


def test_the_sections_of_the_configuration_are_valid(tmp_path: Path) -> None:
    source = '[sources.acme]\ntype = "jira"\nurl = "https://x.example"\ntoken = "t"\n'
    whole = "\n".join([source, *examples("toml")])
    assert tomllib.loads(whole)
    environment = {"SLACK_URL": "slack://a/b/c", "MAIL_URL": "mailtos://x.example"}
    config = read_config(whole, tmp_path / "flowmart.toml", environment)
    assert config.telemetry.address() == ("127.0.0.1", 9464)
    assert set(config.secrets()) >= set(environment.values())


def test_each_metric_that_is_named_is_made_and_none_is_left_out() -> None:
    made = (Path(__file__).parents[2] / "flowmart" / "telling" / "telemetry.py").read_text("utf-8")
    names = re.findall(r'_gauge\("(\w+)"', made)
    assert {f"flowmart_{name}" for name in names} == set(re.findall(r"`(flowmart_(?!stream_)\w+)`", TEXT))
    of_streams = re.findall(r'^        "(\w+)": "', made, re.MULTILINE)
    assert re.findall(r"`flowmart_stream_rows`, (.*?) \|", TEXT) == [", ".join(f"`_{name}`" for name in of_streams[1:])]
