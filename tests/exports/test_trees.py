"""A tree of files appears as a whole, and an export never undoes what somebody changed in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exports.base import ExportError
from exports.trees import write_tree

FIRST = {"a.txt": b"one", "deep/er/b.txt": b"two"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".note"
    }


def test_all_files_and_a_note_of_them_are_there(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path / "out", ".note")
    assert tree(tmp_path / "out") == FIRST
    assert set(json.loads((tmp_path / "out" / ".note").read_text())) == set(FIRST)


def test_the_same_files_again_leave_everything_as_it_is(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path, ".note")
    os.utime(tmp_path / "a.txt", (0, 0))
    write_tree(FIRST, tmp_path, ".note")
    assert tree(tmp_path) == FIRST
    assert (tmp_path / "a.txt").stat().st_mtime == 0


def test_what_an_export_no_longer_has_goes_with_its_folders_and_what_others_put_there_stays(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path, ".note")
    (tmp_path / "mine.txt").write_text("mine")
    write_tree({"a.txt": b"new"}, tmp_path, ".note")
    assert tree(tmp_path) == {"a.txt": b"new", "mine.txt": b"mine"}
    assert not (tmp_path / "deep").exists()


def test_a_file_that_was_edited_is_not_overwritten_and_nothing_else_changes(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path, ".note")
    (tmp_path / "a.txt").write_bytes(b"mine")
    with pytest.raises(ExportError, match=r"a\.txt: it was changed since it was exported, .*; copy the project"):
        write_tree({"a.txt": b"new", "deep/er/b.txt": b"new"}, tmp_path, ".note")
    assert tree(tmp_path) == {**FIRST, "a.txt": b"mine"}


def test_a_file_that_no_export_wrote_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"mine")
    with pytest.raises(ExportError, match=r"a\.txt: it was changed"):
        write_tree(FIRST, tmp_path, ".note")
    assert tree(tmp_path) == {"a.txt": b"mine"}


def test_a_file_that_was_deleted_comes_back_and_an_edit_that_is_the_new_content_is_none(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path, ".note")
    (tmp_path / "deep/er/b.txt").unlink()
    (tmp_path / "a.txt").write_bytes(b"new")
    write_tree({**FIRST, "a.txt": b"new"}, tmp_path, ".note")
    assert tree(tmp_path) == {**FIRST, "a.txt": b"new"}


def test_a_note_that_cannot_be_read_means_that_nothing_is_known(tmp_path: Path) -> None:
    write_tree(FIRST, tmp_path, ".note")
    (tmp_path / ".note").write_text("{")
    write_tree(FIRST, tmp_path, ".note")
    (tmp_path / ".note").write_text("[]")
    with pytest.raises(ExportError, match="it was changed"):
        write_tree({"a.txt": b"new"}, tmp_path, ".note")


def test_a_folder_in_the_place_of_a_file_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt" / "x").mkdir(parents=True)
    with pytest.raises(ExportError, match=r"a\.txt: a folder is where a file is needed"):
        write_tree(FIRST, tmp_path, ".note")
    assert [path.name for path in tmp_path.rglob(".*.part")] == []


def test_what_an_export_that_was_killed_left_goes_with_the_next(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = tmp_path / f".deep~er~b.txt.{int(ended.stdout)}.0123abcd.part"
    left.write_bytes(b"ha")
    write_tree(FIRST, tmp_path, ".note")
    assert not left.exists()
    assert tree(tmp_path) == FIRST


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("mine")
    with pytest.raises(ExportError, match="a file is where a folder is needed"):
        write_tree(FIRST, tmp_path, ".note")
    assert tree(tmp_path) == {"deep": b"mine"}
