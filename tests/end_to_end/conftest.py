"""A simulated company as a process of its own, and the application run against it as an operator does."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from flowmart.cli import main
from flowmart.demo import CONFIG, simulator
from flowmart.sources import LIMITERS
from tests.migrated import migrated
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, LOADED, OBSERVED

ISSUES = 120


@dataclass(slots=True)
class Trackers:
    """The simulated trackers: where they are, and the company's now."""

    about: Mapping[str, Any]
    now: str

    def advance(self, nights: int = 1) -> None:
        """Let the company live on."""
        answer = httpx.post(self._control("advance"), json={"nights": nights}, timeout=60)
        answer.raise_for_status()
        self.now = self.state()["now"]

    def pass_time(self, hours: float) -> None:
        """Move the company's clock; nothing happens meanwhile."""
        httpx.post(self._control("clock"), json={"seconds": hours * 3_600}, timeout=60).raise_for_status()
        self.now = self.state()["now"]

    def state(self) -> dict[str, Any]:
        """What the simulator knows: its now, its requests so far, its true numbers."""
        answer = httpx.get(self._control("state"), timeout=60)
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()
        return state

    def set(self, **switches: Any) -> None:
        """Change how the trackers serve, or what the company does."""
        httpx.post(self._control("settings"), json=switches, timeout=60).raise_for_status()

    def requests(self, path: str) -> int:
        """How many requests there were so far to paths that hold this text."""
        state = self.state()
        counts = [state[tracker]["requests_by_path"] for tracker in ("jira_cloud", "azure_devops")]
        return sum(number for count in counts for asked, number in count.items() if path in asked)

    def act(self, do: str, tracker: str, issue: int | str | None = None, **what: Any) -> dict[str, Any]:
        """Let somebody do one thing, mostly to an issue, at the company's now; gives the issue's id and key."""
        command = {"do": do, "tracker": tracker, **what} | ({} if issue is None else {"issue": issue})
        answer = httpx.post(self._control("act"), json=command, timeout=60)
        assert answer.is_success, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def fault(self, **fault: Any) -> None:
        """Let requests fail on command."""
        httpx.post(self._control("faults"), json=fault, timeout=60).raise_for_status()

    def mend(self) -> None:
        """End all faults, and the waits that they asked this process for."""
        LIMITERS.forget()
        httpx.delete(self._control("faults"), timeout=60).raise_for_status()

    def _control(self, word: str) -> str:
        return f"{self.about['jira_cloud']['url']}/_simulator/{word}"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Site:
    """A folder with a configuration and a warehouse."""

    folder: Path
    trackers: Trackers

    def configure(self, *changes: tuple[str, str]) -> None:
        """Write the configuration; `changes` are texts in it and what takes their place.

        It has no exports: to write every table twice is a third of a run. The tests of the demo look at its files.
        """
        jira, ado = self.trackers.about["jira_cloud"], self.trackers.about["azure_devops"]
        whole = CONFIG.format(jira_url=jira["url"], jira_email=jira["email"], ado_url=ado["url"])
        text, _, exports = whole.partition("[exports.")
        assert exports
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "flowmart.toml").write_text(text, encoding="utf-8")

    def flowmart(self, *words: str, **environment: str) -> Done:
        """Run the command within this process, which spares its start."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words, {**self.environment(), **environment})
        return Done(code, out.getvalue(), err.getvalue())

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run the console command without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "flowmart", *words],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def with_little_disk(self, blocks: int, word: str) -> subprocess.CompletedProcess[str]:
        """Run the console command where no file may have more than so many blocks of 512 bytes."""
        return subprocess.run(
            ["/bin/sh", "-c", f"ulimit -f {blocks}; exec {sys.executable} -m flowmart {word}"],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def environment(self) -> dict[str, str]:
        """What the command finds there."""
        return {
            **os.environ,
            "FLOWMART_CONFIG": str(self.folder / "flowmart.toml"),
            "FLOWMART_NOW": self.trackers.now,
            "DEMO_JIRA_TOKEN": self.trackers.about["jira_cloud"]["token"],
            "DEMO_ADO_TOKEN": self.trackers.about["azure_devops"]["token"],
        }

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the warehouse answers."""
        with contextlib.closing(sqlite3.connect(self.folder / "flowmart.db")) as warehouse:
            return warehouse.execute(statement, values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        """Change the warehouse behind the application's back."""
        with contextlib.closing(sqlite3.connect(self.folder / "flowmart.db")) as warehouse:
            warehouse.execute(statement, values)
            warehouse.commit()

    def absences(self) -> dict[str, str | None]:
        """Key → absence of each issue of the warehouse."""
        return dict(self.rows("SELECT key, absence FROM issues"))

    def some_key(self, project: str) -> str:
        """The key of a living issue without children, if there is one without links too; the one longest untouched."""
        rows = self.rows(
            "SELECT key, issue_id IN (SELECT issue_id FROM issue_links UNION SELECT other_issue_id FROM issue_links) "
            "FROM issues WHERE absence IS NULL AND level = 'standard' "
            "AND issue_id NOT IN (SELECT parent_id FROM issues WHERE parent_id IS NOT NULL) ORDER BY 2, updated_at"
        )
        return next(str(key) for key, _ in rows if key.startswith(f"{project}-"))

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that holds data of trackers or numbers; without the logs of runs."""
        engine = open_warehouse(f"sqlite:///{self.folder / 'flowmart.db'}")
        with engine.connect() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for table in (*LOADED, *COMPUTED)
                if table.name not in OBSERVED
            }


@pytest.fixture(scope="module")
def company() -> Iterator[Trackers]:
    """Trackers for all tests of a module; what one test does to the company, the next ones see."""
    with simulator(ISSUES) as about:
        yield Trackers(about, about["now"])


@pytest.fixture
def trackers(company: Trackers) -> Iterator[Trackers]:
    """The trackers without faults."""
    yield company
    company.mend()


@pytest.fixture
def site(tmp_path: Path, trackers: Trackers) -> Site:
    """A configured site whose warehouse is empty."""
    return new_site(tmp_path / "site", trackers)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, company: Trackers) -> Mapping[str, list[Any]]:
    """What a run that nothing disturbs leaves."""
    site = new_site(tmp_path_factory.mktemp("undisturbed") / "site", company)
    assert site.flowmart("run").returncode == 0
    return site.tables()


@pytest.fixture
def fresh(tmp_path: Path, trackers: Trackers) -> Site:
    """Another one, for a run from scratch to compare with."""
    return new_site(tmp_path / "fresh", trackers)


def new_site(folder: Path, trackers: Trackers) -> Site:
    """A folder with a configuration for the trackers, and an empty warehouse of the newest revision."""
    site = bare_site(folder, trackers)
    migrated(folder / "flowmart.db").dispose()
    return site


def bare_site(folder: Path, trackers: Trackers) -> Site:
    """The same without a warehouse."""
    folder.mkdir()
    site = Site(folder, trackers)
    site.configure()
    return site
