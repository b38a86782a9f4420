"""Puts data, style and script into one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

STYLES = ("colours.css", "page.css", "parts.css", "print.css")
SCRIPTS = (
    "data.js",
    "formats.js",
    "measures.js",
    "theme.js",
    "marks.js",
    "figure.js",
    "overview.js",
    "flow.js",
    "flow_charts.js",
    "sprints.js",
    "defects.js",
    "quality.js",
    "findings.js",
    "main.js",
)
"""In this order: the later ones use what the earlier ones declare."""
_LIBRARY = "vega.min.js"


def page(data: Mapping[str, Any]) -> str:
    """The file's text. Its policy forbids all requests, and every script but those that it was made with."""
    library = without_end_tags(_text(_LIBRARY))
    own = "\n".join(map(_text, SCRIPTS))
    parts = {
        "title": html.escape(data["title"]),
        "policy": policy(library, own),
        "style": "\n".join(map(_text, STYLES)),
        "library": library,
        "data": packed(data),
        "script": own,
    }
    # one pass, so that what a part says is never taken for a place of another one
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _text("page.html"))


def packed(data: object) -> str:
    """JSON, compressed, as letters and digits: a fifth of the size, and nothing in it is markup, whatever it says."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def unpacked(text: str) -> Any:  # noqa: ANN401 - whatever was packed
    """The reverse."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def without_end_tags(script: str) -> str:
    """The script, with what would end the element, or begin a comment in it, written otherwise."""
    return re.sub("<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def policy(*scripts: str) -> str:
    """The content security policy: these scripts, styles of the page itself, and nothing from anywhere else."""
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _text(name: str) -> str:
    return files("reports").joinpath("page", name).read_text(encoding="utf-8")
