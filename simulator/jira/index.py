"""The search index of a site: what a search knows of the issues, which with a lag is their recent past."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from simulator.company import Issue, replay
from simulator.jira.site import Site


def indexed(site: Site, reconciled: Collection[int] = ()) -> list[Issue]:
    """The issues that the caller may see, as the index knows them; their answers still show them as they are.

    The reconciled ones are looked up, not searched for: the index's lag does not concern them.
    """
    if not site.index_lag:
        return site.issues()
    until = site.company.now - site.index_lag * 1000
    known = [issue for issue in site.issues() if issue.created_at <= until or issue.id in reconciled]
    return [i if i.updated_at <= until or i.id in reconciled else _past(i, until) for i in known]


def _past(issue: Issue, until: int) -> Issue:
    """The issue as it was at an instant."""
    state, updated_at = dict(issue.initial), issue.created_at
    for event, now in replay(issue):
        if event is not None and event.at > until:
            break
        state, updated_at = dict(now), updated_at if event is None else event.at
    remarks = [comment.at for comment in issue.comments if comment.at <= until]
    events = [event for event in issue.events if event.at <= until]
    return replace(issue, state=state, events=events, updated_at=max([updated_at, *remarks]))
