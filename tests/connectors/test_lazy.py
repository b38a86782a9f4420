"""A property worked out once waits for no other object of its class."""

from __future__ import annotations

import threading

from connectors.lazy import cached_property


class Site:
    """Asks its tracker when it is first asked."""

    def __init__(self, tracker: threading.Event) -> None:
        self.tracker = tracker
        self.asked = 0

    @cached_property
    def name(self) -> str:
        """What the tracker says."""
        self.asked += 1
        self.tracker.wait(30)
        return f"name {self.asked}"


def test_it_is_worked_out_once_and_may_be_forgotten() -> None:
    site = Site(threading.Event())
    site.tracker.set()
    assert (site.name, site.name, site.asked) == ("name 1", "name 1", 1)
    del site.__dict__["name"]
    assert site.name == "name 2"
    assert Site.name.__doc__ == "What the tracker says."


def test_an_object_whose_tracker_is_silent_keeps_no_other_waiting() -> None:
    silent, quick = Site(threading.Event()), Site(threading.Event())
    quick.tracker.set()
    waiting = threading.Thread(target=lambda: silent.name)
    waiting.start()
    try:
        assert quick.name == "name 1"
        assert "name" not in silent.__dict__
    finally:
        silent.tracker.set()
        waiting.join()
    assert silent.name == "name 1"
