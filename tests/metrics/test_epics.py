"""An issue's epic is its nearest ancestor of level portfolio."""

from __future__ import annotations

from metrics.history.epics import epics


def test_a_sub_task_takes_its_parents_epic() -> None:
    parents = {"sub": "story", "story": "epic", "epic": "initiative"}
    assert epics(parents, {"epic", "initiative"}) == {"sub": "epic", "story": "epic", "epic": "initiative"}


def test_without_an_ancestor_of_level_portfolio_there_is_none() -> None:
    assert epics({"sub": "story"}, set()) == {}


def test_a_parent_that_is_not_held_ends_the_search() -> None:
    assert epics({"story": "elsewhere"}, {"epic"}) == {}


def test_a_ring_of_parents_without_an_epic_has_none_and_ends() -> None:
    assert epics({"a": "b", "b": "c", "c": "a", "outside": "a", "own": "own"}, {"epic"}) == {}


def test_a_ring_with_an_epic_finds_it_from_every_member() -> None:
    assert epics({"a": "b", "b": "epic", "epic": "a"}, {"epic"}) == {"a": "epic", "b": "epic", "epic": "epic"}


def test_a_chain_of_thousands_is_followed() -> None:
    parents = {str(number): str(number + 1) for number in range(5_000)}
    assert set(epics(parents, {"5000"}).values()) == {"5000"}
