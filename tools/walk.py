"""Walks the README's path with an installed flowmart against simulated trackers: init → check → run → status.

    python tools/walk.py COMMAND…        COMMAND starts flowmart, e.g. venv/bin/flowmart

It works in a folder of its own, outside the checkout, and ends with 1 at the first step that goes another way.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ISSUES = 60
_STEP_SECONDS = 180
_CONFIG = """\
[sources.acme]
type = "jira"
url = "https://acme.example"
token = "made-up"
"""


class WentWrong(Exception):  # noqa: N818 - a state, as the house names them
    """A step ended in another way than the README says."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A user's folder and what starts flowmart."""

    flowmart: Sequence[str]
    folder: Path
    environment: Mapping[str, str]

    def step(self, *words: str, code: int = 0, says: str = "") -> str:
        """One command; its output when it ends with the code and says that."""
        done = subprocess.run(  # noqa: S603 - what the caller wants walked
            [*self.flowmart, *words],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=_STEP_SECONDS,
        )
        said = done.stdout + done.stderr
        if done.returncode != code or says not in said or "Traceback" in said:
            raise WentWrong(f"flowmart {' '.join(words)}: ended with {done.returncode} and said:\n{said}")
        print(f"walk: flowmart {' '.join(words)}: {done.returncode}")
        return said


def walk(flowmart: Sequence[str], environment: Mapping[str, str]) -> None:
    """The whole path. Raises `WentWrong`."""
    with TemporaryDirectory(prefix="flowmart-walk-") as name, _trackers(flowmart, Path(name), environment) as told:
        folder = Path(name) / "user"
        folder.mkdir()
        jira, ado = (
            _found(r"Jira Cloud\s+(\S+)\s+\((\S+), token (\S+);", told),
            _found(r"Azure DevOps\s+(\S+)\s+\(token (\S+);", told),
        )
        now = _found(r"the company is at\s+(\S+)", told)[0]
        secrets = {"ACME_JIRA_TOKEN": jira[2], "ADO_PAT": ado[1], "FLOWMART_NOW": now}
        user = Walk(flowmart, folder, {**environment, **secrets})
        init = ["init", "--jira-url", jira[0], "--jira-email", jira[1], "--jira-token-env", "ACME_JIRA_TOKEN"]
        user.step(*init, "--jira-name", "acme", "--ado-url", ado[0], "--ado-token-env", "ADO_PAT", "--timezone", "UTC")
        for secret in (jira[2], ado[1]):
            if secret in (folder / "flowmart.toml").read_text("utf-8"):
                raise WentWrong("init wrote a secret into the configuration")
        user.step("check")
        user.step("run")
        user.step("status", says="acme")
        user.step("migrate", "--check")
        user.step("export", "--format", "csv", "--to", "files", "--table", "issues")
        user.step("copy", "--to", "sqlite:///copy.db", "--verify", says="every value was compared")
        user.step("reconcile")


def without_extras(flowmart: Sequence[str], environment: Mapping[str, str]) -> None:
    """What an extra is needed for says in one line which. Raises `WentWrong`."""
    with TemporaryDirectory(prefix="flowmart-walk-") as name:
        user = Walk(flowmart, Path(name), environment)
        (user.folder / "flowmart.toml").write_text(
            '[sources.a]\ntype = "jira"\nurl = "https://a.example"\ntoken = "t"\n'
        )
        user.step("migrate")
        said = user.step("export", "--format", "hyper", "--to", "files", code=1, says="flowmart[tableau]")
        if len(said.splitlines()) != 1:
            raise WentWrong(f"an extra that is missing takes more than a line:\n{said}")


@contextmanager
def _trackers(flowmart: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Simulated trackers, started as the README's reader would; what they say of themselves."""
    command = [*flowmart, "demo", "--serve", "--issues", str(ISSUES), "--to", str(folder / "trackers")]
    process = subprocess.Popen(  # noqa: S603 - the same
        command, cwd=folder, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            told = ""
            for line in process.stdout or ():
                told += line
                if "/_simulator/state" in line:  # the last of them
                    break
            else:
                raise WentWrong(f"the simulated trackers did not start: {process.stderr and process.stderr.read()}")
            yield told
        finally:
            process.terminate()


def _found(pattern: str, told: str) -> Sequence[str]:
    found = re.search(pattern, told)
    if found is None:
        raise WentWrong(f"the trackers do not say {pattern!r}:\n{told}")
    return found.groups()


def main(arguments: Sequence[str]) -> int:
    """Walk, and say how it went; gives the exit code."""
    # of the checkout nothing may help: neither its folder nor its virtual environment
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLOWMART"))}
    try:
        walk(arguments, environment)
        without_extras(arguments, environment)
    except WentWrong as wrong:
        print(f"walk: {wrong}", file=sys.stderr)
        return 1
    print("walk: everything went as the README says")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
