"""Titles that people, or their programs, may give an issue, and what a warehouse stores of them."""

from __future__ import annotations

TITLES = [
    "=cmd|' /C calc'!A0",
    "+1",
    "@x",
    "-1+2",
    "a\tb\tc",
    "\ttab first",
    "say \"no\", 'never'",
    "one\ntwo\r\nthree",
    "\nline break first",
    "a;=1+1",
    "nul\0 in it",
    "lone \ud800 and \udfff",
    "x" * 32_000,
    "y" * 40_000,
    "🙂 漢字 e\u0301",
]
AS_STORED = [title.replace("\0", "\ufffd").replace("\ud800", "\ufffd").replace("\udfff", "\ufffd") for title in TITLES]
"""No engine stores NUL or half of a pair of surrogates."""
