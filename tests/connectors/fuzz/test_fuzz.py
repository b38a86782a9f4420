"""However an answer is damaged: each issue becomes right rows or a finding, or the answer is refused; nothing else.

`./dev fuzz --cases 100000` tries more of them, and so does `.ci/run`. `$FLOWMART_FUZZ_PAYLOADS` may name a
folder with other answers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from connectors.errors import UnexpectedResponse
from tests.connectors.azure_devops.fake_organisation import FakeOrganisation, FakeProject
from tests.connectors.fuzz.damage import DAMAGES, Cut, Path, damage, places
from tests.connectors.fuzz.elsewhere import found_elsewhere
from tests.connectors.fuzz.laws import by_issue, require_valid
from tests.connectors.fuzz.trackers import (
    SOURCE,
    Read,
    azure_devops,
    jira_cloud,
    jira_data_center,
    natives,
    payload,
    written,
)

CASES = int(os.environ.get("FLOWMART_FUZZ_CASES", "501"))
SEED = os.environ.get("FLOWMART_FUZZ_SEED")
TRACKERS = ("jira_cloud", "jira_data_center", "azure_devops")
cuts = st.lists(st.tuples(st.integers(0, 2**14), st.integers(0, len(DAMAGES) - 1)), min_size=1, max_size=3)


def trying(cases: int) -> Callable[[Any], Any]:
    """So many damages; the same ones in every run unless a seed is named."""
    chosen = settings(
        max_examples=cases,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    return (lambda test: seed(int(SEED))(chosen(test))) if SEED else chosen


@pytest.fixture
def fab(connect: Any, organisation: FakeOrganisation) -> Any:
    """A connector to an organisation with the project of the payload; it has looked round already."""
    organisation.projects = [FakeProject("p1", "Shop")]
    connector = connect(source_id=SOURCE, projects=["Shop"])
    connector._directory.context.organisation.model("Shop")
    return connector


def reader(name: str, request: pytest.FixtureRequest) -> tuple[Read, Any]:
    """What reads the payloads of a tracker, and ours."""
    if name == "azure_devops":
        return azure_devops(request.getfixturevalue("fab")), payload(name)
    ours = payload(name)
    fields = ours.pop("fields")
    return {"jira_cloud": jira_cloud, "jira_data_center": jira_data_center}[name](fields), ours


@pytest.mark.parametrize("name", TRACKERS)
def test_a_damaged_issue_is_told_and_the_others_are_as_they_were(name: str, request: pytest.FixtureRequest) -> None:
    read, whole = reader(name, request)
    text, where, before = written(whole), list(places(whole)), by_issue(read(whole))
    assert len(before) >= 6

    @trying(CASES // len(TRACKERS))
    @given(cuts)
    def holds(cuts: Sequence[Cut]) -> None:
        damaged = damage(msgspec.json.decode(text), where, cuts)
        try:
            page = read(damaged.payload)
        except UnexpectedResponse:
            return
        require_valid(page, SOURCE)
        after, malformed = by_issue(page), {one.issue_id for one in page.malformed}
        touched = _touched(whole, damaged.payload, damaged.hit)
        for native in _listed(damaged.payload) - _of_other_projects(damaged.payload):
            assert f"{SOURCE}:{native}" in after.keys() | malformed, "an issue is gone"
        for issue_id, rows in before.items():
            if touched is not None and issue_id.partition(":")[2] not in touched:
                assert after.get(issue_id) == rows, "another issue than the damaged one is not what it was"

    holds()


def _lists(payload: Any) -> list[tuple[Path, Any]]:
    """The lists of issues, revisions or histories within a payload, and where they are."""
    found: list[tuple[Path, Any]] = []
    for path in (("search", "issues"), ("histories", "issueChangeLogs"), ("values",)):
        here = payload
        for key in path:
            here = here.get(key) if isinstance(here, dict) else None
        if isinstance(here, list):
            found.append((path, here))
    return found


def _listed(payload: Any) -> set[str]:
    """Ids of the issues that are there; a lone surrogate is read as U+FFFD."""
    return {_whole(native) for path, issues in _lists(payload) if path[0] != "histories" for native in natives(issues)}


def _of_other_projects(payload: Any) -> set[str]:
    """Ids of work items whose revisions all name another project than ours: those are out of scope."""
    found = set()
    for path, revisions in _lists(payload):
        for native, at in natives(revisions).items() if path == ("values",) else ():
            fields = [revisions[place].get("fields") for place in at]
            names = [one.get("System.TeamProject") if isinstance(one, dict) else None for one in fields]
            if all(isinstance(name, str) and name not in {"", "Shop"} for name in names):
                found.add(native)
    return found


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _touched(before: Any, after: Any, hit: Sequence[Path]) -> set[str] | None:
    """Ids of the issues that the damage may concern; None: the frame of the answer was hit, which concerns all."""
    touched: set[str] = set()
    places_hit = {path: set[int]() for path, _ in _lists(before)}
    for path in hit:
        of = next((one for one in places_hit if path[: len(one)] == one and len(path) > len(one) + 1), None)
        if of is None:
            return None
        place = path[len(of)]
        assert isinstance(place, int)
        places_hit[of].add(place)
    for state in (before, after):
        for path, issues in _lists(state):
            ids = natives(issues)
            touched |= {native for native, at in ids.items() if at & places_hit.get(path, set())}
    return touched


@pytest.mark.skipif("FLOWMART_FUZZ_PAYLOADS" not in os.environ, reason="FLOWMART_FUZZ_PAYLOADS names no folder")
@pytest.mark.parametrize("name", TRACKERS)
def test_answers_found_elsewhere_are_read_or_refused_too(name: str, request: pytest.FixtureRequest) -> None:
    read, _ = reader(name, request)
    payloads = list(found_elsewhere(os.environ["FLOWMART_FUZZ_PAYLOADS"], name))
    assert payloads
    for whole in payloads:
        require_rows_or_a_refusal(read, whole, max(20, CASES // len(payloads)))


def require_rows_or_a_refusal(read: Read, whole: Any, cases: int) -> None:
    """Whatever is damaged, what is read is valid."""
    text, where = written(whole), list(places(whole))

    @trying(cases)
    @given(cuts)
    def holds(cuts: Sequence[Cut]) -> None:
        try:
            page = read(damage(msgspec.json.decode(text), where, cuts).payload)
        except UnexpectedResponse:
            return
        require_valid(page, SOURCE)

    holds()


def test_an_item_none_of_whose_revisions_names_a_project_is_told(request: pytest.FixtureRequest) -> None:
    read, whole = reader("azure_devops", request)
    damaged = [revision for revision in whole["values"] if revision["id"] == 202]
    for revision in damaged:
        del revision["fields"]["System.TeamProject"]
    page = read(whole)
    assert len(damaged) == 2
    assert [one.issue_id for one in page.malformed] == [f"{SOURCE}:202"]
