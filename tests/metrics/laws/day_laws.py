"""Law 4: on each day `daily_flow` holds every issue that existed at its end, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from tests.metrics.laws.found import Found, Row

_GROUP = ("project_id", "board_id", "issue_type", "level", "status", "stage")


def days_hold_all_issues(found: Found) -> None:
    """The sums over statuses are the issues that existed at the day's end, in the true state and the monotone one."""
    rows = found.lab.rows("daily_flow")
    true: Counter[date] = Counter()
    monotone: Counter[date] = Counter()
    for row in rows:
        true[row["day"]] += row["issues"]
        monotone[row["day"]] += row["issues_monotone"]
    existed = Counter({day: len(list(_existing(found, end))) for day, end in _days(found)})
    assert +true == +monotone == +existed


def days_say_what_happened(found: Found) -> None:
    """Each status holds the issues that were in it at the day's end, and the days join: came less went is the gain."""
    names = {status["status_id"]: status["name"] for status in found.lab.rows("statuses")}
    wanted: Counter[tuple[object, ...]] = Counter()
    for day, end in _days(found):
        for issue in _existing(found, end):
            stay = [one for one in found.stays[issue["issue_id"]] if one["entered_at"] < end][-1]
            status = names.get(stay["status_id"], stay["status"])
            wanted[day, *(issue[name] for name in _GROUP[:4]), status, stay["stage"]] += 1
    rows = {(row["day"], *(row[name] for name in _GROUP)): row for row in found.lab.rows("daily_flow")}
    assert {key: row["issues"] for key, row in rows.items() if row["issues"]} == wanted
    for (day, *group), row in rows.items():
        before = rows.get((day - timedelta(days=1), *group))
        assert row["issues"] - (before["issues"] if before else 0) == row["arrivals"] - row["departures"]


def no_line_ever_falls(found: Found) -> None:
    """In the monotone variant the issues that are at least in a stage never become fewer."""
    ranks = {"todo": 0, "in_progress": 1, "done": 2, "removed": 3, None: 4}
    lines: defaultdict[int, Counter[date]] = defaultdict(Counter)
    for row in found.lab.rows("daily_flow"):
        for rank in range(ranks[row["stage"]] + 1):
            lines[rank][row["day"]] += row["issues_monotone"]
    for line in lines.values():
        heights = [line[day] for day, _ in _days(found)]
        assert heights == sorted(heights)


def _days(found: Found) -> Iterator[tuple[date, datetime]]:
    """The local days of the company with the instant at which each ends; the last one ends now."""
    zone = found.settings.calendar.timezone
    last = found.now.astimezone(zone).date()
    day = min([last, *(issue["created_at"].astimezone(zone).date() for issue in found.issues)])
    while day <= last:
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        yield day, min(end.astimezone(found.now.tzinfo), found.now + timedelta(microseconds=1))
        day += timedelta(days=1)


def _existing(found: Found, end: datetime) -> Iterator[Row]:
    return (issue for issue in found.issues if issue["absence"] is None and issue["created_at"] < end)
