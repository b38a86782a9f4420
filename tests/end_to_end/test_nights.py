"""Night after night: an increment leaves every table as a fresh full run would, and asks for what changed only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warehouse.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.conftest import Site


def differing(mine: Mapping[str, list[Any]], other: Mapping[str, list[Any]]) -> dict[str, tuple[list[str], list[str]]]:
    """Table → rows only here, rows only there; at most three each."""
    found = {}
    for name in mine:
        here, there = set(map(repr, mine[name])), set(map(repr, other[name]))
        if here != there:
            found[name] = (sorted(here - there)[:3], sorted(there - here)[:3])
    return found


def run(site: Site) -> None:
    done = site.flowmart("run")
    assert done.returncode == 0, done.stderr


def test_a_second_run_changes_nothing_and_asks_for_little(site: Site) -> None:
    run(site)
    first, searched, fed = site.tables(), *asked(site)
    run(site)
    again = asked(site)
    assert differing(site.tables(), first) == {}
    assert (again[0] - searched, again[1] - fed) == (1, 2)


def asked(site: Site) -> tuple[int, int]:
    """Pages of issues and batches of the feeds that were asked for so far."""
    return site.trackers.requests("/search/jql"), site.trackers.requests("/_apis/wit/reporting/")


def test_a_full_run_over_what_is_there_changes_nothing(site: Site) -> None:
    run(site)
    first = site.tables()
    done = site.flowmart("sync", "--full")
    assert done.returncode == 0, done.stderr
    assert site.flowmart("compute").returncode == 0
    assert differing(site.tables(), first) == {}


def test_a_look_back_leaves_the_bookmarks_alone(site: Site) -> None:
    run(site)
    first = site.tables()
    done = site.flowmart("sync", "--since", "2026-09-01")
    assert done.returncode == 0, done.stderr
    run(site)
    assert differing(site.tables(), first) == {}


def test_law_5_after_some_nights_an_increment_equals_a_fresh_full_run(site: Site, fresh: Site) -> None:
    run(site)
    before, key = site.tables(), ""
    for _ in range(3):
        site.trackers.advance()
        key = site.trackers.act("delete", "jira", site.some_key("PAY"))["key"]
        run(site)
    run(fresh)
    after, scratch, absent = site.tables(), fresh.tables(), site.absences()
    assert absent[key] == "deleted"
    assert len(differing(after, before)) > 10
    gone = {row[0] for row in after["issues"] if absent[row[3]] is not None}
    theirs = told_by(after, gone) - {row[0] for row in scratch["statuses"]}
    assert differing(without(after, gone | theirs), without(scratch, gone)) == {}


def without(tables: Mapping[str, list[Any]], gone: set[str]) -> dict[str, list[Any]]:
    """The rows that are not about one of these issues (or statuses)."""
    return {name: [row for row in rows if gone.isdisjoint(map(str, row))] for name, rows in tables.items()}


def told_by(tables: Mapping[str, list[Any]], gone: set[str]) -> set[str]:
    """Ids of the statuses that the histories of these issues tell of; of some of them nobody else does."""
    changes = [dict(zip(table("issue_changes").columns.keys(), row, strict=True)) for row in tables["issue_changes"]]
    own = [change for change in changes if change["issue_id"] in gone and change["field"] == "status"]
    return {f"acme:{change[side]}" for change in own for side in ("from_value", "to_value")}


def test_a_run_ends_with_3_when_an_alert_of_severity_high_is_new(site: Site) -> None:
    """Nothing has failed; the same alert is no news the night after."""
    with (site.folder / "flowmart.toml").open("a", encoding="utf-8") as config:
        config.write(
            '[[alerts]]\nname = "any work"\nmetric = "wip_aging.age_days"\ncomparison = ">="\nthreshold = 0\n'
            'severity = "high"\n'
        )
    first = site.flowmart("run")
    assert (first.returncode, "HIGH" in first.stdout) == (3, True)
    found = site.rows(
        "SELECT count(*) FROM alerts WHERE rule = 'any work' AND run_id = (SELECT max(run_id) FROM alerts)"
    )
    assert found == site.rows("SELECT count(*) FROM wip_aging")
    again = site.flowmart("run")
    assert (again.returncode, "HIGH" in again.stdout) == (0, False)
    assert site.flowmart("compute", "--full").returncode == 0
    assert site.rows("SELECT count(*) FROM alerts WHERE closed_at IS NULL AND rule = 'any work'") == found
