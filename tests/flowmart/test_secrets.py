"""References in texts: from the environment, from files, masked afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowmart.secrets import file_reader, masked, resolve, variables


def no_files(name: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", name)


def test_references_are_replaced_anywhere_in_any_string() -> None:
    tree = {"a": ["x-${A}-${B}", 3, {"b": "${A}${A}"}]}
    resolved = resolve(tree, {"A": "1", "B": "2"}, no_files)
    assert resolved.tree == {"a": ["x-1-2", 3, {"b": "11"}]}
    assert resolved.problems == {}


def test_a_value_is_not_searched_for_references_again() -> None:
    assert resolve("${A}", {"A": "${B}", "B": "x"}, no_files).tree == "${B}"


def test_two_dollars_stand_for_a_plain_one() -> None:
    assert resolve("$${A}", {"A": "x"}, no_files).tree == "${A}"


def test_a_file_gives_its_content_without_the_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n", encoding="utf-8")
    read = file_reader(tmp_path)
    assert resolve("${file:token}", {}, read).tree == "abc"
    assert resolve(f"${{file:{tmp_path}/token}}", {}, read).tree == "abc"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${A}", "set the environment variable A"),
        ("${A}${B}", "set the environment variable A; set the environment variable B"),
        ("${A}${A}", "set the environment variable A"),
        ("${}", "${} names no environment variable; write ${NAME}, ${file:/path} or ${keyring:SERVICE/NAME}"),
        ("${a-b}", "${a-b} names no environment variable; write ${NAME}, ${file:/path} or ${keyring:SERVICE/NAME}"),
        ("${file:/none}", "cannot read the file /none: No such file or directory"),
    ],
)
def test_what_cannot_be_resolved_is_told_with_its_place(text: str, problem: str) -> None:
    assert resolve({"k": [text]}, {}, no_files).problems == {("k", 0): problem}


def test_a_secret_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff")
    problems = resolve("${file:token}", {}, file_reader(tmp_path)).problems
    assert problems == {(): "cannot read the file token: it is no UTF-8 text"}


def test_only_the_login_of_an_address_is_encoded() -> None:
    environment = {"USER": "a b", "PASSWORD": "p@/ss", "HOST": "h:5432", "DB": "x/y"}
    resolved = resolve("postgresql://${USER}:${PASSWORD}@${HOST}/${DB}", environment, no_files)
    assert resolved.tree == "postgresql://a%20b:p%40%2Fss@h:5432/x/y"


def test_masking_covers_the_encoded_form_and_the_longest_secret_first() -> None:
    assert masked("p@ss/word p%40ss%2Fword p@ss", ["p@ss", "p@ss/word"]) == "*** *** ***"


def test_masking_covers_the_quoted_forms_of_a_secret() -> None:
    secret = "q\"u\\o'te"
    assert masked(f"{secret} {secret!r} {json.dumps(secret)}", [secret]) == "*** '***' \"***\""


def test_very_short_secrets_do_not_blacken_everything() -> None:
    assert masked("a cab", ["a"]) == "a cab"


def test_variables_are_found_but_files_are_not() -> None:
    assert variables("${A} $${B} ${file:/x} ${A}") == {"A"}
