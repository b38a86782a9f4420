"""The demo's configuration, and trackers that are served for trying things by hand."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowmart.cli import main
from flowmart.config import load_config
from flowmart.demo import CONFIG, config_text, evening, tokens

TRACKERS: dict[str, Any] = {
    "jira_cloud": {"url": "http://127.0.0.1:8001", "email": "bot@acme.example", "token": "cloud-token"},
    "jira_data_center": {"url": "http://127.0.0.1:8003/jira", "token": "center-token"},
    "azure_devops": {"url": "http://127.0.0.1:8002/contoso", "token": "ado-token"},
}


def test_two_sources_read_all_projects(tmp_path: Path) -> None:
    text = config_text(TRACKERS, with_data_center=False)
    assert text == CONFIG.format(
        jira_url="http://127.0.0.1:8001", jira_email="bot@acme.example", ado_url="http://127.0.0.1:8002/contoso"
    )
    (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path / "flowmart.toml", tokens(TRACKERS))
    assert list(config.sources) == ["acme", "contoso"]
    assert not config.sources["acme"].projects


def test_with_a_data_center_each_jira_has_one_project(tmp_path: Path) -> None:
    (tmp_path / "flowmart.toml").write_text(config_text(TRACKERS, with_data_center=True), encoding="utf-8")
    config = load_config(tmp_path / "flowmart.toml", tokens(TRACKERS))
    assert {name: list(source.projects) for name, source in config.sources.items()} == {
        "acme": ["WEB"], "legacy": ["PAY"], "contoso": ["Shop"],
    }  # fmt: skip
    legacy = config.sources["legacy"]
    assert str(legacy.url).rstrip("/") == "http://127.0.0.1:8003/jira"
    assert legacy.token.get_secret_value() == "center-token"


def test_the_company_is_at_its_last_evening() -> None:
    assert evening(datetime(2026, 10, 2, 17, 59, tzinfo=UTC)) == datetime(2026, 10, 1, 18, tzinfo=UTC)
    assert evening(datetime(2026, 10, 2, 18, 0, tzinfo=UTC)) == datetime(2026, 10, 2, 18, tzinfo=UTC)


def test_a_port_without_serving_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--to", str(tmp_path / "demo"), "--port", "9000"], {}) == 2
    assert "--port: goes with --serve" in capsys.readouterr().err


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "FLOWMART_NOW": "2026-09-30T20:00:00Z"}
    command = [sys.executable, "-m", "flowmart", "demo", "--serve", "--to", str(folder), "--issues", "60", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_served_trackers_answer_until_ctrl_c_and_the_configuration_is_ready(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    with serving(folder) as process:
        assert process.stdout is not None
        said = "".join(iter(process.stdout.readline, "\n"))
        addresses = dict(re.findall(r"^(\w[\w ]+?)  +(http\S+)", said, re.MULTILINE))
        assert {"Jira Cloud", "Azure DevOps", "Azure DevOps Server", "Jira Data Center", "Entra"} <= set(addresses)
        assert "the company is at    2026-09-30T18:00:00Z" in said
        config = load_config(folder / "flowmart.toml", {})
        assert str(config.sources["contoso"].url).rstrip("/") == addresses["Azure DevOps"]
        token = config.sources["contoso"].token.get_secret_value()
        projects = f"{addresses['Azure DevOps']}/_apis/projects"
        assert httpx.get(projects, auth=("", token)).json()["count"] == 2
        server = re.search(r'DefaultCollection"\n# token = "(.+)"', (folder / "flowmart.toml").read_text())
        assert server is not None
        there = f"{addresses['Azure DevOps Server']}/_apis/projects"
        assert httpx.get(there, auth=("", server[1])).json()["count"] == 2
        assert main(["-q", "-c", str(folder / "flowmart.toml"), "check"], dict(os.environ)) == 0
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0
        assert errors.splitlines()[-1] == "stopped"
        with pytest.raises(httpx.ConnectError):
            httpx.get(projects)


@pytest.mark.thorough
def test_the_first_port_may_be_chosen_unless_it_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(tmp_path / "trial", "--port", str(port)) as process:
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"simulator: port {port} or one of the next cannot be had" in errors
    assert "flowmart: the simulated trackers did not start" in errors
