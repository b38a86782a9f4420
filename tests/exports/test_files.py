"""Readers see whole files only, whatever happens while a set is written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from exports.base import ExportError, Written
from exports.files import write_files
from exports.manifest import MANIFEST

ONE, TWO = (Table(name, MetaData(), Column("n", Integer, primary_key=True)) for name in ("one", "two"))

KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Column, Integer, MetaData, Table
from exports.files import write_files

def write(table, file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

write_files([Table("one", MetaData(), Column("n", Integer))], Path(sys.argv[1]), "txt", write)
"""


def new(table: Table, file: BinaryIO) -> int:
    file.write(f"new {table.name}".encode())
    return 7


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != MANIFEST)


def test_files_are_named_after_their_tables_in_a_folder_that_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert write_files([ONE, TWO], folder, "txt", new) == [
        Written(table="one", path=folder / "one.txt", rows=7),
        Written(table="two", path=folder / "two.txt", rows=7),
    ]
    assert [(folder / name).read_text() for name in names(folder)] == ["new one", "new two"]


def test_nothing_has_its_name_before_all_is_written(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("old")

    def look(table: Table, file: BinaryIO) -> int:
        assert (tmp_path / "one.txt").read_text() == "old"
        return new(table, file)

    write_files([ONE, TWO], tmp_path, "txt", look)
    assert (tmp_path / "one.txt").read_text() == "new one"


def test_files_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_files([ONE], tmp_path, "txt", new)
    assert (tmp_path / "one.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "two.txt: the disk is full; free some space or name another folder"),
        (errno.EDQUOT, "two.txt: the disk is full; free some space or name another folder"),
        (errno.EACCES, "two.txt: this account may not write there; give it write permission or name another folder"),
        (errno.EIO, "two.txt: Input/output error; run the export again or name another folder"),
    ],
)
def test_a_failure_is_explained_in_one_line_and_leaves_the_old_set(tmp_path: Path, number: int, message: str) -> None:
    write_files([ONE, TWO], tmp_path, "txt", new)
    before = {name: (tmp_path / name).stat() for name in names(tmp_path)}

    def fail(table: Table, file: BinaryIO) -> int:
        if table is TWO:
            raise OSError(number, os.strerror(number))
        return new(table, file)

    with pytest.raises(ExportError) as caught:
        write_files([ONE, TWO], tmp_path, "txt", fail)
    assert str(caught.value) == f"{tmp_path}/{message}"
    assert {name: (tmp_path / name).stat() for name in names(tmp_path)} == before


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ExportError, match=r"/out: a file is where a folder is needed; name a folder$"):
        write_files([ONE], tmp_path / "out", "txt", new)
    with pytest.raises(ExportError, match=r"/out/below: a file is where a folder is needed; name a folder$"):
        write_files([ONE], tmp_path / "out" / "below", "txt", new)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.txt").mkdir()
    with pytest.raises(ExportError, match=r"/one\.txt: a folder is where a file is needed"):
        write_files([ONE], tmp_path, "txt", new)
    assert names(tmp_path) == ["one.txt"]


def test_an_export_that_is_killed_leaves_the_old_file_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert (tmp_path / "one.txt").read_text() == "old"
    assert len(names(tmp_path)) == 2
    write_files([ONE], tmp_path, "txt", new)
    assert names(tmp_path) == ["one.txt"]


def test_what_another_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    theirs = f".one.txt.{os.getppid()}.0123abcd.part"
    (tmp_path / theirs).touch()
    (tmp_path / ".one.txt.notes.part").touch()
    write_files([ONE], tmp_path, "txt", new)
    assert names(tmp_path) == [theirs, ".one.txt.notes.part", "one.txt"]


def test_an_export_that_loses_its_file_to_another_says_so(tmp_path: Path) -> None:
    def steal(table: Table, file: BinaryIO) -> int:
        for path in tmp_path.glob(".*.part"):
            path.unlink()
        return new(table, file)

    with pytest.raises(ExportError, match="it vanished while it was written; let one export at a time write there"):
        write_files([ONE], tmp_path, "txt", steal)
