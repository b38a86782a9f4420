"""The generated company: the same for the same numbers, consistent, and with all the situations it promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator.company import DONE, TODO, Company, Issue, Product, replay
from simulator.life.generate import advance, make_world
from simulator.life.layout import WEB

NOW = round(datetime(2026, 9, 30, 18, tzinfo=UTC).timestamp() * 1000)
DAY = 86_400_000


def company(*, seed: int = 7, issues: int = 400, nights: int = 0) -> Company:
    world = make_world(seed=seed, issues=issues, now=NOW)
    advance(world, nights)
    return world.company


def fingerprint(of: Company) -> list[object]:
    rows: list[object] = [of.now]
    for product in of.products:
        for issue in product.issues.values():
            rows.append((issue.id, issue.created_at, issue.initial, issue.state, issue.events, issue.deleted_at))
            rows.append((issue.updated_at, issue.comments, issue.links))
        rows += [(s.id, s.name, s.state, s.start_at, s.is_deleted) for s in product.sprints.values()]
        rows += [(v.name, v.is_released) for v in product.versions.values()]
    return rows


@pytest.fixture(scope="module")
def default() -> Company:
    return company(issues=2000)


def test_same_numbers_give_the_same_company() -> None:
    assert fingerprint(company()) == fingerprint(company())


def test_another_seed_gives_another_company() -> None:
    assert fingerprint(company(seed=8)) != fingerprint(company())


def test_nights_add_up() -> None:
    world = make_world(seed=7, issues=200, now=NOW)
    for _ in range(7):
        advance(world, 1)
    assert fingerprint(world.company) == fingerprint(company(issues=200, nights=7))


def test_a_night_moves_the_clock_by_a_day_and_brings_changes() -> None:
    before, after = company(), company(nights=1)
    assert after.now - before.now == DAY
    for old, new in zip(before.products, after.products, strict=True):
        assert len(new.issues) > len(old.issues)
        assert sum(1 for i in new.issues.values() if i.deleted_at) == 1 + sum(
            1 for i in old.issues.values() if i.deleted_at
        )
        fields = {c.field for i in new.issues.values() for e in i.events if e.at > before.now for c in e.changes}
        assert {"status", "link", "labels"} <= fields
        assert "project" in fields or "team" in fields


def test_a_weekend_night_brings_changes_too() -> None:
    friday, saturday = company(nights=2), company(nights=3)
    assert fingerprint(friday) != fingerprint(saturday)
    assert saturday.now > friday.now


@pytest.mark.parametrize("issues", [0, 1, 7, 120, 2000])
def test_as_many_issues_are_created_as_asked(issues: int) -> None:
    assert sum(len(product.issues) for product in company(issues=issues).products) == issues


@pytest.mark.parametrize("nights", [0, 16])
def test_replaying_a_history_ends_in_the_current_state(nights: int) -> None:
    for product in company(nights=nights).products:
        for issue in product.issues.values():
            state: dict[str, object] = {}
            for event, now in replay(issue):
                if event is not None:
                    assert all(
                        state.get(c.field) == c.old
                        for c in event.changes
                        if c.field != "link" and _is_first(event.changes, c)
                    )
                state = dict(now)
            assert state == issue.state


def _is_first(changes: tuple[object, ...], change: object) -> bool:
    """Of two changes of one field in one entry the second starts from the first."""
    return next(c for c in changes if c[0] == change[0]) is change  # type: ignore[index]


def test_history_runs_forward_and_ends_before_now(default: Company) -> None:
    for product in default.products:
        entries = [(issue.created_at, event) for issue in product.issues.values() for event in issue.events]
        assert all(created < event.at <= default.now for created, event in entries)
        for issue in product.issues.values():
            times, ids = [e.at for e in issue.events], [e.id for e in issue.events]
            assert times == sorted(times)
            assert ids == sorted(set(ids))
        by_id = [event.at for _, event in sorted(entries, key=lambda entry: entry[1].id)]
        assert by_id == sorted(by_id)


def test_people_work_on_weekdays_in_berlin_on_both_sides_of_the_clock_change(default: Company) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    moments = [
        datetime.fromtimestamp(e.at // 1000, berlin)
        for p in default.products
        for i in p.issues.values()
        for e in i.events
    ]
    assert {moment.utcoffset() for moment in moments} == {timedelta(hours=1), timedelta(hours=2)}
    assert all(moment.weekday() < 5 and 9 <= moment.hour < 20 for moment in moments)


def test_each_team_has_14_closed_sprints_an_active_and_two_future_ones(default: Company) -> None:
    for product in default.products:
        for team in product.teams:
            states = [s.state for s in product.sprints.values() if team in s.team_ids and not s.is_deleted]
            assert [states.count(state) for state in ("closed", "active", "future")] == [14, 1, 2]


def test_a_sprint_closes_and_the_next_one_starts_when_its_day_comes() -> None:
    before, after = company(), company(nights=5)
    for old, new in zip(before.products, after.products, strict=True):
        active = [s.id for s in old.sprints.values() if s.state == "active"]
        assert {new.sprints[number].state for number in active} == {"closed"}
        assert sum(s.state == "future" and not s.is_deleted for s in new.sprints.values()) == 2 * len(active)


def _statuses(product: Product, issue: Issue) -> list[str]:
    return [product.statuses[state["status"]].category for _, state in replay(issue)]


def test_the_jira_product_has_the_promised_situations(default: Company) -> None:
    product = default.products[0]
    issues = list(product.issues.values())
    assert max(len(issue.events) for issue in issues) >= 340
    assert any(sum(c.field == "status" for c in e.changes) > 1 for i in issues for e in i.events)
    assert any(issue.initial.get("sprints") for issue in issues)
    assert any(c.field == "project" and c.new == WEB for i in issues for e in i.events for c in e.changes)
    assert any(DONE in _statuses(product, i) and product.category(i) != DONE for i in product.alive())
    assert any(_statuses(product, i)[-2:] == [TODO, DONE] for i in issues if i.state.get("resolution") == "Done")
    assert {i.state.get("resolution") for i in issues} >= {"Done", "Won't Do", "Duplicate"}
    assert any(i.state.get("flagged") for i in product.alive())
    assert any(sprint.is_deleted for sprint in product.sprints.values())
    assert any("," in sprint.name for sprint in product.sprints.values())
    assert any(len(i.worklogs) > 20 for i in issues)
    assert any(i.state["summary"].startswith("=") for i in issues)
    retired = {number for number, status in product.statuses.items() if status.is_retired}
    assert any(state["status"] in retired for i in issues for _, state in replay(i))


def test_the_azure_devops_product_has_the_promised_situations(default: Company) -> None:
    product = default.products[1]
    issues = list(product.issues.values())
    changes = [c for i in issues for e in i.events for c in e.changes]
    assert max(len(issue.events) for issue in issues) >= 340
    assert {c.field for c in changes} >= {"project", "team", "type", "is_deleted", "parent", "points", "link"}
    assert any("Blocked" in (c.new or ()) for c in changes if c.field == "labels")
    assert any(product.category(i) == "removed" for i in issues)
    assert any(DONE in _statuses(product, i) and product.category(i) != DONE for i in product.alive())


def test_bugs_say_where_they_were_found_or_not(default: Company) -> None:
    for product in default.products:
        bugs = [issue for issue in product.alive() if product.type_of(issue).role == "bug"]
        found = {issue.state.get("found_in") for issue in bugs}
        assert found == {"Production", "Staging", "Test", None}
        assert all(issue.state.get("severity") for issue in bugs)
        assert any("escaped" in issue.state.get("labels", ()) for issue in bugs)


def test_unfinished_issues_spill_over_into_the_next_sprint(default: Company) -> None:
    product = default.products[0]
    spilled = [i for i in product.alive() if len(i.state.get("sprints") or ()) > 1]
    assert 0.03 < len(spilled) / len(product.issues) < 0.5
