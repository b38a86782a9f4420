"""Computes all sources of a lake that changed, joins what they have in common, and publishes all of it at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pyarrow as pa

from flowmart.cluster.scratch import FILES
from flowmart.cluster.shapes import (
    ChunkAsked,
    Cluster,
    JoinAsked,
    Shared,
    SourceAsked,
    SourceDone,
    SweepAsked,
    Swept,
    Written,
)
from flowmart.cluster.works import JOINED, OUTLINES, PUBLISHED, compute_chunk, compute_source, join, sweep
from lake.computed import COMPUTATIONS, Computation, Draft, read, versions
from lake.errors import LakeError
from lake.layout import SOURCE, TABLES
from lake.opening import Lake, opened
from lake.reading import sources
from metrics.catalog import METRICS
from metrics.crossing.chunks import chunks
from metrics.crossing.outlines import Outline, together
from metrics.outdated import fingerprint

_ISSUES_A_CHUNK = 250_000
_READABLE, _TO_GO_ON_FROM = 2, 1


@dataclass(slots=True)
class Report:
    """What a computation did."""

    computed: list[SourceDone] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[SourceDone] = field(default_factory=list)
    rows: int = 0
    """Computed rows of all sources, the unchanged ones included."""
    cpu_seconds: float = 0.0
    """Of the executors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be computed, and what stays as it is."""

    asked: Sequence[SourceAsked]
    known: Mapping[str, Computation]
    fingerprints: Mapping[str, str]

    def stays(self, source_id: str) -> bool:
        return all(one.source_id != source_id for one in self.asked)


def unchanged(shared: Shared) -> Report | None:
    """The report if there is nothing to compute: then no cluster is needed."""
    plan = _plan(shared, full=False)
    counting = {one.source_id: one.computation for one in plan.known.values() if one.source_id}
    if plan.asked or _differs(plan, _told(plan, counting)):
        return None
    rows = together(_outlines(shared.lake, counting)).rows
    return Report(unchanged=sorted(counting), rows=rows)


def compute_lake(
    cluster: Cluster, shared: Shared, *, full: bool = False, step: Callable[[str], None] = lambda _: None
) -> Report:
    """Compute what changed since the last computation of the same local day, or everything if `full`.

    Readers see the rows of before until all new ones are in the lake; then one source follows the other within
    moments. A source that fails keeps its rows of before. Raises `LakeError`, also when another compute was quicker.
    """
    report, plan = Report(), _plan(shared, full=full)
    for number, done in enumerate(cluster.map(compute_source, shared, plan.asked, SourceDone), 1):
        step(f"computed {number} of {len(plan.asked)} sources")
        (report.computed if done.error is None else report.failed).append(done)
    counting = {one.source_id: one.computation for one in plan.known.values() if one.source_id}
    report.unchanged = sorted(source for source in counting if plan.stays(source))
    kept = [source for source in counting if source not in {done.source_id for done in report.computed}]
    counting |= {done.source_id: done.computation for done in report.computed}
    outline = together([*_outlines(shared.lake, kept), *(done.outline for done in report.computed)])
    report.rows = outline.rows
    told = _told(plan, counting)
    joined = _join(cluster, shared, sorted(counting.values()), outline, step) if _differs(plan, told) else None
    step("publishing")
    if versions(shared.lake) != plan.known:
        raise LakeError(
            f"{shared.lake.url}: another compute has published meanwhile; its rows stand, run this one again"
        )
    _publish(shared, plan, report, joined, told)
    report.cpu_seconds = sum(done.cpu_seconds for done in report.computed) + (joined.cpu_seconds if joined else 0.0)
    if joined is not None:
        _sweep(cluster, shared)
    return report


def _told(plan: _Plan, counting: Mapping[str, str]) -> str:
    """The fingerprint of what belongs to no source alone."""
    return _hash([sorted(counting.items()), plan.fingerprints[""]])


def _differs(plan: _Plan, told: str) -> bool:
    return "" not in plan.known or plan.known[""].fingerprint != told


def _plan(shared: Shared, *, full: bool) -> _Plan:
    """The sources whose page, rules or day differ from those of their last computation, the largest first."""
    known, pages = versions(shared.lake), sources(shared.lake)
    prints = {source: _fingerprint(shared, source) for source in ["", *pages]}
    sizes = _sizes(shared.lake)
    asked = [
        SourceAsked(source, page, known.get(source), anew=full)
        for source, page in pages.items()
        if full or source not in known or (known[source].page, known[source].fingerprint) != (page, prints[source])
    ]
    asked.sort(key=lambda one: (-sizes.get(one.source_id, 0), one.source_id))
    return _Plan(asked=asked, known=known, fingerprints=prints)


def _fingerprint(shared: Shared, source_id: str) -> str:
    """Of code, rules and day; for a source without the rules of other sources.

    The day is in it since ages grow and days are added each day, whether or not anything happened.
    """
    settings = shared.settings
    if source_id:
        settings = replace(settings, source_workflows={source_id: settings.workflow_of(source_id)})
    return _hash([str(shared.today), *(fingerprint(metric, settings) for metric in METRICS)])


def _hash(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


def _sizes(lake: Lake) -> Mapping[str, int]:
    """Source → how many changes it has in the lake, older forms of one counted again."""
    handle = opened(lake, TABLES, "issue_changes")
    if handle is None:
        return {}
    files = pa.table(handle.get_add_actions(flatten=True)).select([f"partition.{SOURCE}", "num_records"])
    summed = files.group_by(f"partition.{SOURCE}").aggregate([("num_records", "sum")])
    return {row[f"partition.{SOURCE}"]: row["num_records_sum"] or 0 for row in summed.to_pylist()}


def _outlines(lake: Lake, source_ids: Iterable[str]) -> list[Outline]:
    some = list(source_ids)
    found = read(lake, OUTLINES, some) if some else pa.table({})
    return [msgspec.json.decode(one, type=Outline) for one in (found["outline"].to_pylist() if found.num_rows else [])]


def _join(
    cluster: Cluster, shared: Shared, counting: Sequence[str], outline: Outline, step: Callable[[str], None]
) -> Written:
    """Write what belongs to no source alone."""
    months = len([*chunks(outline, shared.today)])
    wanted = max(1, min(months, outline.issues // _ISSUES_A_CHUNK))
    some = [*chunks(outline, shared.today, -(-months // wanted) or 1)]
    parts = []
    for number, done in enumerate(
        cluster.map(compute_chunk, shared, [ChunkAsked(one, counting, outline) for one in some], Written), 1
    ):
        step(f"joined {number} of {len(some)} stretches of time")
        parts.append(done)
    names = [part.computation for part in parts]
    (whole,) = cluster.map(join, shared, [JoinAsked(counting, names, outline)], Written)
    return Written(
        computation=whole.computation,
        rows=whole.rows,
        cpu_seconds=whole.cpu_seconds + sum(part.cpu_seconds for part in parts),
    )


def _publish(shared: Shared, plan: _Plan, report: Report, joined: Written | None, told: str) -> None:
    for done in report.computed:
        _commit(
            shared,
            plan.known.get(done.source_id),
            Draft(shared.lake, done.source_id, 0, done.computation),
            PUBLISHED,
            page=done.page,
            fingerprint=plan.fingerprints[done.source_id],
        )
    if joined is not None:
        draft = Draft(shared.lake, "", 0, joined.computation)
        _commit(shared, plan.known.get(""), draft, JOINED, page=None, fingerprint=told)


def _commit(
    shared: Shared,
    before: Computation | None,
    draft: Draft,
    tables: Sequence[str],
    *,
    page: int | None,
    fingerprint: str,
) -> None:
    version = 1 if before is None else before.version + 1
    replace(draft, version=version).commit(tables, page=page, fingerprint=fingerprint, at=shared.now)


def _sweep(cluster: Cluster, shared: Shared) -> None:
    """Keep the last two computations of each source: whoever reads the one before goes on to find it.

    Of files to go on from, the last.
    """
    handle = opened(shared.lake, COMPUTATIONS)
    if handle is None:
        return
    by_source: dict[str, list[tuple[int, str]]] = {}
    for row in handle.to_pyarrow_table(columns=["source_id", "version", "computation"]).to_pylist():
        by_source.setdefault(row["source_id"], []).append((row["version"], row["computation"]))
    kept = {
        most: [name for each in by_source.values() for _, name in sorted(each)[-most:]]
        for most in (_READABLE, _TO_GO_ON_FROM)
    }
    asked = [
        SweepAsked(name, kept[_TO_GO_ON_FROM if name == FILES else _READABLE])
        for name in dict.fromkeys([*PUBLISHED, *JOINED])
    ]
    list(cluster.map(sweep, shared, asked, Swept))
