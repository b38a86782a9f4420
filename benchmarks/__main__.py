"""`./dev bench [PART …]`: what a pull, a load, a compute and an export cost, and whether the promises are kept.

Without a part all of them run, on small sites. CPU counts rather than time, and ratios of one run rather than figures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import compute, export, promises, schedule
from benchmarks.measuring import Measure
from benchmarks.measuring import measure as measure_apart
from benchmarks.pulling import pull_azure_devops, pull_jira
from benchmarks.trackers import trackers
from benchmarks.warehouses import engines

PARTS = ("pull", "ado", "latency", "memory", "nights", "compute", "export")
NAMED_ONLY = ("schedule",)
"""Parts that take long and are done when they are named."""
_OF_MADE_ROWS = {"compute", "export"}
"""Parts that need no tracker."""
_HELP = {
    "parts": f"what to measure: {', '.join(PARTS)}; all of these if none is named. `pull` has load, compute and export "
    f"too; by name only: {', '.join(NAMED_ONLY)}",
    "nights": "how many nights the schedule runs through, by a clock of its own",
    "issues": "sizes of the sites: so many issues in Jira, and as many in Azure DevOps",
    "peers": "also pull with others, where they are installed",
}


def main(arguments: Sequence[str] | None = None, measure: Measure = measure_apart) -> None:
    """Print the figures of each part, for each size."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=_HELP["parts"])
    parser.add_argument("--issues", nargs="+", type=int, default=[2_000, 20_000], help=_HELP["issues"])
    parser.add_argument("--changed", type=int, default=1_000, help="issues that change before a night")
    parser.add_argument("--latency-ms", type=int, default=100, help="how long a slow tracker takes for each answer")
    parser.add_argument("--in-flight", type=int, default=16, help="requests at once to a slow tracker")
    parser.add_argument("--nights", type=int, default=1_000, help=_HELP["nights"])
    parser.add_argument("--peers", action="store_true", help=_HELP["peers"])
    parser.add_argument("--no-postgresql", action="store_true", help="SQLite only")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in {*PARTS, *NAMED_ONLY}]
    if unknown:
        parser.error(f"no part named {', '.join(unknown)}; there are {', '.join((*PARTS, *NAMED_ONLY))}")
    wanted = options.parts or PARTS
    if "schedule" in wanted:
        schedule.main(options.nights)
        wanted = [part for part in wanted if part != "schedule"]
    for size in options.issues:
        if wanted and not set(wanted) <= _OF_MADE_ROWS:
            _of_a_site(wanted, size, options, measure)
    if "compute" in wanted:
        compute.main(["--issues", str(max(options.issues))])
    if "export" in wanted:
        export.main(["--issues", str(max(options.issues))], measure)


def _of_a_site(wanted: Sequence[str], size: int, options: argparse.Namespace, measure: Measure) -> None:
    with tempfile.TemporaryDirectory() as folder, trackers(2 * size) as (jira, azure_devops):  # each has half
        needs_postgresql = not options.no_postgresql and not {"pull", "ado"}.isdisjoint(wanted)
        with engines(Path(folder), with_postgresql=needs_postgresql) as found:
            if "pull" in wanted:
                pull_jira(jira, found, measure, with_peers=options.peers)
            if "ado" in wanted:
                pull_azure_devops(azure_devops, found, measure, with_peers=options.peers)
            if "latency" in wanted:
                promises.latency(jira, found[0], measure, milliseconds=options.latency_ms, in_flight=options.in_flight)
            if "memory" in wanted:
                promises.memory(jira, found[0], measure)
            if "nights" in wanted:  # last, since the site changes
                promises.nights(jira, found[0], measure, changed=options.changed)


if __name__ == "__main__":
    main()
