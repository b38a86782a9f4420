"""The census: who is gone is marked, who is missing is pulled, and a doubtful listing costs nobody a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from connectors.base import CensusPart, Located, Missing
from connectors.errors import SourceError
from flowmart.syncing.sync_source import sync_source
from tests.flowmart.scripted import BORN, NOW, Night, Scripted, a_job, a_run


@pytest.fixture
def night(warehouse: Engine) -> Night:
    """A warehouse that holds 40 issues of PAY and 2 of WEB, by one sync."""
    source = Scripted(issues={**dict.fromkeys(range(1, 41), "PAY"), 50: "WEB", 51: "WEB"})
    made = Night(warehouse, source)
    assert made.sync().ok
    source.asked.clear()
    return made


def marked(night: Night) -> dict[str, str]:
    return {key: absence for key, absence in night.absences().items() if absence is not None}


def test_a_census_that_finds_everybody_asks_for_nothing_more(night: Night) -> None:
    report = night.sync()
    assert report.ok
    assert night.source.asked == ["parts"]
    assert marked(night) == {}
    run = night.run_of("census")
    assert (run.outcome, run.expected, run.received) == ("done", 42, 42)
    assert (night.noted().account, night.noted().census_at) == ("bot", NOW)


def test_a_missing_issue_is_asked_for_by_id_and_marked_with_its_row_kept(night: Night) -> None:
    del night.source.issues[7]
    report = night.sync()
    assert report.ok
    assert marked(night) == {"PAY-7": "deleted"}
    assert report.census is not None
    assert [(one.key, one.absence) for one in report.census.gone] == [("PAY-7", "deleted")]
    assert night.events.notes == ["census: 1 issue gone (1 deleted): PAY-7"]
    assert len(night.absences()) == 42


def test_a_deleted_issue_has_the_instant_it_was_found_so_and_a_hidden_one_has_none(night: Night) -> None:
    del night.source.issues[7], night.source.issues[8]
    night.source.elsewhere[8] = ("access_lost", "")
    night.sync()
    with night.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT key, absence, deleted_at FROM issues WHERE absence IS NOT NULL")
        found = {row[0]: (row[1], row[2] is not None) for row in rows}
    assert found == {"PAY-7": ("deleted", True), "PAY-8": ("access_lost", False)}


def test_trap_33_an_issue_that_left_the_scope_is_marked_with_its_new_key_and_project(night: Night) -> None:
    del night.source.issues[7]
    night.source.elsewhere[7] = ("moved_away", "HR")
    assert night.sync().ok
    assert marked(night) == {"HR-7": "moved_away"}


def test_trap_32_an_issue_that_is_listed_in_another_project_is_no_loss(night: Night) -> None:
    night.source.issues[7] = "WEB"
    report = night.sync()
    assert report.ok
    assert night.source.asked == ["parts"]
    assert marked(night) == {}


def test_an_issue_that_the_listing_missed_stays_alive_and_is_brought_up_to_date(night: Night) -> None:
    night.source.listed = [night.source.part("PAY", expected=39), night.source.part("WEB")]
    ids = night.source.listed[0].ids - {"acme:7"}
    night.source.listed = [replace(night.source.listed[0], ids=ids), night.source.listed[1]]
    night.source.elsewhere[7] = (None, "WEB")
    assert night.sync().ok
    assert marked(night) == {}
    assert "WEB-7" in night.absences()


def test_an_issue_that_comes_back_is_revived(night: Night) -> None:
    del night.source.issues[7]
    night.sync()
    night.source.issues[7] = "PAY"
    report = night.sync()
    assert report.ok
    assert marked(night) == {}
    assert report.census is not None
    assert dict(report.census.pulled) == {"acme:7": "PAY-7"}


def test_a_listed_issue_that_no_stream_brought_is_pulled(night: Night) -> None:
    night.source.issues[60] = "WEB"
    assert night.sync().ok
    assert "WEB-60" in night.absences()
    assert night.source.asked == ["parts", "pull acme:60"]
    assert night.events.notes == ["census: 1 issue missing here, now pulled: WEB-60"]


def test_listed_issues_that_are_not_given_by_id_are_a_problem(night: Night) -> None:
    night.source.issues.update(dict.fromkeys(range(60, 70), "WEB"))
    night.source.loses_by_id = True
    report = night.sync()
    assert "10 of 10 issues that are listed and not held here were not given" in report.problems[0]


def test_a_census_that_breaks_off_while_it_locates_marks_nobody(night: Night) -> None:
    del night.source.issues[7], night.source.issues[8]
    before = night.noted()

    def locate(missing: Sequence[Missing]) -> Iterator[Located]:
        yield Located(issue_id=missing[0].issue_id, absence="deleted")
        raise SourceError("the tracker is away")

    night.source.locating = locate
    assert night.sync().error == "the tracker is away"
    assert marked(night) == {}
    assert night.noted().census_at == before.census_at
    assert night.run_of("census").outcome == "failed"


def lose(night: Night, count: int) -> None:
    for number in range(1, count + 1):
        del night.source.issues[number]


@pytest.mark.parametrize(("count", "believed"), [(10, True), (11, False)])
def test_of_a_small_source_ten_issues_are_believed_gone_and_no_more(
    night: Night, count: int, *, believed: bool
) -> None:
    lose(night, count)
    report = night.sync()
    assert report.ok is believed
    assert len(marked(night)) == (count if believed else 0)


def test_a_mass_loss_marks_nothing_tells_the_numbers_and_stops_asking(night: Night) -> None:
    lose(night, 30)
    before = night.noted()
    report = night.sync()
    assert report.problems[0].startswith("census: 30 of 42 issues are no longer listed")
    assert "5%" in report.problems[0]
    assert "--accept-loss" in report.problems[0]
    assert marked(night) == {}
    assert len(night.source.asked) == 1 + 11
    assert night.events.problems == list(report.problems)
    assert (night.noted().census_at, night.noted().last_synced_at) == (before.census_at, before.last_synced_at)


def test_a_mass_loss_is_believed_when_a_person_says_so(night: Night) -> None:
    lose(night, 30)
    report = night.sync(accept_loss=True)
    assert report.ok
    assert len(marked(night)) == 30


def test_a_share_of_a_large_source_is_believed(night: Night) -> None:
    lose(night, 20)
    assert night.sync(max_loss=0.5).ok
    assert len(marked(night)) == 20


def test_trap_01_under_another_account_nothing_is_even_listed(night: Night) -> None:
    night.source.account, night.source.issues = "stranger", {}
    report = night.sync()
    assert "the account is now stranger (Stranger) and was bot before" in report.problems[0]
    assert "--accept-loss" in report.problems[0]
    assert night.source.asked == []
    assert marked(night) == {}
    assert night.noted().account == "bot"
    assert not night.sync().ok


def test_another_account_is_believed_when_a_person_says_so_and_from_then_on(night: Night) -> None:
    night.source.account = "successor"
    assert night.sync(accept_loss=True).ok
    assert night.noted().account == "successor"
    assert night.sync().ok


def test_trap_03_a_listing_that_is_cut_short_marks_nobody_and_the_others_go_on(night: Night) -> None:
    del night.source.issues[50]
    half = frozenset(f"acme:{number}" for number in range(1, 21))
    night.source.listed = [night.source.part("PAY", ids=half), night.source.part("WEB")]
    report = night.sync()
    assert report.problems == ("census: project PAY lists 20 of about 40 issues; none counts as gone",)
    assert marked(night) == {"WEB-50": "deleted"}
    assert not any("locate acme:3" in asked for asked in night.source.asked)


def test_a_part_that_tells_a_problem_marks_nobody_of_its_project(night: Night) -> None:
    night.source.listed = [night.source.part("PAY", ids=frozenset(), problem="it is refused"), night.source.part("WEB")]
    report = night.sync()
    assert report.problems == ("it is refused",)
    assert marked(night) == {}


@pytest.mark.parametrize("project_id", [None, "acme:a name"])
def test_a_problem_of_an_unknown_project_covers_what_no_other_part_lists(night: Night, project_id: str | None) -> None:
    hidden = CensusPart(
        label="a project", project_id=project_id, ids=frozenset(), problem="project PAY is not to be seen"
    )
    del night.source.issues[50]
    night.source.listed = [hidden, night.source.part("WEB")]
    report = night.sync()
    assert report.problems == ("project PAY is not to be seen",)
    assert marked(night) == {"WEB-50": "deleted"}


def test_a_project_that_no_part_lists_any_more_is_gone_within_the_limit(night: Night) -> None:
    night.source.listed = [night.source.part("PAY")]
    night.source.elsewhere.update({50: ("access_lost", ""), 51: ("access_lost", "")})
    assert night.sync().ok
    assert marked(night) == {"WEB-50": "access_lost", "WEB-51": "access_lost"}


def test_a_count_that_the_tracker_does_not_tell_is_left_open(night: Night) -> None:
    night.source.listed = [night.source.part("PAY", expected=None), night.source.part("WEB")]
    night.sync()
    run = night.run_of("census")
    assert (run.expected, run.received) == (None, 42)


def test_issues_older_than_history_since_are_not_asked_for_hence_not_missed(night: Night) -> None:
    lose(night, 5)
    night.sync(history_since=(BORN + timedelta(days=1)).date())
    assert marked(night) == {}
    night.sync(history_since=date(2026, 1, 1))
    assert len(marked(night)) == 5


def test_a_census_is_taken_when_the_last_whole_one_is_old_enough_and_after_a_full_sync(warehouse: Engine) -> None:
    source = Scripted(issues={1: "PAY"})
    night = Night(warehouse, source)
    taken = []
    for hours, run in [(0, {}), (23, {}), (24, {}), (25, {"full": True})]:
        source.asked.clear()
        with a_job(warehouse, night.events, run_id=f"h{hours}", now=NOW + timedelta(hours=hours)) as job:
            sync_source(job, a_run(**run), source)
        taken.append(list(source.asked))
    assert taken == [["parts"], [], ["parts"], ["parts"]]
