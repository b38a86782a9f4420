"""The lines that the benchmarks print."""

from __future__ import annotations

from benchmarks.measuring import Measured


def title(text: str) -> None:
    """What the lines below are about."""
    print(f"\n{text}", flush=True)


def show(what: str, found: Measured, count: int, floor: Measured | None = None, *, rest: str = "") -> None:
    """One piece of work on `count` things of a kind; what it took beside the floor, if one is given."""
    rate, each = count / max(found.wall_seconds, 1e-9), found.cpu_seconds / max(count, 1) * 1000
    beside = f"{found.cpu_seconds / floor.cpu_seconds:6.2f} ×" if floor is not None else " " * 8
    asked = f"{found.told['requests']:6,} requests" if "requests" in found.told else " " * 15
    print(
        f"  {what:32}{rate:10,.0f}/s{each:9.3f} ms{beside}{found.peak_mb:7.0f} MB{asked}  {rest}".rstrip(), flush=True
    )


def say(what: str, text: str) -> None:
    """A line without figures of a process."""
    print(f"  {what:32}{text}", flush=True)
