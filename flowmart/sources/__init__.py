"""The composition root of the connectors: a configured source in, its connector out."""

from __future__ import annotations

from datetime import date, datetime

from connectors.base import Connector, Held, Recall
from connectors.http import HttpSettings
from connectors.http.limits import Limiters
from connectors.people import Disguise, as_told
from flowmart.config import Config
from flowmart.settings.sources import JiraSource

NIGHTLY = 6
"""How often a request is tried by a job that nobody waits for: for half a minute, if nothing answers."""
WATCHED = 2
"""The same while a person waits."""
LIMITERS = Limiters()
"""For the whole process: a tracker that asked for a pause gets it from later runs of `schedule` too."""


def http_settings(config: Config, *, attempts: int, max_in_flight: int | None = None) -> HttpSettings:
    """How this process asks over HTTP."""
    return HttpSettings(
        max_in_flight=max_in_flight or config.sync.max_in_flight,
        max_wait_seconds=config.sync.max_wait_seconds,
        attempts=attempts,
        answer_seconds=config.network.answer_seconds,
        max_answer_bytes=config.network.max_answer_mb * 1_000_000,
        ca_file=config.network.ca_file,
        limiters=LIMITERS,
    )


def connector(
    config: Config,
    name: str,
    *,
    recall: Recall,
    held: Held | None = None,
    now: datetime,
    people: Disguise = as_told,
    since: date | None = None,
    attempts: int = NIGHTLY,
    max_in_flight: int | None = None,
) -> Connector:
    """The connector of a configured source; nothing is sent yet.

    `people`: what may be stored of people. `since`: look for changes from that day on. `max_in_flight` goes before the
    one of the config. Without `held`, the warehouse has no issue.
    """
    source = config.sources[name]
    http = http_settings(config, attempts=attempts, max_in_flight=max_in_flight)
    # imported when asked for: a tracker's libraries cost a fifth of a second, and many sites have one tracker only
    if isinstance(source, JiraSource):
        from flowmart.sources import jira

        return jira.connector(config, name, source, http, held=held, now=now, people=people, since=since)
    from flowmart.sources import azure_devops

    return azure_devops.connector(config, name, source, http, recall=recall, now=now, people=people, since=since)
