"""Asks once more for issues that could not be read in an earlier sync: they need not change to be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowmart.syncing.job import Job, Tally
from flowmart.syncing.pages import issue_ids, sentence, write_page
from warehouse.malformed import malformed_issues, settle_malformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import Census

STREAM = "malformed"
_MOST = 1_000
"""In one sync; the rest comes in the next ones."""


def malformed_before(job: Job, source: str) -> list[str]:
    """The issues of the source that an earlier sync could not read."""
    with job.engine.connect() as connection:
        return malformed_issues(connection, source, job.now, _MOST)


def ask_again(job: Job, source: str, asked: Sequence[str], census: Census, tally: Tally) -> None:
    """Pull these issues by id. What is no longer given is no longer malformed: the census says where it is."""
    came: set[str] = set()
    for page in census.pull(asked):
        with job.writing() as connection:
            tally.rows_written += write_page(connection, page, job.privacy, job.now)
        came.update(issue_ids(page.records), (one.issue_id for one in page.malformed))
        tally.rows_read += len(page.records)
        for one in page.malformed:
            job.events.note(source, sentence(one))
    with job.writing() as connection:
        settle_malformed(connection, (), set(asked) - came, job.now)
