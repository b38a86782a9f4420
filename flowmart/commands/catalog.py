"""Which commands there are, and what the list of all says of each before its code is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the commands: it is `command` of the module of its name beside this one."""

    summary: str
    """The first line of its help text."""
    examples: tuple[str, ...]


def module_name(command: str) -> str:
    """The module of a command, beside this one."""
    return command.replace("-", "_")


COMMANDS: Mapping[str, Entry] = {
    "init": Entry(
        "Write a commented flowmart.toml to start from.",
        (
            "flowmart init",
            "flowmart init --jira-url https://acme.atlassian.net \\",
            "    --jira-email bot@acme.example",
            "flowmart init --ado-url https://dev.azure.com/acme --ado-token-env ADO_PAT",
        ),
    ),
    "check": Entry(
        "Try the configuration without writing anything.",
        ("flowmart check", "flowmart check --json", "flowmart check --notify"),
    ),
    "sync": Entry(
        "Pull what changed in the trackers into the warehouse.",
        ("flowmart sync", "flowmart sync acme --full", "flowmart sync --since 2026-09-01"),
    ),
    "compute": Entry(
        "Bring the metric tables up to date, asking no tracker.",
        (
            "flowmart compute",
            "flowmart compute --full",
            "flowmart compute --as-of 2026-06-30 --format csv --to june",
            "flowmart compute --engine spark --into-warehouse",
        ),
    ),
    "export": Entry(
        "Write tables as files for BI tools and spreadsheets.",
        (
            "flowmart export",
            "flowmart export bi",
            "flowmart export --format csv --to files --table issues --table issue_flow",
        ),
    ),
    "report": Entry(
        "Write the report as one HTML file.",
        ("flowmart report", "flowmart report --to delivery.html"),
    ),
    "run": Entry(
        "Sync, compute, alert, export and report: the nightly job.",
        ("flowmart run", "flowmart -c /etc/flowmart.toml --log-format json run"),
    ),
    "schedule": Entry(
        "Stay and do the nightly job when it is due, until stopped.",
        ("flowmart schedule",),
    ),
    "status": Entry(
        "Show when each source was last synced, and how that went.",
        ("flowmart status", "flowmart status --sizes", "flowmart status --json"),
    ),
    "alerts": Entry(
        "Show what is out of line: the open alerts.",
        (
            "flowmart alerts",
            "flowmart alerts --all --rule old_work",
            "flowmart alerts --preview",
            "flowmart alerts --json",
        ),
    ),
    "reconcile": Entry(
        "Compare the warehouse with the trackers.",
        ("flowmart reconcile", "flowmart reconcile acme --sprints 10 --json"),
    ),
    "explain": Entry(
        "Show how a number came to be.",
        (
            "flowmart explain PAY-123",
            "flowmart explain PAY-123 4711 --json",
            'flowmart explain --sprint "PAY Sprint 14"',
            "flowmart explain --metric defect_escape --period 2026-05",
            "flowmart explain --metric cycle_time_trend --period 2026-W20 --project PAY",
            "flowmart explain --metric daily_flow --period 2026-05-14",
            'flowmart explain --metric velocity_trend --sprint "PAY Sprint 14"',
        ),
    ),
    "migrate": Entry(
        "Bring the warehouse's schema to the newest revision.",
        ("flowmart migrate --check", "flowmart migrate", "flowmart migrate --sql > tables.sql"),
    ),
    "erase-user": Entry(
        "Erase a person from the warehouse, for good.",
        ("flowmart erase-user acme:5b10ac8d82e05b22cc7d4ef5 --dry-run", 'flowmart erase-user "Mia Berg" --yes'),
    ),
    "copy": Entry(
        "Copy the whole warehouse into an empty one.",
        (
            "flowmart copy --to 'postgresql+psycopg://flowmart:${PGPASSWORD}@db/flowmart'",
            "flowmart copy --to sqlite:///laptop.db --verify",
        ),
    ),
    "lake": Entry(
        "Merge the pages of a lake, so that it stays fast and small.",
        ("flowmart lake compact", "flowmart lake compact acme"),
    ),
    "demo": Entry(
        "Try the whole job against simulated trackers.",
        ("flowmart demo", "flowmart demo --to trial --issues 500", "flowmart demo --serve"),
    ),
}
"""Name → command, in the order of the list."""
