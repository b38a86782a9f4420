"""A tracker of cards for tests: a real HTTP server over a dictionary, which can be told to fail."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, pairwise
from operator import itemgetter
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "made-up-token"
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = ("ann", "ben", "eva")
LANES = {"1": ("Ideas", "queue"), "2": ("Doing", "work"), "3": ("Review", "work"), "4": ("Done", "end")}
_AT_ONCE = 10


@dataclass(slots=True)
class Tracker:
    """The cards, what is about to fail, and where the server listens."""

    connect: dict[str, dict[str, str]] = field(default_factory=dict)
    cards: dict[int, dict[str, Any]] = field(default_factory=dict)
    failing: dict[int, int] = field(default_factory=dict)
    """Which request from now on is answered by which status."""
    asked: int = 0
    versions: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, number: int, *lanes: str, hours: int = 10) -> None:
        """A card that goes from lane to lane, one every so many hours, and to another person each time."""
        at = [MONDAY + timedelta(hours=number + hours * step) for step in range(len(lanes))]
        owners = [PEOPLE[(number + step) % len(PEOPLE)] for step in range(len(lanes))]
        steps = [
            {"at": at[place + 1].isoformat(), "by": owners[place], "what": what, "old": old, "new": new}
            for what, values in (("lane", lanes), ("owner", owners))
            for place, (old, new) in enumerate(pairwise(values))
        ]
        self.cards[number] = {
            "number": number, "version": next(self.versions), "title": f"Card {number}", "lane": lanes[-1],
            "owner": owners[-1], "size": number % 5 or None, "created": at[0].isoformat(),
            "touched": at[-1].isoformat(), "history": sorted(steps, key=itemgetter("at")),
        }  # fmt: skip

    def advance(self, days: int) -> None:
        """Life goes on: each day a card goes back to the ideas, and a new one comes."""
        for day in range(days):
            self.add(1 + day, "1", "2", "4", "1")
            self.add(max(self.cards) + 1, "1")

    def fault(self, *, status: int, after: int = 0, times: int = 1, **_: object) -> None:
        """After so many requests, this many are answered with the status."""
        self.asked, self.failing = 0, dict.fromkeys(range(after + 1, after + times + 1), status)

    def clear_faults(self) -> None:
        self.failing = {}

    def answer(self, path: str, authorization: str) -> tuple[int, object]:
        """Status and body."""
        self.asked += 1
        if self.asked in self.failing:
            return self.failing[self.asked], {"message": f"so it is told to {authorization}"}
        if authorization != "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode():
            return 401, {"message": f"who is {authorization}?"}
        asked, (_, _, what, *number) = urlsplit(path), urlsplit(path).path.split("/")
        if number:
            card = self.cards.get(int(number[0]))
            return (404, {"message": "no such card"}) if card is None else (200, card)
        after = int(parse_qs(asked.query).get("after", ["0"])[0])
        later = sorted((one for one in self.cards.values() if one["version"] > after), key=itemgetter("version"))
        lanes = [{"id": lane, "name": name, "kind": kind} for lane, (name, kind) in LANES.items()]
        people = [{"id": one, "name": one.title()} for one in PEOPLE]
        answers: dict[str, object] = {
            "me": {"id": "bot", "name": "Bot"},
            "wall": {"key": "ART", "name": "Arts", "lanes": lanes, "people": people},
            "cards": {"cards": later[:_AT_ONCE], "left": len(later)},
            "numbers": list(self.cards),
        }
        return 200, answers[what]


@contextmanager
def serving(cards: int) -> Iterator[Tracker]:
    """A tracker with so many cards, on loopback."""
    tracker = Tracker()
    for number in range(1, cards + 1):
        tracker.add(number, *("1", "2", "3", "4", "3", "4")[: 2 + number % 5])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = tracker.answer(self.path, self.headers["Authorization"] or "")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tracker.connect["cards"] = {"url": f"http://127.0.0.1:{server.server_port}", "token": TOKEN}
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield tracker
    server.shutdown()
    server.server_close()
    thread.join()
