"""`python -m simulator` as people run it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import httpx

COMMAND = [sys.executable, "-m", "simulator", "--issues", "40"]


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_it_says_in_one_line_where_it_listens_and_ends_on_a_signal() -> None:
    with started("--now", "2026-09-29T18:00:00Z") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["now"] == "2026-09-29T18:00:00Z"
        jira, azure = said["jira_cloud"], said["azure_devops"]
        assert jira["projects"] == ["PAY", "WEB"]
        assert azure["teams"] == ["Shop Basket", "Shop Search"]
        auth = (jira["email"], jira["token"])
        assert httpx.get(f"{jira['url']}/rest/api/3/myself", auth=auth).status_code == 200
        assert httpx.get(f"{azure['url']}/_apis/projects", auth=("", azure["token"])).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout.read() == ""


def test_it_ends_when_its_input_closes() -> None:
    with started("--until-stdin-closes") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(20) == 0
