"""Answers of real trackers in a folder of files that are not ours to keep: whatever looks like issues or work items."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LARGEST_FILE = 6_000_000
_MOST_ISSUES = 5
_LARGEST_ISSUE = 60_000


def found_elsewhere(folder: str, tracker: str) -> Iterator[Any]:
    """Payloads of the shape that a tracker's reader takes, a few issues each."""
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix not in {".json", ".csv"} or path.stat().st_size > _LARGEST_FILE:
            continue
        issues = [one for document in _documents(path) for one in _issues(document, tracker)]
        some = [one for one in issues if len(json.dumps(one)) < _LARGEST_ISSUE][:_MOST_ISSUES]
        if some:
            yield _framed(some, tracker)


def _documents(path: Path) -> Iterator[Any]:
    """The file itself, or the JSON in the cells of a table."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".json":
        try:
            yield json.loads(text)
        except ValueError:
            return
        return
    csv.field_size_limit(_LARGEST_FILE)
    for row in csv.reader(text.splitlines()):
        for cell in row:
            if cell.startswith("{"):
                try:
                    yield json.loads(cell)
                except ValueError:
                    continue


def _issues(document: Any, tracker: str) -> Iterator[Any]:
    """Every object within it that is an issue of the tracker."""
    if isinstance(document, dict):
        fields = document.get("fields")
        if isinstance(fields, dict) and "id" in document:
            is_ado = any(str(name).startswith("System.") for name in fields)
            if is_ado and tracker == "azure_devops":
                yield {"rev": 1, **document}
            elif not is_ado and "created" in fields and tracker != "azure_devops":
                yield document
            return
        for value in document.values():
            yield from _issues(value, tracker)
    elif isinstance(document, list):
        for value in document:
            yield from _issues(value, tracker)


def _framed(issues: list[Any], tracker: str) -> Any:
    if tracker == "azure_devops":
        return {"values": issues, "isLastBatch": True, "continuationToken": "1"}
    if tracker == "jira_data_center":
        return {"search": {"issues": issues, "total": len(issues), "startAt": 0}}
    logs = [
        {"issueId": str(one["id"]), "changeHistories": one["changelog"].get("histories", [])}
        for one in issues
        if isinstance(one.get("changelog"), dict)
    ]
    return {"search": {"issues": issues}, "histories": {"issueChangeLogs": logs}}
