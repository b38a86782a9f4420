"""Whatever a tracker does during a sync: the rows of an undisturbed one, or a clear line; never success with less.

By default each fault strikes at one request of each flavour; with `FLOWMART_ALL_FAULTS=1` at every one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS
from tests.end_to_end.places import Place, problems, undisturbed_syncs

PLACES = None if os.environ.get("FLOWMART_ALL_FAULTS") else 1
"""At how many requests each fault strikes; None: at each."""

FAULTS: Mapping[str, dict[str, Any]] = {
    "429 with seconds": {"status": 429, "headers": {"Retry-After": "3"}, "body": "own"},
    "429 with a date": {"status": 429, "headers": {"Retry-After": "Wed, 30 Sep 2026 18:00:30 GMT"}},
    "429 with nothing": {"status": 429, "headers": {"Retry-After": "0"}},
    "429 without a word": {"status": 429, "body": "html"},
    "429 for half an hour": {"status": 429, "headers": {"Retry-After": "1847"}},
    "503 once": {"status": 503, "body": "html"},
    "503 for ever": {"status": 503, "body": "html", "times": 999},
    "500 once": {"status": 500, "body": "html"},
    "500 for ever": {"status": 500, "body": "html", "times": 999},
    "reset once": {"kind": "reset"},
    "reset for ever": {"kind": "reset", "times": 999},
    "reset in mid-body": {"kind": "reset_mid_body"},
    "cut JSON": {"kind": "truncated"},
    "401 from here on": {"status": 401, "times": 999},
    "lying 200 from here on": {"kind": "lying_200", "times": 999},
    "sign-in page from here on": {"kind": "sign_in_203", "times": 999},
    "sent to sign in from here on": {"kind": "sign_in_302", "times": 999},
}
_OF_ONE_TRACKER = {
    "lying 200 from here on": ("jira_cloud",),
    "sign-in page from here on": ("azure_devops", "azure_devops_server"),
    "sent to sign in from here on": ("azure_devops", "azure_devops_server"),
}
CASES = [(flavour, name) for name in FAULTS for flavour in _OF_ONE_TRACKER.get(name, FLAVOURS)]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=80) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _no_faults_yet(running: Running) -> None:
    running.clear_faults()


@pytest.fixture(scope="module")
def undisturbed(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Flavour → (rows, number of requests) of a sync that nothing disturbs."""
    return undisturbed_syncs(running, tmp_path_factory)


def test_trap_47_the_places_are_worth_striking(undisturbed: Any) -> None:
    for flavour in FLAVOURS:
        rows, requests = undisturbed(flavour)
        assert len(rows["issues"]) > 20
        assert requests > 15


@pytest.mark.thorough
@pytest.mark.parametrize(("flavour", "name"), CASES, ids=[f"{flavour}-{name}" for flavour, name in CASES])
def test_trap_03_a_fault_leaves_the_rows_of_an_undisturbed_sync_or_is_told(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str, name: str
) -> None:
    rows, requests = undisturbed(flavour)
    chosen = random.Random(f"{flavour} {name}").sample(range(requests), PLACES or requests)
    for after in sorted(chosen):
        place = Place(tmp_path / str(after), running, flavour)
        running.fault(tracker=flavour, after=after, **{"times": 1, **FAULTS[name]})
        report = place.sync()
        running.clear_faults()
        if report.ok:
            assert place.rows() == rows, f"exit 0 with other rows, struck at request {after}"
        else:
            assert running.connect[flavour]["token"] not in " ".join(problems(report))
            again = place.sync()
            assert again.ok, (after, again)
            assert place.rows() == rows, f"not mended by the next sync, struck at request {after}"
        place.engine.dispose()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_03_a_fault_in_a_later_full_sync_loses_nothing_that_is_there(
    running: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    """No row goes or is marked absent, wherever the login lapses or an outage begins."""
    rows, requests = undisturbed(flavour)
    place = Place(tmp_path, running, flavour)
    assert place.sync().ok
    for name in ("401 from here on", "503 for ever"):
        for after in random.Random(f"{flavour} {name}").sample(range(requests), PLACES or requests):
            running.fault(tracker=flavour, after=after, **FAULTS[name])
            report = place.sync(full=True)
            running.clear_faults()
            assert place.rows() == rows, (name, after, report)
    assert place.sync().ok
    assert place.rows() == rows
