"""The pages of sprints and metrics for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from flowmart.explaining.paper import Column, Paper, ink, plain, points, share, signed
from flowmart.explaining.shapes import Figure, Line, Listed, MetricPage, RowPart, SprintPage, Trend
from flowmart.explaining.sums import total
from flowmart.sparkline import draws_bars, sparkline
from flowmart.text import count, instant

_MOST = 30
_FIRST, _LAST = 12, 8
_LEDGER_MOST = 60
_MARKS = 26
_SIGNS = {"committed": "", "added": "+ ", "removed": "− ", "reestimated": "+ ", "final_scope": "= "}
_PARTS = {"completed": "", "carried_over": "+ ", "cancelled": "+ "}
_RATIOS = {"say_do": "say/do", "completion_rate": "completion rate", "scope_change": "scope change"}


def show_sprint(paper: Paper, page: SprintPage) -> None:
    """A sprint: its sums, then each issue's share of each."""
    board = f", {page.board}" if page.board else ""
    paper.line(ink(page.name, "strong"), ink(f"  {page.state}{board}, {page.sprint_id}"))
    until = "now" if page.state == "active" else "end"
    paper.line(f"start {instant(page.start_at, paper.zone)}, {until} {instant(page.end_at, paper.zone)}")
    for note in page.notes:
        paper.line(ink(note, "quiet"))
    paper.fresh(page.freshness)
    figures = {one.name: one for one in page.row.figures}
    paper.heading("Sums", "the first block and the second end in the same final scope")
    columns = [Column(""), Column("points", right=True), Column("issues", right=True), Column("which are", grows=True)]
    paper.table(columns, _sums(figures))
    paper.heading("Ratios")
    columns = [Column(""), Column("points", right=True), Column("of points", grows=True)]
    columns += [Column("issues", right=True), Column("of issues", grows=True)]
    rows = []
    for name, title in _RATIOS.items():
        own = (figures[f"{name}_points"], figures[f"{name}_issues"])
        rows.append((title, *(cell for one in own for cell in (share(one.stored), one.formula))))
    paper.table(columns, rows)
    _disagreement(paper, page.row)
    _ledger(paper, page)


def _sums(figures: Mapping[str, Figure]) -> list[tuple[str | Text, ...]]:
    rows: list[tuple[str | Text, ...]] = []
    for block in (_SIGNS, {**_PARTS, "final_scope": "= "}, {"completed_outside": ""}):
        if rows:
            rows.append(("", "", "", ""))
        for name, sign in block.items():
            title = f"{sign}{name.replace('_', ' ')}"
            rows.append(
                (
                    ink(title, "strong" if name == "final_scope" else "plain"),
                    _amount(name, figures[f"{name}_points"]),
                    str(figures[f"{name}_issues"].stored),
                    ink(figures[f"{name}_points"].formula, "quiet"),
                )
            )
    unestimated = figures["unestimated_issues"]
    rows.append((ink("unestimated"), "", str(unestimated.stored), ink(unestimated.formula, "quiet")))
    return rows


def _amount(name: str, figure: Figure) -> str:
    value = figure.stored
    if name == "reestimated" and isinstance(value, int | float):
        return signed(value)
    return points(value) if isinstance(value, int | float) else "–"


_LEDGER: Mapping[str, str] = {
    "committed": "comm.",
    "added": "added",
    "removed": "rem.",
    "reestimated": "re-est.",
    "final_scope": "final",
    "completed": "done",
    "kept": "kept",
    "carried_over": "carried",
    "cancelled": "canc.",
    "completed_outside": "outside",
}


def _ledger(paper: Paper, page: SprintPage) -> None:
    """One row an issue, one column a figure, and the sums at the end."""
    lists = {one.name: one for one in page.row.lists}
    shown = {name: title for name, title in _LEDGER.items() if lists[name].lines or name in {"committed", "completed"}}
    lines = {one.issue_id: one for each in page.row.lists for one in each.lines}
    paper.heading("Issue by issue", "points in each figure; 0? stands for no estimate")
    columns = [Column("issue"), Column("summary", shrinks=True)]
    columns += [Column(title, right=True) for title in shown.values()]
    cells = {name: _cells(name, lists[name]) for name in shown}
    rows: list[tuple[str | Text, ...]] = [
        (one.key, one.summary, *(cells[name].get(issue_id, "") for name in shown))
        for issue_id, one in sorted(lines.items(), key=lambda item: _key_order(item[1].key))
    ]
    hidden = max(0, len(rows) - _LEDGER_MOST)
    figures = {one.name: one for one in page.row.figures}
    sums = [
        _amount(name, figures[f"{name}_points"]) if name != "kept" else f"{total(lists[name].lines, 'points'):g}"
        for name in shown
    ]
    kept = rows[: len(rows) - hidden]
    if hidden:
        kept.append((ink(f"… {hidden} more", "quiet"), ink("--json has all", "quiet"), *("" for _ in shown)))
    kept.append((ink("points", "strong"), ink("the table says", "quiet"), *(ink(one, "strong") for one in sums)))
    issues = [
        str(figures[f"{name}_issues"].stored) if name != "kept" else str(len(lists[name].lines)) for name in shown
    ]
    kept.append((ink("issues", "strong"), ink("the table says", "quiet"), *(ink(one, "strong") for one in issues)))
    paper.table(columns, kept)


def _cells(name: str, listed: Listed) -> dict[str, str]:
    """Issue → its points in the figure; several events of one issue with a plus between."""
    found: dict[str, list[str]] = {}
    for one in listed.lines:
        value = one.values["points"]
        number = float(value) if isinstance(value, int | float) else 0.0
        text = signed(number) if name == "reestimated" else f"{number:g}"
        found.setdefault(one.issue_id, []).append(text if value is not None else "0?")
    return {
        issue_id: " ".join(texts) if name == "reestimated" else "+".join(texts) for issue_id, texts in found.items()
    }


def _key_order(key: str) -> tuple[str, int]:
    head = key.rstrip("0123456789")
    return head, int(key[len(head) :] or 0)


def show_metric(paper: Paper, page: MetricPage) -> None:
    """The rows of a metric: figures, then the issues behind them."""
    period = "" if page.period is None else f" {page.period}"
    days = "" if page.first_on is None else f" ({page.first_on} to {page.last_on}, days in {paper.zone.key})"
    paper.line(ink(f"{page.metric}{period}", "strong"), f"{days}, {page.group}")
    paper.line(page.says)
    paper.fresh(page.freshness)
    _trends(paper, page.trends)
    for part in page.rows:
        _part(paper, part)


def _trends(paper: Paper, trends: Sequence[Trend]) -> None:
    """What the numbers were before, drawn and written."""
    if not trends or len(trends[0].periods) < _SHORTEST_TREND:
        return
    drawn = draws_bars(paper.session.out)
    first, *_, last = trends[0].periods
    paper.heading("Trend", f"{len(trends[0].periods)} periods that begin from {first} to {last}; bars begin at zero")
    columns = [Column("figure"), *([Column("")] if drawn else []), Column("values", grows=True)]
    rows: list[tuple[str | Text, ...]] = []
    for one in trends:
        values = " · ".join(plain(one.name, value, paper.zone) for value in one.values)
        rows.append((one.name, *([ink(sparkline(one.values), "strong")] if drawn else []), values))
    paper.table(columns, rows)


_SHORTEST_TREND = 3


def _part(paper: Paper, part: RowPart) -> None:
    paper.heading(part.title)
    for note in part.notes:
        paper.line(ink(note, "quiet"))
    rows = [(one.name, plain(one.name, one.stored, paper.zone), one.formula) for one in part.figures]
    paper.table([Column("figure"), Column("value", right=True), Column("which is", grows=True)], rows)
    _disagreement(paper, part)
    for each in part.lists:
        if each.lines:
            _list(paper, each)


def _disagreement(paper: Paper, part: RowPart) -> None:
    """Whether the table's numbers are those of the issues below."""
    wrong = [one for one in part.figures if not one.agrees]
    if not wrong:
        said = f"  checked: {count(len(part.figures), 'figure')}, each is what the issues below give"
        paper.line(ink(said, "good"))
        return
    for one in wrong:
        here, there = (plain(one.name, value, paper.zone) for value in (one.from_issues, one.stored))
        said = f"  ! {one.name}: the table says {there}, the issues below give {here}: run `flowmart compute`"
        paper.line(ink(said, "wrong"))


def _list(paper: Paper, listed: Listed) -> None:
    paper.heading(f"{listed.name} ({len(listed.lines):,})", listed.rule)
    names = [name for name in listed.lines[0].values if any(one.values.get(name) is not None for one in listed.lines)]
    has_marks = any(one.marks for one in listed.lines)
    columns = [Column("issue"), *([Column("type")] if paper.is_wide else []), Column("summary", shrinks=True)]
    columns += [_column(paper, listed.lines, name) for name in names]
    columns += [Column("", most=_MARKS)] if has_marks else []
    shown = _shown(listed.lines)
    rows: list[tuple[str | Text, ...]] = []
    before = -1
    for place in shown:
        if place != before + 1:
            gap = ink(f"{place - before - 1} more, --json has all", "quiet")
            rows.append((ink("…", "quiet"), *([""] if paper.is_wide else []), gap))
        rows.append(_row(paper, listed.lines[place], names, has_marks=has_marks))
        before = place
    paper.table(columns, [(*row, *("" for _ in range(len(columns) - len(row)))) for row in rows])


def _row(paper: Paper, one: Line, names: Sequence[str], *, has_marks: bool) -> tuple[str | Text, ...]:
    values = [plain(name, one.values.get(name), paper.zone) for name in names]
    kind = [one.issue_type] if paper.is_wide else []
    marks = [ink("; ".join(one.marks), "strong")] if has_marks else []
    return (one.key, *kind, one.summary, *values, *marks)


def _column(paper: Paper, lines: Sequence[Line], name: str) -> Column:
    """Numbers and days keep their width; texts fold where there is little room."""
    folds = not paper.is_wide and any(isinstance(one.values.get(name), str) for one in lines)
    return Column(name.replace("_", " "), right=_is_number(lines, name), grows=folds)


def _is_number(lines: Sequence[Line], name: str) -> bool:
    return any(isinstance(one.values.get(name), int | float) for one in lines)


def _shown(lines: Sequence[Line]) -> list[int]:
    """Which lines to show: of a long list the first, the last, and percentile places with their neighbours."""
    if len(lines) <= _MOST:
        return list(range(len(lines)))
    places = {*range(_FIRST), *range(len(lines) - _LAST, len(lines))}
    for place, one in enumerate(lines):
        if any(mark.startswith("p") and mark[1:3].isdigit() for mark in one.marks):
            places |= {max(place - 1, 0), place, min(place + 1, len(lines) - 1)}
    return sorted(places)
