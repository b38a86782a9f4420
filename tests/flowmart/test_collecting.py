"""How often a sync lets the collector look."""

from __future__ import annotations

import gc

import pytest

from flowmart.syncing.collecting import seldom_collected


def test_the_collector_looks_seldom_and_not_at_what_was_there_before() -> None:
    usual = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold()[0] > usual[0]
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_all_is_as_before_when_the_work_fails() -> None:
    usual = gc.get_threshold()
    with pytest.raises(LookupError), seldom_collected():
        raise LookupError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (usual, 0)
