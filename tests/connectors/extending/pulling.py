"""Which pages there are, and the bookmark behind each; and what a census asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.base import CensusPart, Located, Missing, Page, Progress, SprintReport
from connectors.errors import UnexpectedResponse
from connectors.lazy import cached_property
from tests.connectors.extending.gateway import Card, Gateway, Wall
from tests.connectors.extending.mapping import of_card, of_wall
from warehouse.records import Record, native_id, qualified_id


class Pages:
    """The pages of both streams, and those that a census asks for by id."""

    def __init__(self, source_id: str, url: str, gateway: Gateway) -> None:
        self._source_id = source_id
        self._url = url
        self._gateway = gateway

    @cached_property
    def wall(self) -> Wall:
        """Asked for once a run."""
        return self._gateway.wall()

    def walls(self, _: str | None) -> Iterator[Page]:
        """A page that comes whole each time: there is little of it, and no bookmark to keep."""
        yield Page(records=list(of_wall(self._source_id, self._url, self.wall)))

    def cards(self, bookmark: str | None) -> Iterator[Page]:
        """What changed since the bookmark, which is the last version of the page before it."""
        version, done = int(bookmark or 0), 0
        while (found := self._gateway.cards(version)).cards:
            last = found.cards[-1].version
            if last <= version:  # or it would go on for ever
                raise UnexpectedResponse(f"GET api/cards: version {last} comes after version {version}")
            version = last
            progress = Progress(done=done + len(found.cards), total=done + found.left)
            done = progress.done
            yield Page(records=self._records(found.cards), bookmark=str(version), progress=progress)

    def _records(self, cards: Iterable[Card]) -> list[Record]:
        return [record for card in cards for record in of_card(self._source_id, self._url, self.wall, card)]

    def parts(self) -> Iterator[CensusPart]:
        """The whole wall is one part; it counts what it lists."""
        ids = frozenset(qualified_id(self._source_id, number) for number in self._gateway.numbers())
        project_id = qualified_id(self._source_id, self.wall.key)
        yield CensusPart(label=f"wall {self.wall.key}", project_id=project_id, ids=ids, expected=len(ids))

    def locate(self, missing: Sequence[Missing]) -> Iterator[Located]:
        """Asked for by number: a card that does not answer is deleted, any other was missed by the listing."""
        for one in missing:
            card = self._gateway.card(native_id(one.issue_id))
            if card is None:
                yield Located(issue_id=one.issue_id, absence="deleted", reason="asked for by number, it is not there")
            else:
                yield Located(issue_id=one.issue_id, absence=None, page=Page(records=self._records([card])))

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        """These cards, without a bookmark."""
        found = (self._gateway.card(native_id(issue_id)) for issue_id in issue_ids)
        yield Page(records=self._records(card for card in found if card is not None))

    def sprint_reports(self, sprints: Mapping[str, str]) -> Iterator[SprintReport]:  # noqa: ARG002 - there are none
        """This tracker knows no sprints."""
        yield from ()
