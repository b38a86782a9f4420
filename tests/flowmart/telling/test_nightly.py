"""A run is noted with how it ended and what it changed; people hear of it; telling never fails a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from connectors.base import Counters
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.nightly import Night, perform
from flowmart.progress import LoggedEvents
from flowmart.run import RunReport
from flowmart.settings.telling import Notify
from flowmart.store import opened
from flowmart.telling.changes import Changes
from flowmart.telling.receivers import Delivery, Message
from tests.flowmart.conftest import Call
from warehouse.leases import LeaseHeld
from warehouse.tables.operational import job_runs, leases

NOW = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)


@dataclass
class Site:
    """A configuration whose tracker refuses everybody, and what its operator hears."""

    config: Config
    delivery: Delivery = field(default_factory=lambda: Delivery(1, ()))
    messages: list[Message] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    shown: list[tuple[RunReport, Changes]] = field(default_factory=list)

    def send(self, _: Notify, message: Message) -> Delivery:
        self.messages.append(message)
        return self.delivery

    def perform(self, step: str, run_id: str = "r1") -> None:
        night = Night(
            config=self.config,
            step=step,
            now=NOW,
            run_id=run_id,
            due_at=NOW,
            explain=str,
            mask=lambda text: text.replace("t0ken", "***"),
            warn=self.warnings.append,
            send=self.send,
        )
        perform(night, None, LoggedEvents(), lambda report, changes: self.shown.append((report, changes)))

    def noted(self) -> list[Any]:
        with opened(self.config).connect() as connection:
            return list(connection.execute(select(job_runs).order_by(job_runs.c.job_run_id)))


@pytest.fixture
def site(tmp_path: Path, refusing_tracker: str) -> Site:
    source = {"type": "jira", "url": refusing_tracker, "token": "t0ken"}
    settings = {"sources": {"acme": source}, "notify": {"urls": ["json://hook.example"]}}
    settings |= {"alerts": [{"name": "stale_source", "enabled": False}]}  # nothing was ever synced here
    return Site(Config.model_validate(settings, context={"folder": tmp_path}))


def test_a_run_that_went_well_is_noted_with_what_changed_and_nobody_hears_of_it(site: Site) -> None:
    site.perform("compute")
    (run,) = site.noted()
    assert (run.step, run.outcome, run.due_at, run.error) == ("compute", "done", NOW, None)
    assert run.finished_at >= run.started_at
    assert json.loads(run.summary)["issues"] == {"new": 0, "changed": 0, "gone": 0, "came_back": 0}
    assert len(site.shown) == 1
    assert site.messages == []


def test_a_source_that_fails_is_noted_and_told_without_its_secret_and_what_was_done_is_shown(site: Site) -> None:
    with pytest.raises(JobFailed):
        site.perform("sync")
    with pytest.raises(JobFailed):
        site.perform("sync", "r2")
    assert [run.outcome for run in site.noted()] == ["failed", "failed"]
    (message,) = site.messages
    assert message.title == "flowmart: 1 failure"
    assert message.body.startswith("Failed:\n- acme: ")
    assert "t0ken" not in message.body + str(site.noted())
    assert len(site.shown) == 2


def test_a_message_that_reaches_nobody_is_a_warning_and_the_run_stays_as_it_was(site: Site) -> None:
    site.delivery = Delivery(0, ("notify.urls.#1: away",))
    with pytest.raises(JobFailed, match=r"^acme: "):
        site.perform("sync")
    assert site.warnings == ["notify.urls.#1: away"]


def test_a_run_that_finds_another_one_under_way_leaves_no_trace_and_nobody_hears_of_it(site: Site) -> None:
    held = {"lease_name": "run", "holder": "x", "acquired_at": NOW, "expires_at": datetime(2999, 1, 1, tzinfo=UTC)}
    with opened(site.config).begin() as connection:
        connection.execute(insert(leases).values(held))
    with pytest.raises(LeaseHeld):
        site.perform("run")
    assert (site.noted(), site.messages, site.warnings) == ([], [], [])


def test_a_run_that_is_broken_off_is_noted_and_nobody_hears_of_it(site: Site) -> None:
    class Breaking(LoggedEvents):
        def stream_started(self, source: str, stream: str, counters: Counters | None = None) -> None:  # noqa: ARG002
            raise KeyboardInterrupt

    night = Night(
        config=site.config, step="sync", now=NOW, run_id="r1", explain=str, mask=str, warn=site.warnings.append,
        send=site.send,
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        perform(night, None, Breaking(), lambda *_: None)
    (run,) = site.noted()
    assert (run.outcome, run.error, run.summary) == ("interrupted", None, None)
    assert site.messages == []


def test_a_warehouse_that_cannot_be_used_is_told_by_each_run(site: Site, tmp_path: Path) -> None:
    (tmp_path / "flowmart.db").write_bytes(b"this is no database" * 100)
    for run_id in ("r1", "r2"):
        with pytest.raises(Exception, match="not a database"):
            site.perform("run", run_id)
    assert ["told by each run" in message.body for message in site.messages] == [True, True]


def test_an_address_that_is_none_is_refused_without_showing_it(call: Call) -> None:
    for address in ("hook-t0ken", "x:y"):
        ended = call("status", more='[notify]\nurls = ["${HOOK}"]\non = ["alerts"]\n', environment={"HOOK": address})
        assert ended.code == 2
        assert "notify.urls.#1: write an address of apprise, such as " in ended.err
        assert address not in ended.err


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ('[notify]\non = ["failures"]', "notify.on.#1: "),
        ('[notify]\nurl = "x"', "notify.url: unknown key; did you mean urls?"),
        ('[telemetry]\nlisten = "9464"', 'telemetry.listen: write HOST:PORT, such as "127.0.0.1:9464"'),
        ('[telemetry]\nlisten = "localhost:94640"', 'telemetry.listen: write HOST:PORT, such as "127.0.0.1:9464"'),
    ],
)
def test_a_mistake_is_named_with_its_key(call: Call, section: str, line: str) -> None:
    ended = call("status", more=section)
    assert (ended.code, line in ended.err) == (2, True), ended.err


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise looks whether it is there
def test_status_tells_the_last_run_its_error_and_what_could_not_be_told(
    call: Call, refusing_tracker: str, tmp_path: Path
) -> None:
    source = f'[sources.beta]\ntype = "jira"\nurl = "{refusing_tracker}"\ntoken = "x"\n'
    own = tmp_path / "own.toml"
    own.write_text(f'{source}[notify]\nurls = ["nonsense://x"]\n', encoding="utf-8")
    environment = {"FLOWMART_CONFIG": str(own)}
    assert call("check", "--notify", environment=environment).code == 1
    ran = call("-q", "run", environment=environment)
    assert ran.code == 1
    assert "warning: notify.urls.#1: " in ran.err or "warning: notify.urls: apprise is not installed" in ran.err
    lines = call("status", environment=environment).out.splitlines()
    assert lines[1].startswith("last run: failed, ")
    assert "beta: the login is refused" in lines[2]
    assert sum(line.startswith("failure since ") and ", not told yet: " in line for line in lines) == 1
    assert sum(line.startswith("not everybody was told: notify.urls") for line in lines) == 1
    document = json.loads(call("status", "--json", environment=environment).out)
    assert document["runs"][0]["changes"]["issues"]["new"] == 0
    assert document["notices"][0]["told_at"] is None


def test_a_test_message_needs_an_address(call: Call) -> None:
    assert call("check", "--notify").err.endswith("notify.urls: names no address to send a message to\n")
