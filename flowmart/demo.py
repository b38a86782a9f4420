"""The main job end to end on a machine without a tracker: simulated ones, a fresh warehouse, files, ten true lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from flowmart.errors import JobFailed

CONFIG = """\
# Written by `flowmart demo`: two simulated trackers of one company. Everything here works for real ones too.

[warehouse]
url = "sqlite:///flowmart.db"

[sources.acme]
type = "jira"
url = "{jira_url}"
email = "{jira_email}"
token = "${{DEMO_JIRA_TOKEN}}"

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
"""

_STOP_SECONDS = 10


@contextmanager
def company(to: Path, issues: int) -> Iterator[Mapping[str, str]]:
    """Simulated trackers, a configuration for them in the folder `to`, and the environment that it needs.

    A warehouse of an earlier demo is removed, so that each demo is a first run. The trackers end with the block.
    """
    prepare(to)
    with simulator(issues) as trackers:
        jira, ado = trackers["jira_cloud"], trackers["azure_devops"]
        config = to / "flowmart.toml"
        config.write_text(
            CONFIG.format(jira_url=jira["url"], jira_email=jira["email"], ado_url=ado["url"]), encoding="utf-8"
        )
        yield {
            **os.environ,
            "FLOWMART_CONFIG": str(config),
            "FLOWMART_NOW": trackers["now"],
            "DEMO_JIRA_TOKEN": jira["token"],
            "DEMO_ADO_TOKEN": ado["token"],
        }


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
    command = [sys.executable, "-m", "simulator", "--issues", str(issues), "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield _announced(process.stdout)
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _announced(output: IO[str] | None) -> Mapping[str, Any]:
    line = output.readline() if output else ""
    if not line:
        raise JobFailed("the simulated trackers did not start; what they say stands above")
    trackers: Mapping[str, Any] = json.loads(line)
    return trackers
