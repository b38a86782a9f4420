"""The main job end to end on a machine without a tracker: simulated ones, a fresh warehouse, files, ten true lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from flowmart.errors import JobFailed

DATA_CENTER = True
"""Whether the demo has its third source: `legacy`, a Jira Data Center with PAY, while `acme` keeps WEB."""

_HEAD = """\
# Written by `flowmart demo`: simulated trackers of one company. Everything here works for real ones too.

[warehouse]
url = "sqlite:///flowmart.db"

[sources.acme]
type = "jira"
url = "{jira_url}"
email = "{jira_email}"
token = "${{DEMO_JIRA_TOKEN}}"
"""
_LEGACY = """\
projects = ["WEB"]

[sources.legacy]
type = "jira"
url = "{data_center_url}"
token = "${{DEMO_DC_TOKEN}}"
projects = ["PAY"]
"""
_REST = """\

[sources.contoso]
type = "azure_devops"
url = "{ado_url}"
token = "${{DEMO_ADO_TOKEN}}"
projects = ["Shop"]

[workflow]
waiting = ["In Review"]

[sprints]
grace_hours = 12        # the Shop's iterations begin at midnight, its planning ends before noon

[calendar]
timezone = "Europe/Berlin"
holidays = "DE"

[[defects.rules]]
name = "found in production"
escaped = true
field = "found_in"
values = ["Production"]

[[defects.rules]]
name = "reported by a customer"
escaped = true
labels = ["escaped", "customer"]

[[defects.rules]]
name = "found before release"
escaped = false
field = "found_in"
values = ["Development", "Test", "Staging"]

[exports.parquet]
format = "parquet"
to = "exports/parquet"

[exports.csv]
format = "csv"
to = "exports/csv"

[exports.powerbi]
format = "powerbi"
to = "exports/powerbi"

[exports.excel]
format = "xlsx"
to = "exports/excel"

[report]
to = "report.html"
title = "Delivery of the demo company"
"""
_TABLEAU = """
[exports.hyper]
format = "hyper"
to = "exports/hyper"

[exports.tableau]
format = "tableau"
to = "exports/tableau"
"""
CONFIG = _HEAD + _REST
"""The configuration of the demo with two sources, to be formatted."""
_OTHERS = {
    "jira_data_center": """
# The same projects of Jira behind a Data Center, for configurations of your own:
# [sources.legacy]
# type = "jira"
# url = "{url}"
# token = "{token}"
# projects = ["PAY"]
""",
    "azure_devops_server": """
# The same company behind an Azure DevOps Server, for configurations of your own:
# [sources.server]
# type = "azure_devops"
# url = "{url}"
# token = "{token}"
# projects = ["Shop"]
""",
}

_STOP_SECONDS = 10


@contextmanager
def company(to: Path, issues: int) -> Iterator[Mapping[str, str]]:
    """Simulated trackers, a configuration for them in the folder `to`, and the environment that it needs.

    A warehouse of an earlier demo is removed, so that each demo is a first run. The trackers end with the block.
    """
    prepare(to)
    with simulator(issues) as trackers:
        config = to / "flowmart.toml"
        config.write_text(_self_contained(trackers), encoding="utf-8")
        yield {
            **os.environ,
            "FLOWMART_CONFIG": str(config),
            "FLOWMART_NOW": trackers["now"],
        }


@contextmanager
def served(to: Path, issues: int, *, port: int, now: datetime) -> Iterator[tuple[Mapping[str, Any], Callable[[], int]]]:
    """Simulated trackers for users to try things on: addresses and logins, and a function that waits for their end.

    The configuration in the folder `to` holds the made-up tokens themselves. The company's present is the last evening
    before `now`. The trackers listen on `port` and the next ones, or on free ports (0).
    """
    prepare(to)
    with _running(issues, "--port", str(port), "--now", evening(now).isoformat()) as (trackers, wait):
        text = _self_contained(trackers)
        unused = [name for name in _OTHERS if name in trackers and trackers[name]["url"] not in text]
        text += "".join(_OTHERS[name].format(**trackers[name]) for name in unused)
        (to / "flowmart.toml").write_text(text, encoding="utf-8")
        yield trackers, wait


def config_text(trackers: Mapping[str, Any], *, with_data_center: bool) -> str:
    """The demo's configuration for these trackers; with a Data Center each Jira has one of the projects."""
    jira = trackers["jira_cloud"]
    found = {"jira_url": jira["url"], "jira_email": jira["email"], "ado_url": trackers["azure_devops"]["url"]}
    if with_data_center:
        found["data_center_url"] = trackers["jira_data_center"]["url"]
    return (_HEAD + (_LEGACY if with_data_center else "") + _REST).format(**found)


def _self_contained(trackers: Mapping[str, Any]) -> str:
    """The configuration with the made-up tokens themselves, so that it is of use when the trackers have ended."""
    text = config_text(trackers, with_data_center=DATA_CENTER)
    if find_spec("tableauhyperapi"):  # an optional extra
        text += _TABLEAU
    for name, token in tokens(trackers).items():
        text = text.replace(f"${{{name}}}", token)
    return text


def tokens(trackers: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the demo's configuration names, for those trackers that are there."""
    variables = {"DEMO_JIRA_TOKEN": "jira_cloud", "DEMO_DC_TOKEN": "jira_data_center", "DEMO_ADO_TOKEN": "azure_devops"}
    return {name: trackers[tracker]["token"] for name, tracker in variables.items() if tracker in trackers}


def evening(now: datetime) -> datetime:
    """The last 18:00 UTC before `now`: the company's nights are whole from there."""
    today = now.astimezone(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def prepare(to: Path) -> None:
    """Make the folder, and take away the warehouse that an earlier demo left there."""
    to.mkdir(parents=True, exist_ok=True)
    if any(to.iterdir()) and not (to / "flowmart.toml").exists():
        raise JobFailed(f"{to}: is not empty and holds no earlier demo; name another folder by --to")
    for name in ("flowmart.db", "flowmart.db-wal", "flowmart.db-shm"):
        (to / name).unlink(missing_ok=True)


@contextmanager
def simulator(issues: int) -> Iterator[Mapping[str, Any]]:
    """The simulated trackers as a process of their own: addresses, logins and the company's now."""
    with _running(issues) as (trackers, _):
        yield trackers


@contextmanager
def _running(issues: int, *options: str) -> Iterator[tuple[Mapping[str, Any], Callable[[], int]]]:
    """In a session of its own: a Ctrl-C is for us, and we end the trackers."""
    command = [sys.executable, "-m", "simulator", "--issues", str(issues), "--until-stdin-closes", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:  # noqa: S603
        try:
            yield _announced(process.stdout), process.wait
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _announced(output: IO[str] | None) -> Mapping[str, Any]:
    line = output.readline() if output else ""
    if not line:
        raise JobFailed("the simulated trackers did not start; what they say stands above")
    trackers: Mapping[str, Any] = json.loads(line)
    return trackers
