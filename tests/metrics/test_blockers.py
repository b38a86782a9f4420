"""Open issues block those that links name, whichever side tells; what else blocks is up to a source's rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from metrics.base import Context
from metrics.history.blockers import BlockedIssue, Blocking, fields_for, reached_by, read_blocking
from metrics.history.stages import read_catalogue
from metrics.history.timeline import Change
from metrics.settings import MetricSettings, StageNames, Workflow
from warehouse.records import IssueChange, IssueLabel, IssueLink, LinkEvent, Status

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

Spans = list[tuple[float | None, float | None, str]]


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def hours(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - MONDAY).total_seconds() / 3600


def read(company: Any, issue_ids: Collection[str] | None = None, now: float = 1_000, **workflow: Any) -> Blocking:
    settings = MetricSettings(workflow=Workflow(**workflow))
    with company.engine.connect() as connection:
        context = Context(connection=connection, settings=settings, now=at(now))
        return read_blocking(context, read_catalogue(connection, settings), issue_ids)


@contextmanager
def asked_of(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """What the engine is asked within the block: each statement and its values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        asked.append((statement, given))

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)  # the engine outlives the test


def spans(company: Any, issue_id: str, now: float = 1_000, **workflow: Any) -> Spans:
    """What links tell of an issue: the same whether all issues are asked about or this one."""
    found = read(company, None, now, **workflow).of(issue_id)
    alone = read(company, [issue_id], now, **workflow)
    assert sorted(alone.of(issue_id)) == sorted(found)
    assert set(alone.links) <= {issue_id}
    return [(hours(begin), hours(end), cause) for begin, end, cause in sorted(found)]


def link(blocker: str = "acme:1", blocked: str = "acme:2", **values: Any) -> IssueLink:
    """A link of now, as the outward side tells it; nothing tells when it was made."""
    return IssueLink(
        **{
            "link_id": f"acme:9-{blocker}-{blocked}",
            "issue_id": blocker,
            "other_issue_id": blocked,
            "other_key": None,
            "link_type": "Blocks",
            "direction": "outward",
            **values,
        }
    )


def step(number: int, hour: float, issue_id: str, other_key: str, *, is_made: bool, **values: Any) -> LinkEvent:
    """A making or removal, as the history of issue 1 tells it, the outward side, or that of another, the inward one."""
    return LinkEvent(
        **{
            "link_event_id": f"acme:{number}:0",
            "issue_id": issue_id,
            "other_issue_id": None,
            "other_key": other_key,
            "link_type": "Blocks",
            "direction": "outward" if issue_id == "acme:1" else "inward",
            "happened_at": at(hour),
            "is_made": is_made,
            **values,
        }
    )


def change(issue_id: str, hour: float, field: str, before: str | None, after: str | None) -> IssueChange:
    return IssueChange(
        change_id=f"{issue_id}:{field}:{hour}:{after}",
        issue_id=issue_id,
        entry_number=round(hour),
        ordinal=0,
        changed_at=at(hour),
        author_id=None,
        field=field,
        field_id=None,
        from_value=None,
        from_text=before,
        to_value=None,
        to_text=after,
    )


def test_a_blocker_that_is_done_or_removed_blocks_no_more_until_it_is_reopened(company: Any, life: Any) -> None:
    blocker = life(1).then(4, status="Done").then(6, status="Doing").then(9, status="Dropped")
    company.holds(blocker, life(2), link())
    assert spans(company, "acme:2") == [(0, 4, "link: acme:1"), (6, 9, "link: acme:1")]


def test_the_config_decides_when_a_blocker_is_done(company: Any, life: Any) -> None:
    company.holds(life(1).then(4, status="Review"), life(2), link())
    with company.engine.connect() as connection:
        settings = MetricSettings(workflow=Workflow(stages=StageNames(done=frozenset({"review"}))))
        context = Context(connection=connection, settings=settings, now=at(10))
        found = read_blocking(context, read_catalogue(connection, settings)).of("acme:2")
    assert [(hours(begin), hours(end)) for begin, end, _ in found] == [(0, 4)]


def test_a_link_without_a_known_beginning_holds_since_both_issues_exist(company: Any, life: Any) -> None:
    blocked, late = life(2, created=3), life(3, created=7)
    company.holds(life(1, created=5), blocked, late, link(), link(blocked="acme:3"))
    assert spans(company, "acme:2") == [(5, None, "link: acme:1")]
    blocking = read(company)
    subject = BlockedIssue("acme:3", "acme", at(7), is_flagged=False)
    [stretch] = blocking.stays(subject, [], late.timeline().stays)[0]
    assert (hours(stretch.entered_at), stretch.causes) == (7, "link: acme:1")


def test_an_absent_blocker_blocks_never(company: Any, life: Any) -> None:
    company.holds(life(1, others={"absence": "deleted"}), life(2), link(created_at=at(2)))
    assert spans(company, "acme:2") == []


def test_an_issue_that_we_do_not_hold_blocks_nothing(company: Any, life: Any) -> None:
    unknown = step(1, 2, "acme:2", "OUT-7", is_made=True)
    company.holds(life(2), link(blocker="acme:99", issue_id="acme:2", other_issue_id="acme:99", direction="inward"))
    company.holds(unknown)
    assert spans(company, "acme:2") == []


def test_a_row_that_the_inward_side_tells_is_turned_round(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), link(issue_id="acme:2", other_issue_id="acme:1", direction="inward"))
    assert spans(company, "acme:2") == [(0, None, "link: acme:1")]


def test_a_removed_link_blocked_for_its_time(company: Any, life: Any) -> None:
    gone = link(link_id="acme:removed:7:0", other_issue_id=None, other_key="PAY-2", created_at=at(2), removed_at=at(6))
    company.holds(life(1), life(2), gone)
    assert spans(company, "acme:2") == [(2, 6, "link: acme:1")]


@pytest.mark.parametrize(("teller", "other_key"), [("acme:1", "PAY-2"), ("acme:2", "PAY-1")])
def test_the_history_of_one_side_is_enough(company: Any, life: Any, teller: str, other_key: str) -> None:
    made, gone = (step(n, hour, teller, other_key, is_made=n == 1) for n, hour in ((1, 2), (2, 6)))
    company.holds(life(1), life(2), made, gone)
    assert spans(company, "acme:2") == [(2, 6, "link: acme:1")]


def test_a_history_that_calls_an_issue_by_the_key_before_its_move_means_that_issue(company: Any, life: Any) -> None:
    moves = [change("acme:1", 7, "key", "OPS-7", "PAY-1"), change("acme:2", 8, "key", "OPS-8", "PAY-2")]
    made, gone = (step(1, 2, "acme:2", "OPS-7", is_made=True), step(2, 6, "acme:1", "OPS-8", is_made=False))
    company.holds(life(1), life(2), made, gone, *moves)
    assert spans(company, "acme:2") == [(2, 6, "link: acme:1")]


def test_an_issue_that_has_a_key_now_goes_before_one_that_had_it_once(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), life(3), change("acme:3", 7, "key", "PAY-1", "PAY-3"))
    company.holds(*(step(n, hour, "acme:2", "PAY-1", is_made=n == 1) for n, hour in ((1, 2), (2, 6))))
    assert spans(company, "acme:2") == [(2, 6, "link: acme:1")]


def test_any_number_of_keys_can_be_looked_up(company: Any, life: Any) -> None:
    strangers = [step(number, 1, "acme:2", f"OUT-{number}", is_made=True) for number in range(10, 5_100)]
    company.holds(life(1), life(2), *strangers, step(1, 2, "acme:2", "PAY-1", is_made=True))
    company.holds(step(2, 6, "acme:2", "PAY-1", is_made=False))
    assert spans(company, "acme:2") == [(2, 6, "link: acme:1")]


def test_a_link_of_now_is_dated_by_a_sentence_in_words_of_no_known_type(company: Any, life: Any) -> None:
    vague = {"link_type": None, "direction": None}
    company.holds(life(1), life(2), link(), step(1, 3, "acme:2", "PAY-1", is_made=True, **vague))
    assert spans(company, "acme:2") == [(3, None, "link: acme:1")]


def test_a_sentence_in_words_of_no_known_type_is_no_block_by_itself(company: Any, life: Any) -> None:
    vague = {"link_type": None, "direction": None}
    company.holds(life(1), life(2), step(1, 3, "acme:2", "PAY-1", is_made=True, **vague))
    company.holds(step(2, 5, "acme:2", "PAY-1", is_made=False, **vague))
    assert spans(company, "acme:2") == []


def test_several_blockers_each_have_their_spans(company: Any, life: Any) -> None:
    company.holds(life(1).then(4, status="Done"), life(2), life(3), link(), link("acme:3", created_at=at(2)))
    assert spans(company, "acme:2") == [(0, 4, "link: acme:1"), (2, None, "link: acme:3")]


def test_what_comes_after_now_is_unseen(company: Any, life: Any) -> None:
    blocker = life(1).then(8, status="Done")
    company.holds(blocker, life(2), link(created_at=at(3)), step(1, 3, "acme:1", "PAY-2", is_made=True))
    company.holds(life(3), life(4), step(2, 2, "acme:4", "PAY-3", is_made=True))
    company.holds(step(3, 6, "acme:4", "PAY-3", is_made=False), life(5, created=9), link("acme:5", "acme:4"))
    assert spans(company, "acme:2", now=2) == []
    assert spans(company, "acme:2", now=3) == [(3, None, "link: acme:1")]
    assert spans(company, "acme:2", now=7) == [(3, None, "link: acme:1")]
    assert spans(company, "acme:2", now=8) == [(3, 8, "link: acme:1")]
    assert spans(company, "acme:4", now=5) == [(2, None, "link: acme:3")]
    assert spans(company, "acme:4", now=6) == [(2, 6, "link: acme:3")]
    assert spans(company, "acme:4", now=10) == [(2, 6, "link: acme:3"), (9, None, "link: acme:5")]


def test_the_config_says_which_link_types_block_whatever_their_case(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), life(3), link(), link(blocked="acme:3", link_type="Stops"))
    assert spans(company, "acme:3", blocking_link_types=frozenset({"STOPS"})) == [(0, None, "link: acme:1")]
    assert spans(company, "acme:2", blocking_link_types=frozenset({"STOPS"})) == []


def test_where_links_do_not_block_none_is_read(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), link())
    with asked_of(company.engine) as asked:
        assert read(company, blocked_by_links=False).of("acme:2") == ()
        assert read(company, ["acme:2"], blocked_by_links=False).of("acme:2") == ()
    assert asked
    assert not any("link" in statement for statement, _ in asked)


def test_each_source_has_its_own_rules(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), link(), life(1, "ado"), life(2, "ado"))
    company.holds(link("ado:1", "ado:2", link_type="Predecessor"))
    settings = MetricSettings(source_workflows={"acme": Workflow(blocked_by_links=False)})
    with company.engine.connect() as connection:
        context = Context(connection=connection, settings=settings, now=at(10))
        found = read_blocking(context, read_catalogue(connection, settings))
    assert set(found.links) == {"ado:2"}


def test_only_the_histories_of_blockers_are_read(company: Any, life: Any) -> None:
    others = [life(number).then(2, status="Doing") for number in range(3, 9)]
    company.holds(life(1).then(4, status="Done"), life(2), *others, link())
    with asked_of(company.engine) as asked:
        assert spans(company, "acme:2") == [(0, 4, "link: acme:1")]
    of_changes = [given for sql, given in asked if "FROM issue_changes" in sql and "changed_at" in sql]
    assert of_changes
    for given in of_changes:
        values = given.values() if isinstance(given, dict) else given
        assert [value for value in values if str(value).startswith("acme:")] == ["acme:1"]


def test_the_issues_that_others_block_or_once_did_are_known(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), life(3), life(4), link(), step(1, 2, "acme:1", "PAY-3", is_made=True))
    company.holds(step(2, 4, "acme:4", "PAY-1", is_made=False), link("acme:4", "acme:1"))
    with company.engine.connect() as connection:
        assert reached_by(connection, MetricSettings(), ["acme:1"]) == {"acme:2", "acme:3", "acme:4"}
        assert reached_by(connection, MetricSettings(), ["acme:4"]) == {"acme:1"}
        off = MetricSettings(workflow=Workflow(blocked_by_links=False))
        assert reached_by(connection, off, ["acme:1"]) == set()


def stretches(
    company: Any, life: Any, *changes: IssueChange, is_flagged: bool = False, now: float = 1_000, **workflow: Any
) -> tuple[Spans, list[str]]:
    """The blocked stretches of an issue with these changes beside its own, and the gaps."""
    blocking = read(company, now=now, **workflow)
    alone = read(company, [life.issue_id], now=now, **workflow)
    history = [Change(*(getattr(one, name) for name in Change._fields)) for one in changes]
    subject = BlockedIssue(life.issue_id, life.source_id, at(life.created), is_flagged)
    stays = life.timeline(now=now).stays
    found, gaps = blocking.stays(subject, history, stays)
    assert alone.stays(subject, history, stays) == (found, gaps)
    return [(hours(begin), hours(end), causes) for begin, end, causes in found], gaps


def test_all_causes_make_one_picture(company: Any, life: Any) -> None:
    subject = life(2).then(8, status="Review").then(10, status="Doing")
    company.holds(life(1).then(3, status="Done"), subject, link(created_at=at(1)))
    company.holds(IssueLabel(issue_label_id="acme:2:Stuck", issue_id="acme:2", label="Stuck"))
    told = [
        change("acme:2", 2, "flagged", None, "Impediment"),
        change("acme:2", 5, "flagged", "Impediment", None),
        change("acme:2", 12, "labels", "ui", "ui Stuck"),
    ]
    rules: dict[str, Any] = {"blocked": frozenset({"REVIEW"}), "blocked_labels": frozenset({"stuck"})}
    assert stretches(company, subject, *told, **rules) == (
        [(1, 5, "flag; link: acme:1"), (8, 10, "status: Review"), (12, None, "label: Stuck")],
        [],
    )
    assert stretches(company, subject) == ([(1, 3, "link: acme:1")], [])


def test_an_issue_that_nothing_blocks_has_no_stretch(company: Any, life: Any) -> None:
    company.holds(life(1))
    assert stretches(company, life(1)) == ([], [])


def test_a_status_means_blocked_by_the_name_of_then_or_of_today(company: Any, life: Any) -> None:
    """The status 9 was called On Hold; today it is called Waiting."""
    renamed = Status(
        status_id="acme:9", source_id="acme", project_id=None, issue_type=None, name="Waiting", category="new"
    )
    subject = life(1)
    company.holds(renamed, subject)
    held = subject.timeline().stays[0]._replace(status_id="acme:9", status="On Hold")
    for name in ("on hold", "WAITING"):
        blocking = read(company, blocked=frozenset({name}))
        [stretch] = blocking.stays(BlockedIssue("acme:1", "acme", at(0), is_flagged=False), [], [held])[0]
        assert stretch.causes == "status: On Hold"
    blocking = read(company, blocked=frozenset({"Parked"}))
    assert blocking.stays(BlockedIssue("acme:1", "acme", at(0), is_flagged=False), [], [held])[0] == []


def test_azure_devops_tags_may_hold_blanks(company: Any, life: Any) -> None:
    subject = life(1, "ado")
    company.holds(subject, IssueLabel(issue_label_id="ado:1:On Hold", issue_id="ado:1", label="On Hold"))
    told = [change("ado:1", 2, "labels", "ui", "ui; On Hold"), change("ado:1", 4, "labels", "ui; On Hold", "not stuck")]
    told.append(change("ado:1", 6, "labels", "not stuck", "not stuck; On Hold"))
    rules: dict[str, Any] = {"blocked_labels": frozenset({"on hold", "stuck"})}
    assert stretches(company, subject, *told, **rules)[0] == [(2, 4, "label: On Hold"), (6, None, "label: On Hold")]


def test_labels_without_a_history_are_those_of_now(company: Any, life: Any) -> None:
    company.holds(life(1, created=3), IssueLabel(issue_label_id="acme:1:stuck", issue_id="acme:1", label="stuck"))
    assert stretches(company, life(1, created=3), blocked_labels=frozenset({"Stuck"}))[0] == [(3, None, "label: stuck")]


def test_a_flag_whose_history_misses_its_current_value_is_a_gap(company: Any, life: Any) -> None:
    company.holds(life(1))
    flagged = change("acme:1", 2, "flagged", None, "Impediment")
    assert stretches(company, life(1), flagged, is_flagged=True) == ([(2, None, "flag")], [])
    assert stretches(company, life(1), flagged, is_flagged=False) == ([], ["flagged"])
    assert stretches(company, life(1), flagged, is_flagged=False, now=1) == ([], [])


def test_changes_of_labels_are_read_only_where_labels_block() -> None:
    assert fields_for(MetricSettings()) == ("flagged",)
    by_label = Workflow(blocked_labels=frozenset({"stuck"}))
    assert fields_for(MetricSettings(workflow=by_label)) == ("flagged", "labels")
    assert fields_for(MetricSettings(source_workflows={"acme": by_label})) == ("flagged", "labels")
