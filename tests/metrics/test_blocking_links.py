"""Which side of a link blocks, told by records as each tracker's connector makes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.azure_devops.gateway import answers as ado
from connectors.azure_devops.pulling import links as ado_links
from connectors.jira.gateway import answers as jira
from connectors.jira.mapping.links import LinkContext, Links, LinkWords
from metrics.base import Context
from metrics.history.blockers import read_blocking
from metrics.history.stages import read_catalogue
from metrics.settings import MetricSettings
from warehouse.records import IssueChange, Record

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BLOCKS = jira.LinkType(name="Blocks", inward="is blocked by", outward="blocks")
OUTWARD, INWARD = "This issue blocks {}", "This issue is blocked by {}"


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def hours(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - MONDAY).total_seconds() / 3600


def spans(company: Any, issue_id: str) -> list[tuple[float | None, float | None, str]]:
    """What links tell of an issue: the same whether all issues are asked about or this one."""
    with company.engine.connect() as connection:
        context = Context(connection=connection, settings=MetricSettings(), now=at(1_000))
        catalogue = read_catalogue(connection, context.settings)
        found = read_blocking(context, catalogue).of(issue_id)
        assert sorted(read_blocking(context, catalogue, [issue_id]).of(issue_id)) == sorted(found)
    return [(hours(begin), hours(end), cause) for begin, end, cause in sorted(found)]


def told_by_jira(
    number: int, other: int, words: str, *, is_there: bool, steps: Iterable[tuple[float, bool]]
) -> list[Record]:
    """What the connector makes of an issue's answer: its link to the other one, and its history of it."""
    key = f"PAY-{other}"
    side = "outward_issue" if words == OUTWARD else "inward_issue"
    now = [jira.Link(id="9001", type=BLOCKS, **{side: jira.LinkedIssue(id=str(other), key=key)})] if is_there else []
    history: list[IssueChange] = []
    for hour, is_made in steps:
        half = "to" if is_made else "from"
        said = dict.fromkeys(("from_value", "from_text", "to_value", "to_text"))
        said |= {f"{half}_value": key, f"{half}_text": words.format(key)}
        history.append(
            IssueChange(
                change_id=f"acme:{number}0{len(history)}:0",
                issue_id=f"acme:{number}",
                entry_number=len(history),
                ordinal=0,
                changed_at=at(hour),
                author_id=None,
                field="link",
                field_id=None,
                **said,
            )
        )
    found = Links()
    context = LinkContext(source_id="acme", held_projects=frozenset({"PAY"}), words=LinkWords([BLOCKS]))
    found.take(context, (f"acme:{number}", f"PAY-{number}"), now, history)
    own, others = found.split(frozenset({f"acme:{number}"}))
    return [*own, *others, *found.events]


@pytest.mark.parametrize(("teller", "other", "words"), [(1, 2, OUTWARD), (2, 1, INWARD)])
def test_in_jira_the_outward_issue_blocks_the_inward_one_whichever_tells_it(
    company: Any, life: Any, teller: int, other: int, words: str
) -> None:
    steps = [(3, True), (5, False), (8, True)]
    company.holds(life(1), life(2), *told_by_jira(teller, other, words, is_there=True, steps=steps))
    assert spans(company, "acme:2") == [(3, 5, "link: acme:1"), (8, None, "link: acme:1")]
    assert spans(company, "acme:1") == []


def test_in_jira_both_sides_together_tell_the_same_as_one(company: Any, life: Any) -> None:
    steps = [(3, True), (5, False)]
    one = told_by_jira(1, 2, OUTWARD, is_there=False, steps=steps)
    other = told_by_jira(2, 1, INWARD, is_there=False, steps=[(hour + 0.001, is_made) for hour, is_made in steps])
    company.holds(life(1), life(2), *one, *other)
    assert spans(company, "acme:2") == [(3, 5, "link: acme:1")]


def told_by_azure_devops(*steps: tuple[float, bool], rel: str = "System.LinkTypes.Dependency") -> list[Record]:
    """What the connector makes of the feed's events of a link from item 1 to item 2."""
    told = [ado.LinkEvent(rel, 1, 2, at(hour), is_active) for hour, is_active in steps]
    return [*ado_links.rows("ado", told), *ado_links.events("ado", told)]


def test_in_azure_devops_the_predecessor_blocks_its_successor(company: Any, life: Any) -> None:
    company.holds(life(1, "ado"), life(2, "ado"), *told_by_azure_devops((3, True), (5, False), (8, True)))
    assert spans(company, "ado:2") == [(3, 5, "link: ado:1"), (8, None, "link: ado:1")]
    assert spans(company, "ado:1") == []


def test_in_azure_devops_a_parent_blocks_no_child(company: Any, life: Any) -> None:
    company.holds(life(1, "ado"), life(2, "ado"), *told_by_azure_devops((3, True), rel="System.LinkTypes.Hierarchy"))
    assert spans(company, "ado:2") == []


def test_in_azure_devops_the_row_says_which_of_two_events_of_one_instant_came_last(company: Any, life: Any) -> None:
    company.holds(life(1, "ado"), life(2, "ado"), *told_by_azure_devops((3, True), (5, True), (5, False)))
    assert spans(company, "ado:2") == [(3, 5, "link: ado:1")]


def test_removed_and_made_again_at_one_instant_is_one_span(company: Any, life: Any) -> None:
    told = told_by_jira(1, 2, OUTWARD, is_there=True, steps=[(2, True), (5, False), (5, True)])
    company.holds(life(1), life(2), *told)
    assert spans(company, "acme:2") == [(2, None, "link: acme:1")]
