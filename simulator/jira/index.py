"""The search index of a site: what a search knows of the issues, which with a lag is their recent past."""

from __future__ import annotations

from dataclasses import replace

from simulator.company import Issue, replay
from simulator.jira.site import Site


def indexed(site: Site) -> list[Issue]:
    """The issues that the caller may see, as the index knows them; their answers still show them as they are."""
    if not site.index_lag:
        return site.issues()
    until = site.company.now - site.index_lag * 1000
    known = [issue for issue in site.issues() if issue.created_at <= until]
    return [issue if issue.updated_at <= until else _past(issue, until) for issue in known]


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
