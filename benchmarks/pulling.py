"""Whole pulls of a Jira Cloud site and of an Azure DevOps organisation, beside the floor and beside others."""

from __future__ import annotations

from benchmarks import peers
from benchmarks.measuring import Measure, Measured, WorkFailed
from benchmarks.showing import say, show, title
from benchmarks.trackers import Tracker
from benchmarks.warehouses import Engine
from connectors.jira.mapping.issues import NOT_ASKED

LEFT_OUT = sorted(NOT_ASKED)
"""Fields that flowmart does not ask for; the floor fetches the same."""


def pull_jira(tracker: Tracker, engines: list[Engine], measure: Measure, *, with_peers: bool) -> None:
    """Every stage on every engine; the first pull only makes the relay know all answers."""
    warm = measure("benchmarks.work:pull", config=engines[0].config(tracker, "warm"), now=tracker.now)
    count = warm.told["issues"]
    title(f"Jira Cloud, {count:,} issues with {warm.told['changes']:,} changes; per issue")
    for engine in engines:
        least = floor_jira(tracker, engine, measure)
        show(f"{engine.name}: floor", least, count, least)
        config, served = engine.config(tracker, "pull"), engine.server_seconds()
        found = measure("benchmarks.work:pull", config=config, now=tracker.now)
        served = engine.server_seconds() - served
        rest = f"server {served / count * 1000:.3f} ms" if served else ""
        show(f"{engine.name}: pull", found, count, least, rest=rest)
        for stage in ("fetch_and_map", "load"):
            stages = measure(f"benchmarks.work:{stage}", config=engine.config(tracker, "stage"), now=tracker.now)
            show(f"{engine.name}:   {stage.replace('_', ' ')}", stages, count, least)
        _after_pull(engine, config, tracker, count, measure)
    if with_peers:
        _show_peers(peers.jira(tracker), count, floor_jira(tracker, engines[0], measure), measure)


def _after_pull(engine: Engine, config: str, tracker: Tracker, count: int, measure: Measure) -> None:
    show(f"{engine.name}: compute", measure("benchmarks.work:compute", config=config, now=tracker.now), count)
    for name in ("parquet", "csv"):
        written = measure("benchmarks.work:export", config=config, name=name, now=tracker.now)
        show(f"{engine.name}: export {name}", written, count)


def pull_azure_devops(tracker: Tracker, engines: list[Engine], measure: Measure, *, with_peers: bool) -> None:
    """The feed of revisions alone, then everything."""
    warm = measure("benchmarks.work:pull", config=engines[0].config(tracker, "warm"), now=tracker.now)
    count = warm.told["done"]["issues"]
    title(f"Azure DevOps, {warm.told['issues']:,} items with {count:,} revisions; per revision")
    for engine in engines:
        where = engine.plain("floor")
        least = measure("benchmarks.floor:azure_devops", url=tracker.url, token=tracker.token, warehouse=where)
        show(f"{engine.name}: floor", least, count, least)
        for stage in ("feed", "pull"):
            config, served = engine.config(tracker, "pull"), engine.server_seconds()
            found = measure(f"benchmarks.work:{stage}", config=config, now=tracker.now)
            served = engine.server_seconds() - served
            rest = f"server {served / count * 1000:.3f} ms" if served else ""
            show(f"{engine.name}: {stage}", found, count, least, rest=rest)
    if with_peers:
        _show_peers(peers.azure_devops(tracker), count, least, measure)


def floor_jira(tracker: Tracker, engine: Engine, measure: Measure) -> Measured:
    """The least for a Jira."""
    return measure(
        "benchmarks.floor:jira",
        url=tracker.url,
        email=tracker.email,
        token=tracker.token,
        projects=tracker.projects,
        left_out=LEFT_OUT,
        warehouse=engine.plain("floor"),
    )


def _show_peers(asked: list[peers.Peer], count: int, least: Measured, measure: Measure) -> None:
    for peer in asked:
        if peer.missing:
            say(peer.name, f"skipped: {peer.missing}")
            continue
        try:
            measure(peer.work, **peer.arguments)  # its own requests, so that the relay knows the answers
            show(peer.name, measure(peer.work, **peer.arguments), count, least)
        except WorkFailed as failure:
            say(peer.name, f"skipped: it failed: {failure}")
