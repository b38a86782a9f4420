"""Draws two pictures of the documentation as HTML: the report's pages for Power BI, and which table filters which.

    ./dev python tools/pictures.py FOLDER

A browser makes the pictures of them: `chromium --headless --window-size=1660,1510 --screenshot=power-bi-pages.png
power-bi-pages.html`, and 700,1120 for the other one. Cut off what is white, and put them into docs/pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from exports.model import Model, Role, bi_model
from exports.powerbi.layout import HEIGHT, WIDTH, Page, Visual, box
from exports.powerbi.pages import PAGES

_SCALE = 0.62
_BLUE = "#1f4e79"
_KINDS = {
    "slicer": "",
    "card": "",
    "clusteredColumnChart": "columns",
    "columnChart": "stacked columns",
    "clusteredBarChart": "bars",
    "lineChart": "lines",
    "lineClusteredColumnComboChart": "columns and line",
    "tableEx": "table",
}
"""Kind of visual → in words; nothing for those that show a single thing."""
_BODY = '<meta charset="utf-8"><body style="margin:8px;background:#fff;font:13px DejaVu Sans,sans-serif">'


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    model = bi_model()
    (folder / "power-bi-pages.html").write_text(pages(model), encoding="utf-8")
    (folder / "bi-filters.html").write_text(filters(model), encoding="utf-8")


def pages(model: Model) -> str:
    """Each page of the report with the place, the title and the fields of its visuals."""
    return _BODY + "".join(_page(page, model) for page in PAGES)


def _page(page: Page, model: Model) -> str:
    width, height = WIDTH * _SCALE, HEIGHT * _SCALE
    visuals = "".join(_visual(visual, model) for visual in page.visuals)
    return (
        f'<div style="display:inline-block;width:{width:.0f}px;margin:6px"><b style="font-size:17px">'
        f'{escape(page.display)}</b><div style="position:relative;height:{height:.0f}px;background:#f3f2f1;'
        f'border:1px solid #bbb">{visuals}</div></div>'
    )


def _visual(visual: Visual, model: Model) -> str:
    place, kind = box(visual.cell), _KINDS[visual.kind]
    lines = (
        [f'<div style="color:#777;font-size:10px;margin:3px 0">{kind}</div>', *_roles(visual, model)] if kind else []
    )
    mark = " ▾" if visual.kind == "slicer" else ""
    edges = ((name, getattr(place, end) * _SCALE) for name, end in _EDGES)
    return (
        f'<div style="position:absolute;{"".join(f"{name}:{pixels:.0f}px;" for name, pixels in edges)}'
        f'background:#fff;border:1px solid #cfcfcf;overflow:hidden;box-sizing:border-box;padding:3px 6px">'
        f'<b style="font-size:12px;color:{_BLUE}">{escape(visual.title)}{mark}</b>{"".join(lines)}</div>'
    )


_EDGES = (("left", "x"), ("top", "y"), ("width", "width"), ("height", "height"))


def _roles(visual: Visual, model: Model) -> Iterator[str]:
    for role, fields in visual.roles:
        names = ", ".join(_name(field, model) for field in fields)
        yield f'<div style="font-size:11px;margin-top:3px"><i>{role}</i>: {escape(names)}</div>'


def _name(field: str, model: Model) -> str:
    table, dot, column = field.partition(".")
    return model.table(table).column(column).display if dot else field


def filters(model: Model) -> str:
    """A line for each table that is filtered: by which dimensions directly, and by which through others."""
    above: dict[str, set[str]] = {}
    for one in model.relationships:
        if one.is_active:
            above.setdefault(one.table, set()).add(one.to_table)

    def reached(table: str) -> set[str]:
        return {name for to in above.get(table, ()) for name in (to, *reached(to))}

    facts = [table for table in model.tables if table.role in {Role.FACT, Role.BRIDGE}]
    used = {name for table in facts for name in reached(table.name)}
    dimensions = [table for table in model.tables if table.name in used]
    turned = f"padding:4px 8px;color:{_BLUE};writing-mode:vertical-rl;transform:rotate(200deg);text-align:left"
    head = "".join(f'<th style="{turned}">{escape(table.display)}</th>' for table in dimensions)
    rows = []
    for table in facts:
        direct, all_ = above.get(table.name, set()), reached(table.name)
        marks = ("●" if one.name in direct else "○" if one.name in all_ else "" for one in dimensions)
        cells = "".join(f'<td style="text-align:center;color:{_BLUE}">{mark}</td>' for mark in marks)
        rows.append(f'<tr style="border-top:1px solid #e3e3e3"><td>{escape(table.display)}</td>{cells}</tr>')
    told = "<p>● filters it directly &nbsp; ○ filters it by way of another table</p>"
    return f'{_BODY}<table style="border-collapse:collapse"><tr><th></th>{head}</tr>{"".join(rows)}</table>{told}'


if __name__ == "__main__":
    main(Path(sys.argv[1]))
