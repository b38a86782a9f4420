"""People are told of each cause once, and once when it is over; a message that fails is tried again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from flowmart.alerting import Alert, AlertReport
from flowmart.run import RunReport
from flowmart.settings.telling import Notify
from flowmart.syncing.sync import SyncReport
from flowmart.syncing.sync_source import SourceReport
from flowmart.telling.causes import failures
from flowmart.telling.notify import Telling, tell, tell_without_warehouse
from flowmart.telling.receivers import Delivery, Message
from warehouse.notices import forget_notices, open_notices

NOW = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)
SECRET = "h00k-secret"


def found(cause: str, text: str = "PAY-12 is older than 85 % of what was finished") -> Alert:
    return Alert(cause=cause, severity="high", text=text, url="https://acme.example/browse/PAY-12")


@dataclass
class People:
    """Who is told, night after night."""

    engine: Engine
    on: tuple[str, ...] = ("failure", "alerts")
    sources: tuple[str, ...] = ("acme", "beta")
    delivery: Delivery = field(default_factory=lambda: Delivery(1, ()))
    messages: list[Message] = field(default_factory=list)
    nights: int = 0

    def send(self, _: Notify, message: Message) -> Delivery:
        self.messages.append(message)
        return self.delivery

    def telling(self) -> Telling:
        notify = Notify.model_validate({"urls": ["json://x.example"], "on": list(self.on)})
        return Telling(
            notify=notify,
            sources=dict.fromkeys(self.sources),
            exports={},
            zone=UTC,
            run_id="r",
            host="h",
            now=NOW + timedelta(days=self.nights),
            mask=lambda text: text.replace(SECRET, "***"),
            send=self.send,
        )

    def night(self, alerts: AlertReport | None = None, **errors: str | None) -> str:
        """A run in which these sources failed; what people hear of it, without the line on the run."""
        before = len(self.messages)
        sources = [SourceReport(name=n, error=e, problems=(), streams=()) for n, e in errors.items()]
        report = RunReport(sync=SyncReport(run_id="r", sources=tuple(sources)))
        tell(self.engine, self.telling(), failures("run", report, None), alerts)
        self.nights += 1
        return "\n".join(f"{m.title}: {m.body.rpartition(chr(10) * 2)[0]}" for m in self.messages[before:])

    def defect(self, error: str) -> str:
        """A run that broke off."""
        before = len(self.messages)
        tell(self.engine, self.telling(), failures("run", None, error), None)
        return "\n".join(m.title for m in self.messages[before:])


@pytest.fixture
def people(warehouse: Engine) -> People:
    return People(warehouse)


def test_a_cause_is_told_once_and_once_when_it_is_over(people: People) -> None:
    assert people.night(acme="refused", beta=None) == "flowmart: 1 failure: Failed:\n- acme: refused"
    assert people.night(acme="refused", beta=None) == ""
    assert people.night(acme=None, beta=None) == (
        "flowmart: 1 over: Over:\n- acme: refused (since 2026-11-25 01:15 UTC)"
    )
    assert people.night(acme=None, beta=None) == ""
    assert people.night(acme="refused", beta=None) == "flowmart: 1 failure: Failed:\n- acme: refused"
    assert [message.kind for message in people.messages] == ["failure", "success", "failure"]


def test_other_figures_are_the_same_cause_and_other_words_are_told(people: People) -> None:
    people.night(acme="12 of 40 issues came")
    assert people.night(acme="13 of 41 issues came") == ""
    assert people.night(acme="the login is refused").endswith("- acme: the login is refused")


def test_what_broke_off_says_nothing_of_sources_and_is_over_after_a_whole_run(people: People) -> None:
    people.night(acme="refused")
    assert people.defect("the disk is full") == "flowmart: 1 failure"
    assert people.night(acme="refused") == (
        "flowmart: 1 over: Over:\n- run: the disk is full (since 2026-11-26 01:15 UTC)"
    )


def test_a_source_that_is_configured_no_longer_is_over(people: People) -> None:
    people.night(acme="refused", beta=None)
    people.sources = ("beta",)
    assert people.night(beta=None).startswith("flowmart: 1 over")


def test_alerts_are_told_with_their_severity_and_their_end(people: People) -> None:
    assert people.night(AlertReport(open=[found("old:PAY-12")])) == (
        "flowmart: 1 alert: Alerts:\n- high: PAY-12 is older than 85 % of what was finished "
        "(https://acme.example/browse/PAY-12)"
    )
    assert people.night(AlertReport(open=[found("old:PAY-12")])) == ""
    assert people.night() == ""  # a step in which no rule was asked
    assert people.night(AlertReport(open=[])).startswith("flowmart: 1 over: Over:\n- high: PAY-12")
    assert [message.kind for message in people.messages] == ["warning", "success"]


@pytest.mark.parametrize(("on", "title"), [("failure", "flowmart: 1 failure"), ("alerts", "flowmart: 1 alert")])
def test_only_what_is_wanted_is_told(people: People, on: str, title: str) -> None:
    people.on = (on,)
    assert people.night(AlertReport(open=[found("old:PAY-12")]), acme="refused").startswith(f"{title}: ")


def test_what_reached_nobody_is_told_by_the_next_run_and_noted_until_then(people: People) -> None:
    people.delivery = Delivery(0, (f"notify.urls.#1: {SECRET} is away",))
    people.night(acme="refused")
    with people.engine.connect() as connection:
        (notice,) = open_notices(connection)
    assert (notice.told_at, notice.problem) == (None, "notify.urls.#1: *** is away")
    people.delivery = Delivery(1, ())
    assert people.night(acme="refused") == "flowmart: 1 failure: Failed:\n- acme: refused"


def test_what_one_of_two_got_is_told_and_why_the_other_did_not_is_noted(people: People) -> None:
    people.delivery = Delivery(1, ("notify.urls.#2: refused",))
    people.night(acme="refused")
    assert people.night(acme="refused") == ""
    with people.engine.connect() as connection:
        assert [notice.problem for notice in open_notices(connection)] == ["notify.urls.#2: refused"]


def test_what_ended_before_anybody_knew_is_not_told(people: People) -> None:
    people.delivery = Delivery(0, ("away",))
    people.night(acme="refused")
    people.delivery = Delivery(1, ())
    assert people.night(acme=None) == ""


def test_many_causes_are_one_message_of_limited_length(people: People) -> None:
    said = people.night(
        AlertReport(open=[found(f"old:{number}", f"issue {number}") for number in range(25)]), acme="refused"
    )
    assert said.startswith("flowmart: 1 failure, 25 alerts: Failed:\n- acme: refused\n\nAlerts:\n- high: issue 0")
    assert said.endswith("\n- and 5 more")
    assert len(people.messages) == 1


def test_no_secret_is_sent_nor_kept(people: People) -> None:
    people.night(AlertReport(open=[found("x", SECRET)]), acme=f"{SECRET} refused")
    assert SECRET not in people.messages[0].body
    with people.engine.connect() as connection:
        assert SECRET not in repr(open_notices(connection))


def test_without_a_warehouse_each_run_tells_and_says_so(people: People) -> None:
    tell_without_warehouse(people.telling(), failures("run", None, f"{SECRET}: no such database"))
    (message,) = people.messages
    assert message.body.startswith("Failed:\n- run: ***: no such database\n\nThis is told by each run, since")
    people.on = ("alerts",)
    tell_without_warehouse(people.telling(), failures("run", None, "away"))
    assert len(people.messages) == 1


def test_what_is_long_over_is_forgotten(people: People) -> None:
    people.night(acme="refused", beta="refused")
    people.night(acme=None, beta="refused")
    with people.engine.begin() as connection:
        assert forget_notices(connection, NOW) == 0
        assert forget_notices(connection, NOW + timedelta(days=2)) == 1
        assert len(open_notices(connection)) == 1
