"""Which exports are published to Tableau, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exports.base import Written
from flowmart.config import Config
from flowmart.errors import JobFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What became of an export that is to be published: where it is now, or why not."""

    export: str
    told: str
    is_done: bool


def publish(config: Config, written: Mapping[str, Sequence[Written]]) -> list[Publication]:
    """Publish the data source of each of these exports that has a `publish`."""
    wanted = {name: publish for name in written if (publish := config.exports[name].publish) is not None}
    if not wanted:
        return []
    from flowmart.tableau import NotPublished, published  # here, since few have one, and it brings an HTTP client

    found = []
    for name, one in wanted.items():
        try:
            told, is_done = published(config, one, Path(written[name][0].path)), True
        except NotPublished as error:
            told, is_done = str(error), False
        found.append(Publication(export=name, told=told, is_done=is_done))
    return found


def require_published(publications: Sequence[Publication]) -> None:
    """Raise `JobFailed` with what was not published, if there is any."""
    refused = [f"exports.{one.export}.publish: {one.told}" for one in publications if not one.is_done]
    if refused:
        raise JobFailed("; ".join(refused))
