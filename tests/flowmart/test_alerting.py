"""After a compute the alerts are brought up to date; a run tells them, and so do `alerts` and `status`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

import migrations
from flowmart.alerting import Alert, AlertReport
from flowmart.cli import main
from flowmart.clock import utc_now
from flowmart.compute import compute
from flowmart.config import Config
from flowmart.progress import LoggedEvents
from flowmart.run import RunReport, _renewed, run_once
from flowmart.store import opened
from tests.flowmart.conftest import JIRA, Call, Ended
from tests.metrics.conftest import Company, Life, at
from tests.migrated import migrated
from warehouse.leases import hold
from warehouse.tables.operational import alerts

OWN = {"name": "any age", "metric": "wip_aging.age_days", "comparison": ">=", "threshold": 0, "severity": "high"}
OFF = [{"name": "stale_source", "enabled": False}]


@pytest.fixture
def site(empty_warehouse: Engine, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The configuration of a warehouse with an issue that has been blocked for long, on each engine."""
    migrations.upgrade(empty_warehouse)
    Company(empty_warehouse).holds(Life(1).then(5, status="Doing", flagged="Impediment"))
    warehouse = {"url": empty_warehouse.url.render_as_string(hide_password=False)}
    if empty_warehouse.dialect.name == "postgresql":
        warehouse["schema"] = f"{request.getfixturevalue('postgres_schema')}_empty"
    acme = {"type": "jira", "url": "https://acme.example", "token": "t"}
    return {"warehouse": warehouse, "sources": {"acme": acme}, "alerts": OFF}


@pytest.fixture
def one_engine(tmp_path: Path) -> dict[str, Any]:
    """The same on SQLite, for what no engine decides."""
    path = tmp_path / "warehouse.db"
    Company(migrated(path)).holds(Life(1).then(5, status="Doing", flagged="Impediment"))
    acme = {"type": "jira", "url": "https://acme.example", "token": "t"}
    return {"warehouse": {"url": f"sqlite:///{path}"}, "sources": {"acme": acme}, "alerts": OFF}


def computed(site: dict[str, Any], hour: float, *rules: dict[str, Any]) -> RunReport:
    """The step `compute` of a schedule, at that hour, with more rules."""
    config = Config.model_validate({**site, "alerts": [*site["alerts"], *rules]})
    return run_once(config, "compute", events=LoggedEvents(), now=at(hour), run_id=f"r{hour:g}")


def report_of(site: dict[str, Any], hour: float, *rules: dict[str, Any]) -> AlertReport:
    report = computed(site, hour, *rules).alerts
    assert report is not None
    return report


def rows(engine: Engine) -> Sequence[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(alerts).order_by(alerts.c.alert_id))]


def test_a_step_that_computes_opens_keeps_and_closes_alerts(site: dict[str, Any], empty_warehouse: Engine) -> None:
    first = report_of(site, 200)
    text = "PAY-1: blocked for 8.12 days, above 5 days"
    blocked = Alert(cause="long_blocked:acme:1", severity="medium", text=text, url="https://acme.example/browse/PAY")
    assert first == AlertReport(opened=(blocked,), open=(blocked,))
    assert not first.is_grave
    kept = report_of(site, 224)
    assert (kept.opened, kept.closed, [alert.cause for alert in kept.open]) == ((), (), ["long_blocked:acme:1"])
    one = Life(1).then(5, status="Doing", flagged="Impediment").then(230, flagged=None)
    Company(empty_warehouse).holds(one)
    over = report_of(site, 248)
    assert [(alert.cause, alert.text) for alert in over.closed] == [
        ("long_blocked:acme:1", "PAY-1: blocked for 9.12 days, above 5 days")
    ]
    assert (over.opened, over.open) == ((), ())


def test_two_runs_at_one_now_change_nothing(site: dict[str, Any], empty_warehouse: Engine) -> None:
    computed(site, 200, OWN)
    before = rows(empty_warehouse)
    assert len(before) == 2
    again = report_of(site, 200, OWN)
    assert (again.opened, again.closed, len(again.open)) == ((), (), 2)
    assert rows(empty_warehouse) == before


def test_computing_alone_even_all_anew_leaves_the_alerts_alone(site: dict[str, Any], empty_warehouse: Engine) -> None:
    computed(site, 200)
    before = rows(empty_warehouse)
    compute(Config.model_validate(site), now=at(300), full=True)
    assert rows(empty_warehouse) == before


def test_the_worst_are_told_first_and_a_high_one_is_grave_as_long_as_it_is_new(one_engine: dict[str, Any]) -> None:
    low = OWN | {"name": "a low one", "severity": "low"}
    opened = report_of(one_engine, 200, low, OWN)
    assert [alert.severity for alert in opened.opened] == ["high", "medium", "low"]
    assert opened.is_grave
    assert not report_of(one_engine, 224, low, OWN).is_grave


def test_a_filter_that_names_what_there_is_not_is_told(
    one_engine: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    computed(one_engine, 200, {**OWN, "filter": {"board": ["Rde", "Red"], "project": ["PAY"], "source": "acm"}})
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "[[alerts]] any age: there is no source 'acm' in the warehouse",
        "[[alerts]] any age: there is no board 'Rde' in the warehouse",
    ]


def test_another_run_under_way_keeps_the_alerts_as_they_were_and_this_run_going(
    one_engine: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    config = Config.model_validate(one_engine)
    with hold(opened(config), "run", utc_now):
        assert _renewed(config, now=at(200), run_id="r") is None
    assert caplog.messages[-1].startswith("the alerts stay as they were: another run is under way")


def test_a_report_of_a_run_that_computed_nothing_has_no_alerts() -> None:
    assert RunReport().alerts is None


# what is told


HIGH = """
[[alerts]]
name = "any age"
metric = "wip_aging.age_days"
comparison = ">="
threshold = 0
severity = "high"
"""
Command = Callable[..., Ended]


@pytest.fixture
def command(call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str], refusing_tracker: str) -> Command:
    """The command line over a warehouse with seven issues in progress, whose source now refuses the login."""
    assert callable(call)  # it puts the process's logging back
    lives = [Life(number).then(5, status="Doing") for number in range(1, 8)]
    Company(migrated(tmp_path / "flowmart.db")).holds(*lives)
    path = tmp_path / "flowmart.toml"

    def calling(*words: str, hour: float = 200, rules: str = HIGH) -> Ended:
        path.write_text(JIRA.replace("https://acme.example", refusing_tracker) + rules, encoding="utf-8")
        given = {"FLOWMART_CONFIG": str(path), "ACME_TOKEN": "t", "FLOWMART_NOW": at(hour).isoformat()}
        code = main(("-q", *words), given)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return calling


def test_a_run_tells_what_is_new_in_few_lines_and_a_failed_source_ends_it_with_1(command: Command) -> None:
    ended = command("run")
    assert ended.code == 1
    assert ended.out.splitlines()[2:-2] == [
        "alerts: 8 new, 0 closed, 8 open",
        *(f"  HIGH    PAY-{number}: in progress for 8.12 days, at or above 0 days" for number in range(1, 6)),
        "  and 3 more new ones: `flowmart alerts`",
    ]
    again = command("run", hour=201)
    assert again.out.splitlines()[2] == "alerts: 0 new, 0 closed, 8 open"
    closed = command("run", hour=202, rules='\n[[alerts]]\nname = "stale_source"\nenabled = false\n')
    assert closed.out.splitlines()[2:3] == ["alerts: 0 new, 8 closed, 0 open"]
    nothing = command("run", hour=203, rules='\n[[alerts]]\nname = "stale_source"\nenabled = false\n')
    assert nothing.out.splitlines()[2:] == ["issues  none new, changed or gone"]


def test_lines_of_a_narrow_terminal_are_folded_under_their_text(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "52")
    lines = command("run").out.splitlines()[2:]
    assert lines[1:3] == ["  HIGH    PAY-1: in progress for 8.12 days, at or", "          above 0 days"]


def test_alerts_lists_the_open_ones_and_all_of_a_rule(command: Command) -> None:
    command("run")
    ended = command("alerts")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-2:] == [
        "take one apart, as --json tells for each: flowmart explain PAY-1",
        "8 open alerts",
    ]
    assert "high       2026-03-10   stale_source   acme: never completely synced" in ended.out
    command("run", hour=224, rules="")
    assert command("alerts").out.splitlines()[-1] == "1 open alert"
    lines = command("alerts", "--all", "--rule", "any age").out.splitlines()
    assert lines[-1] == "0 open alerts, 7 closed"
    assert sum("2026-03-10   2026-03-11   any age" in line for line in lines) == 7


def test_alerts_as_json_are_the_rows(command: Command) -> None:
    command("run")
    found = json.loads(command("alerts", "--json", "--rule", "any age").out)
    assert [row["alert_id"] for row in found] == [f"any age:acme:{number}:1" for number in range(1, 8)]
    assert list(found[0]) == alerts.columns.keys()
    assert (found[0]["opened_at"], found[0]["value"]) == (at(200).isoformat(), 195 / 24)


def test_an_unknown_rule_is_named_with_the_nearest(command: Command) -> None:
    ended = command("alerts", "--rule", "any_age")
    assert (ended.code, ended.err) == (2, "flowmart: --rule: no rule is called 'any_age'; did you mean any age?\n")


def test_a_preview_shows_what_the_rules_would_find_and_stores_nothing(command: Command) -> None:
    command("compute")
    ended = command("alerts", "--preview")
    assert ended.out.splitlines()[-1] == "8 alerts by the rules of now; nothing is stored"
    assert "any age        PAY-1: in progress for 8.12 days, at or above 0 days" in ended.out
    assert len(json.loads(command("alerts", "--preview", "--json", "--rule", "stale_source").out)) == 1
    assert command("alerts").out == "0 open alerts\n"
    refused = command("alerts", "--preview", "--all")
    assert (refused.code, "leave --all out" in refused.err) == (2, True)


def test_status_counts_the_open_ones_by_severity(command: Command) -> None:
    command("compute")
    assert "open alerts: none\n" in command("status").out
    command("run")
    told = command("status")
    assert "open alerts: 8 high (`flowmart alerts` shows them)" in told.out
    assert json.loads(command("status", "--json").out)["alerts"] == {"high": 8, "medium": 0, "low": 0}


def test_nothing_is_told_of_no_alerts_and_an_empty_warehouse_has_none(call: Call, tmp_path: Path) -> None:
    migrated(tmp_path / "flowmart.db")
    ended = call("alerts")
    assert (ended.code, ended.out, ended.err) == (0, "0 open alerts\n", "")


def test_without_a_warehouse_there_is_none_to_ask(call: Call, tmp_path: Path) -> None:
    for words in (["alerts"], ["alerts", "--preview"]):
        ended = call(*words)
        assert (ended.code, "there is none yet: run `flowmart run`" in ended.err) == (1, True)
    assert not (tmp_path / "flowmart.db").exists()
