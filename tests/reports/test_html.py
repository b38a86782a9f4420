"""The file itself: what it may do, and that nothing in it can be taken for markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine

from reports.base import Order, ReportError
from reports.columns import Places
from reports.data import page_data
from reports.html import packed, page, unpacked
from reports.report import write
from tests.reports.company import HOSTILE, ORDER, found

LARGEST = 3_000_000


class Scripts(HTMLParser):
    """Each script of a page: type and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._is_open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_open = tag == "script"
        if self._is_open:
            self.found.append([dict(attrs).get("type") or "", ""])

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.found[-1][1] += data


def test_data_comes_back_as_it_was_and_holds_no_markup() -> None:
    data = {"titles": list(HOSTILE), "days": [1, None, 2.5]}
    assert unpacked(packed(data)) == data
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed(data))


def test_the_policy_names_the_scripts_and_nothing_else(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    scripts = Scripts(text).found
    assert [kind for kind, _ in scripts] == ["text/plain", "", "module"]
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for _, script in scripts[1:]]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    assert f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:;" in text
    assert re.findall(r"""(?:src|href)=["']https?:""", text.partition("<script")[0]) == []


def test_a_title_is_text(computed: Engine) -> None:
    with computed.connect() as connection:
        text = page(page_data(connection, ORDER))
    assert "<title>&lt;b&gt;Delivery&lt;/b&gt;</title>" in text
    assert "{{" not in text.partition("<script")[0]


def test_the_file_is_small(page_file: Path) -> None:
    assert page_file.stat().st_size < LARGEST


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(computed: Engine, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with computed.connect() as connection:
        with pytest.raises(ReportError, match="is a folder; name a file, such as"):
            write(connection, tmp_path, ORDER)
        with pytest.raises(ReportError, match="cannot be written"):
            write(connection, tmp_path / "taken" / "report.html", ORDER)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.thorough
def test_both_engines_give_the_same_page(warehouse: Engine, other: Engine) -> None:
    pages = []
    for engine in (warehouse, other):
        with found(engine, 40).connect() as connection:
            pages.append(page_data(connection, ORDER))
    one, same = pages
    assert one["finished"]["issue"]
    assert {name: same[name] for name in one} == one


def test_an_address_that_is_a_script_is_left_out(computed: Engine) -> None:
    with computed.connect() as connection:
        data = page_data(connection, ORDER)
    assert all(address.startswith("https://") for address in data["addresses"])
    assert None in data["issues"]["address"]


def test_a_text_keeps_its_place() -> None:
    places = Places(["a"])
    assert [places.of(text) for text in ("b", "a", None, "b")] == [1, 0, None, 1]
    assert places.all() == ["a", "b"]
    assert Order(made_at=ORDER.made_at, timezone="UTC").period == "13w"
