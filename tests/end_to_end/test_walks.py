"""What searches and feeds do wrong during a sync: the rows of an undisturbed one, or a line and a next that mends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS
from tests.end_to_end.places import Place, differing, problems, undisturbed_syncs, without

JIRAS = ("jira_cloud", "jira_data_center")
ADOS = ("azure_devops", "azure_devops_server")
SEARCH = {"jira_cloud": "/search/jql$", "jira_data_center": "/rest/api/2/search$"}
FEED = "/reporting/workitemrevisions$"


def small_pages(running: Running) -> Running:
    """A simulator whose walks have several pages."""
    running.tell(page_cap=6, feed_batch=20, feed_cap=20)
    return running


@pytest.fixture(scope="module")
def standing() -> Iterator[Running]:
    """A company in which nothing happens."""
    with serve(issues=80) as simulator:
        yield small_pages(simulator)


@pytest.fixture
def still(standing: Running) -> Iterator[Running]:
    """The same without faults, before and after."""
    yield standing
    standing.clear_faults()
    standing.tell(short_pages=False, empty_page=0, repeated_token=0, early_last=1.0)


@pytest.fixture
def living() -> Iterator[Running]:
    """A company of the test's own, which may do something to it."""
    with serve(issues=80) as simulator:
        yield small_pages(simulator)


@pytest.fixture(scope="module")
def undisturbed(standing: Running, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Flavour → rows of a sync that nothing disturbs."""
    syncs = undisturbed_syncs(standing, tmp_path_factory)
    return lambda flavour: syncs(flavour)[0]


def assert_as_fresh(
    place: Place, running: Running, flavour: str, folder: Path, but: frozenset[str] = frozenset()
) -> None:
    """The place has what a sync from scratch brings now, rows of absent issues aside, and of these ids."""
    fresh = Place(folder, running, flavour)
    report = fresh.sync()
    assert report.ok, report
    gone = {*place.absences(), *but}
    assert differing(without(place.rows(), gone), without(fresh.rows(), gone)) == {}


# --- what search tokens do


@pytest.mark.parametrize(
    "lie",
    [{"short_pages": True}, {"empty_page": 1}, {"short_pages": True, "empty_page": 2}],
    ids=["short pages", "empty first page", "both"],
)
def test_trap_07_short_and_empty_pages_lose_nothing(
    still: Running, undisturbed: Any, tmp_path: Path, lie: dict[str, Any]
) -> None:
    rows, place = undisturbed("jira_cloud"), Place(tmp_path, still, "jira_cloud")
    still.tell(**lie)
    report = place.sync()
    assert report.ok, report
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("page", [1, 3])
def test_trap_08_a_token_that_comes_again_ends_the_sync_with_a_line_and_the_next_one_mends(
    still: Running, undisturbed: Any, tmp_path: Path, page: int
) -> None:
    rows, place = undisturbed("jira_cloud"), Place(tmp_path, still, "jira_cloud")
    still.tell(repeated_token=page)
    assert "same page token twice" in problems(place.sync())[0]
    still.tell(repeated_token=0)
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_trap_09_a_search_that_always_ends_early_is_named_and_the_next_sync_mends(
    still: Running, undisturbed: Any, tmp_path: Path, share: float
) -> None:
    rows, place = undisturbed("jira_cloud"), Place(tmp_path, still, "jira_cloud")
    still.tell(early_last=share)
    said = problems(place.sync())
    assert any("ended early, again and again" in line for line in said)
    still.tell(early_last=1.0)
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("after", [0, 1, 4, 6])
def test_trap_09_a_search_that_ends_early_once_loses_nothing(
    still: Running, undisturbed: Any, tmp_path: Path, after: int
) -> None:
    """Whichever of its pages says so: those of projects, of people, or of the census."""
    rows, place = undisturbed("jira_cloud"), Place(tmp_path, still, "jira_cloud")
    last = {"isLast": True, "nextPageToken": None}
    still.fault(tracker="jira_cloud", match=SEARCH["jira_cloud"], after=after, times=1, kind="patched", body=last)
    report = place.sync()
    assert report.ok, report
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_trap_09_an_increment_that_ends_early_is_named_and_the_next_sync_mends(
    living: Running, tmp_path: Path, share: float
) -> None:
    place = Place(tmp_path / "mine", living, "jira_cloud")
    assert place.sync().ok
    living.tell(page_cap=100)  # the increment is one page, which claims to be the last
    living.advance()
    for issue in list(living.company.products[0].alive())[:20]:
        living.act("edit", "jira", issue.id, add_label="touched")
    living.tell(early_last=share)
    said = problems(place.sync())
    assert any("updated >= " in line and "ended early" in line for line in said), said
    living.tell(early_last=1.0)
    assert place.sync().ok
    assert_as_fresh(place, living, "jira_cloud", tmp_path / "fresh")


def test_an_empty_page_of_a_data_center_is_not_taken_for_the_end(living: Running, tmp_path: Path) -> None:
    place = Place(tmp_path / "mine", living, "jira_data_center")
    assert place.sync().ok
    living.advance()
    for issue in list(living.company.products[0].alive())[:20]:
        living.act("edit", "jira", issue.id, add_label="touched")
    living.fault(match=SEARCH["jira_data_center"], tracker="jira_data_center", kind="patched", body={"issues": []})
    report = place.sync()
    living.clear_faults()
    assert report.ok, report
    assert_as_fresh(place, living, "jira_data_center", tmp_path / "fresh")


# --- what feeds do


@pytest.mark.parametrize("flavour", ADOS)
def test_trap_61_a_feed_that_names_no_new_token_ends_the_sync_with_a_line_and_the_next_one_mends(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    stuck = {"continuationToken": None, "nextLink": None}
    still.fault(tracker=flavour, match=FEED, after=1, kind="patched", body=stuck)
    assert "names no new token" in problems(place.sync())[0]
    still.clear_faults()
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", ADOS)
@pytest.mark.parametrize("after", [0, 2])
def test_trap_61_a_feed_that_ends_early_is_read_on_from_there(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str, after: int
) -> None:
    """New items that it left out are found by the census at once, the rest by the token of the next night."""
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    still.fault(tracker=flavour, match=FEED, after=after, kind="patched", body={"isLastBatch": True})
    place.sync()
    still.clear_faults()
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("flavour", ADOS)
def test_trap_07_an_empty_batch_with_a_token_does_not_end_a_feed(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    """A batch that has nothing for this token's eyes still leads on."""
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    again = {"values": [], "continuationToken": "0;0;0", "isLastBatch": False}
    still.fault(tracker=flavour, match=FEED, kind="patched", body=again)
    report = place.sync()
    assert report.ok, report
    assert differing(place.rows(), rows) == {}


# --- an index that lags, and a company that does not stand still


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", JIRAS)
def test_trap_29_what_becomes_visible_after_a_run_arrives_in_the_next_one(
    living: Running, tmp_path: Path, flavour: str
) -> None:
    living.tell(index_lag=60)
    place = Place(tmp_path / "mine", living, flavour)
    living.clock(120)
    assert place.sync().ok
    touched = list(living.company.products[0].alive())[:6]
    for night, issue in enumerate(touched):
        if night % 2:
            living.advance()
        living.act("edit", "jira", issue.id, add_label=f"night {night}")
        assert place.sync().ok
        shown = [row for row in place.rows()["issue_labels"] if f"night {night}" in row]
        assert shown == []
        living.clock(900 if night % 3 else 86_400)
    assert place.sync().ok
    labels = place.rows()["issue_labels"]
    assert all(any(f"night {night}" in row for row in labels) for night in range(len(touched)))
    assert_as_fresh(place, living, flavour, tmp_path / "fresh")


@pytest.mark.parametrize("flavour", JIRAS)
def test_trap_30_what_moves_between_the_pages_is_there_after_the_next_sync(
    living: Running, tmp_path: Path, flavour: str
) -> None:
    living.tell(mutate_on_page=2)
    place = Place(tmp_path / "mine", living, flavour)
    assert place.sync().ok
    living.tell(mutate_on_page=0)
    assert place.sync().ok
    assert_as_fresh(place, living, flavour, tmp_path / "fresh")


def deeds(running: Running, tracker: str) -> Iterator[dict[str, Any]]:
    """Something of each kind that happens to issues."""
    product = running.company.products[tracker == "azure_devops"]
    crowds = Counter(issue.state["project"] for issue in product.alive())
    [(own, _)] = crowds.most_common(1)
    other = next(number for number in product.projects if number != own)
    first, second, third, *_, last = (issue for issue in product.alive() if issue.state["project"] == own)
    yield {"do": "edit", "issue": last.id, "add_label": "late"}
    yield {"do": "delete", "issue": first.id}
    yield {"do": "move", "issue": second.id, "project": other}
    yield {"do": "edit", "issue": third.id, "add_label": "early"}
    yield {"do": "create", "project": own, "type": "bug", "summary": "Came while nobody looked"}


@pytest.mark.thorough
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("after", [0, 2])
def test_trap_30_whatever_happens_between_the_pages_is_there_after_the_next_sync(
    living: Running, tmp_path: Path, flavour: str, after: int
) -> None:
    tracker = "jira" if flavour in JIRAS else "azure_devops"
    match = SEARCH.get(flavour, FEED)
    for deed in deeds(living, tracker):  # one before each of the next pages
        living.fault(tracker=flavour, match=match, after=after, kind="act", body={"tracker": tracker, **deed})
    place = Place(tmp_path / "mine", living, flavour)
    report = place.sync()
    assert report.ok, report
    assert all(fault["struck"] for fault in living.state()["faults"])
    living.clear_faults()
    living.clock(3_600)
    assert place.sync().ok
    assert_as_fresh(place, living, flavour, tmp_path / "fresh")


# --- limits


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_46_a_bucket_that_is_empty_again_and_again_loses_nothing(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    reason = {"RateLimit-Reason": "jira-burst-based"} if flavour in JIRAS else {"X-RateLimit-Resource": "Concurrency"}
    headers = {"Retry-After": "2", "X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", **reason}
    still.fault(tracker=flavour, every=3, status=429, headers=headers, body="own")
    report = place.sync()
    assert report.ok, report
    assert place.retries > 5
    assert place.waited >= 2 * 5
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_46_a_bucket_that_stays_empty_ends_the_sync_with_a_line_and_the_next_one_mends(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    still.fault(tracker=flavour, after=12, kind="burst", requests=1, seconds=3_600)
    said = problems(place.sync())
    assert "come back after" in said[0]
    still.clear_faults()
    assert place.sync().ok
    assert differing(place.rows(), rows) == {}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_trap_78_delays_on_good_answers_slow_down_and_lose_nothing(
    still: Running, undisturbed: Any, tmp_path: Path, flavour: str
) -> None:
    rows, place = undisturbed(flavour), Place(tmp_path, still, flavour)
    still.fault(tracker=flavour, kind="headers", every=1, times=999)
    report = place.sync()
    assert report.ok, report
    requests = sum(outcome.requests for _, outcome in report.streams)
    assert place.waited > requests * {"jira_cloud": 0.5, "jira_data_center": 0}.get(flavour, 3)
    assert differing(place.rows(), rows) == {}
