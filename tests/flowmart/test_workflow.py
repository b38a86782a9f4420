"""The workflow rules of a source: its own words before the general ones."""

from __future__ import annotations

from flowmart.settings.workflow import WorkflowSection, merged
from metrics.settings import DEFAULT_CANCELLED


def rules(**keys: object) -> WorkflowSection:
    return WorkflowSection.model_validate(keys)


def test_a_status_goes_by_the_source_and_the_others_stay() -> None:
    got = merged(rules(done=["Released", "QA"], todo=["Later"]), rules(in_progress=["qa"]))
    assert got.stages.done == {"Released"}
    assert got.stages.in_progress == {"qa"}
    assert got.stages.todo == {"Later"}


def test_a_list_that_the_source_has_replaces_the_general_one_even_if_empty() -> None:
    got = merged(rules(waiting=["Review"], blocked=["Stuck"]), rules(waiting=[]))
    assert got.waiting == frozenset()
    assert got.blocked == {"Stuck"}


def test_projects_and_types_are_merged_key_by_key() -> None:
    general = rules(projects={"PAY": {"done": ["Live"]}}, types={"Bug": {"done": ["Verified"]}})
    got = merged(general, rules(projects={"PAY": {"todo": ["live"]}, "WEB": {"done": ["Up"]}}))
    assert got.projects["PAY"].done == frozenset()
    assert got.projects["PAY"].todo == {"live"}
    assert got.projects["WEB"].done == {"Up"}
    assert got.types["Bug"].done == {"Verified"}


def test_what_is_left_out_has_its_default() -> None:
    got = merged(rules(), rules())
    assert got.blocking_link_types == {"Blocks", "Predecessor"}
    assert got.cancelled_resolutions == DEFAULT_CANCELLED
    assert got.blocked_by_links


def test_an_empty_list_of_resolutions_cancels_nothing_but_an_empty_list_of_link_types_means_the_default() -> None:
    got = merged(rules(cancelled_resolutions=[], blocking_link_types=[]), rules())
    assert got.cancelled_resolutions == frozenset()
    assert got.blocking_link_types == {"Blocks", "Predecessor"}
