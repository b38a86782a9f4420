"""`flowmart alerts`, and what a run tells of them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy import Connection, Select, case, select

from flowmart.alerting import HIGH, Alert, AlertReport
from flowmart.alerting import preview as preview_of
from flowmart.commands.options import AsJson, print_json, row, session_of, table
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.session import Session
from flowmart.settings.base import nearest
from flowmart.store import standing
from flowmart.text import count, instant, printable
from warehouse.alerts import SEVERITIES
from warehouse.tables.operational import alerts

_MOST_TOLD = 5

All = Annotated[bool, typer.Option("--all", help="Closed ones too.")]
Preview = Annotated[
    bool, typer.Option("--preview", help="Look anew by the rules of the configuration, and store nothing.")
]
RuleName = Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Those of one rule.")]


def command(
    context: typer.Context,
    with_closed: All = False,  # noqa: FBT002 - Typer's shape
    preview: Preview = False,  # noqa: FBT002
    rule: RuleName = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show what is out of line: the open alerts.

    The worst come first, of one severity the newest. They are as of the last run. The rules are flowmart's own and
    those under [[alerts]] in the configuration; docs/alerts.md describes them. With --preview you see what the rules
    would find on the tables of now, before a run does: for trying thresholds.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    if preview and with_closed:
        raise UsageError("--preview has no closed alerts: leave --all out")
    with standing(config) as engine, engine.connect() as connection:
        if rule is not None:
            _require_known(rule, {one.name for one in config.alert_rules()}, connection.scalars(_RULES).all())
        if preview:
            looked = preview_of(connection, config, now=now)
            found = [asdict(one) for one in looked if rule in {None, one.rule}]
        else:
            found = _stored(connection, with_closed=with_closed, rule=rule)
    if as_json:
        print_json(session, found)
    elif preview:
        _show_preview(session, found)
    else:
        _show(session, config, found, with_closed=with_closed)


def tell_alerts(session: Session, report: AlertReport) -> None:
    """How many opened, closed and are open, then the worst of the new ones, a line each."""
    if not (report.opened or report.closed or report.open):
        return
    new, closed = len(report.opened), len(report.closed)
    session.print(f"alerts: {new:,} new, {closed:,} closed, {len(report.open):,} open")
    told = report.opened[:_MOST_TOLD]
    for alert in told:
        for line in _lines(alert, session.out.width):
            session.print(line)
    if len(told) < new:
        session.print(f"  and {new - len(told):,} more new ones: `flowmart alerts`")


def _lines(alert: Alert, width: int) -> list[str]:
    """`  medium  what is the matter`; what does not fit follows below."""
    severity = alert.severity.upper() if alert.severity == HIGH else alert.severity
    head = f"  {severity:<{max(map(len, SEVERITIES))}}  "
    return textwrap.wrap(
        printable(alert.text), max(width, _NARROWEST), initial_indent=head, subsequent_indent=" " * len(head)
    )


_NARROWEST = 40


def _stored(connection: Connection, *, with_closed: bool, rule: str | None) -> list[dict[str, Any]]:
    rows = connection.execute(_wanted(with_closed=with_closed, rule=rule)).mappings()
    return [dict(found) for found in rows]


_RULES = select(alerts.c.rule).distinct()


def _require_known(rule: str, configured: set[str], stored: Sequence[str]) -> None:
    """Raise `UsageError` for a rule that neither the configuration nor any row knows."""
    known = sorted({*configured, *stored})
    if rule not in known:
        raise UsageError(f"--rule: no rule is called {rule!r}{nearest(rule, known)}")


def _wanted(*, with_closed: bool, rule: str | None) -> Select[Any]:
    of = alerts.c
    worst = case({severity: place for place, severity in enumerate(SEVERITIES)}, value=of.severity)
    statement = select(alerts).order_by(of.closed_at.is_not(None), worst, of.opened_at.desc(), of.cause)
    if not with_closed:
        statement = statement.where(of.closed_at.is_(None))
    return statement if rule is None else statement.where(of.rule == rule)


def _show(session: Session, config: Config, found: Sequence[Mapping[str, Any]], *, with_closed: bool) -> None:
    ends = ("until",) if with_closed else ()
    made = table("severity", "since", *ends, "rule", "alert")
    for one in found:
        until = () if not with_closed else (_day(config, one["closed_at"]),)
        row(made, _severity(one["severity"]), _day(config, one["opened_at"]), *until, one["rule"], one["message"])
    if found:
        session.show(made)
    first = next((one["explain"] for one in found if one["issue_id"] or one["period"] or one["sprint_id"]), None)
    if first is not None:
        session.print(f"take one apart, as --json tells for each: {first}")
    still = sum(1 for one in found if one["closed_at"] is None)
    closed = f", {len(found) - still:,} closed" if with_closed else ""
    session.print(f"{count(still, 'open alert')}{closed}")


def _show_preview(session: Session, found: Sequence[Mapping[str, Any]]) -> None:
    made = table("severity", "rule", "alert")
    for one in found:
        row(made, _severity(one["severity"]), one["rule"], one["message"])
    if found:
        session.show(made)
    session.print(f"{count(len(found), 'alert')} by the rules of now; nothing is stored")


def _severity(word: str) -> Text:
    return Text(printable(word), style=_STYLES.get(word, ""))


_STYLES = {"high": "bold red", "medium": "yellow"}


def _day(config: Config, moment: Any) -> str | None:  # noqa: ANN401 - an instant or None
    return None if moment is None else instant(moment, config.zone)[:10]
