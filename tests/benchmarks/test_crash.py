"""A run that is killed anywhere is made whole by the next one; and the command that tries this would notice if not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from benchmarks.crash.comparing import differences
from benchmarks.crash.places import Place, draw
from benchmarks.servers import VARIABLE

POINTS = 2
"""On each engine; more cost too much of a day of tests: two thirds of a second of CPU for each of their runs."""


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_trap_85_runs_killed_at_some_places_on_each_engine_leave_what_an_undisturbed_one_does(
    postgres_url: str,
) -> None:
    """A few points of `./dev crash`, which tries 200 on each engine."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crash", "--engine", "both", "--points", str(POINTS), "--issues", "20"],
        env={**os.environ, VARIABLE: postgres_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{POINTS} of {POINTS} on sqlite and {POINTS} of {POINTS} on postgresql" in done.stdout


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_a_sync_killed_beside_another_leaves_the_lake_as_two_undisturbed_ones_do() -> None:
    """A point in a first sync and one in a later sync of `./dev crash --engine lake`, which tries 50."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crash", "--engine", "lake", "--points", "8", "--issues", "20"],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 on a lake" in done.stdout


RUN = [
    *(Place("main", number, "statement", "SELECT 1") for number in range(1, 991)),
    Place("main", 991, "commit", ""),
    *(Place("Thread-1", number, "statement", "INSERT INTO issues VALUES (1)") for number in range(1, 5)),
    Place("main", 992, "statement", "UPDATE leases SET expires_at=?"),
]


def test_points_lie_in_every_stretch_of_a_run_and_among_what_is_rare() -> None:
    drawn = draw(RUN, 40, random.Random(7))
    assert len(set(drawn)) == 40
    assert drawn == sorted(drawn, key=RUN.index)
    assert {RUN.index(place) // 100 for place in drawn} == set(range(10))
    sorts = Counter(place.sort for place in drawn)
    assert (sorts["leases"], sorts["commit"], sorts["loaded"]) == (1, 1, 4)


def test_a_seed_draws_its_points_again_and_another_seed_others() -> None:
    assert draw(RUN, 40, random.Random(7)) == draw(RUN, 40, random.Random(7)) != draw(RUN, 40, random.Random(8))


@pytest.mark.parametrize(
    ("statement", "sort"),
    [
        ("CREATE TABLE issue_flow (issue_id TEXT)", "schema"),
        ('CREATE INDEX "ix_issues" ON issues (key)', "schema"),
        ("CREATE TEMPORARY TABLE stage_issues ON COMMIT DROP AS SELECT", "staging"),
        ("INSERT INTO leases (lease_name) VALUES (?)", "leases"),
        ("SELECT leases.holder FROM leases", "leases"),
        ("DELETE FROM daily_flow", "computed"),
        ("UPDATE issues SET stage=?", "loaded"),
        ("SELECT issues.key FROM issues", "reading"),
        ("BEGIN", "reading"),
    ],
)
def test_statements_are_sorted_by_what_they_concern(statement: str, sort: str) -> None:
    assert Place("main", 1, "statement", statement).sort == sort


def logged(run: str, stream: str, outcome: str, **other: Any) -> tuple[Any, ...]:
    """A row of `sync_runs`."""
    row = {"finished": None if outcome == "running" else run, "error": None, **other}
    return (
        f"{run}:acme:{stream}",
        run,
        "acme",
        stream,
        run,
        row["finished"],
        outcome,
        1,
        0,
        5,
        5,
        None,
        None,
        row["error"],
    )


UNDISTURBED = {
    "leases": [],
    "projects": [("acme:1", "acme", "PAY", "Payments")],
    "sync_runs": [logged("1", "issues", "done"), logged("1", "census", "done")],
}


@pytest.mark.parametrize(
    "found",
    [
        UNDISTURBED,
        {**UNDISTURBED, "sync_runs": [logged("1", "issues", "running"), *UNDISTURBED["sync_runs"]]},
        {
            **UNDISTURBED,
            "sync_runs": [
                logged("1", "issues", "done"),
                logged("1", "census", "running"),
                logged("2", "issues", "done"),
            ],
        },
    ],
    ids=["equal", "a stream killed", "a census killed when all but its end was noted"],
)
def test_what_kills_explain_is_no_difference(found: dict[str, Any]) -> None:
    given = {**found, "sync_runs": [*found["sync_runs"], logged("3", "issues", "done")]}
    assert list(differences(given, UNDISTURBED)) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"projects": [("acme:1", "acme", "PAY", "Pay")]}, "projects: 1 rows, expected 1; acme:1: name is 'Pay'"),
        ({"projects": []}, "projects: 0 rows, expected 1"),
        ({"leases": [("run", "me", 1, 2)]}, "leases: 1 rows, expected 0"),
        ({"more": []}, "tables that only one of the two has: ['more']"),
        (
            {"sync_runs": UNDISTURBED["sync_runs"][1:]},
            "sync_runs: [('acme', 'issues')] was done in one of the two only",
        ),
        (
            {"sync_runs": [*UNDISTURBED["sync_runs"], logged("2", "issues", "running")]},
            "sync_runs: 2:acme:issues is running",
        ),
        (
            {"sync_runs": [*UNDISTURBED["sync_runs"], logged("0", "issues", "failed", error="gone")]},
            "sync_runs: 0:acme:issues is failed, finished 0: gone",
        ),
    ],
)
def test_everything_else_is_a_difference_and_is_told(changes: dict[str, Any], told: str) -> None:
    (line,) = differences({**UNDISTURBED, **changes}, UNDISTURBED)
    assert line.startswith(told)
