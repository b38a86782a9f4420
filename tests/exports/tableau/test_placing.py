"""A file that a library writes by a path of its own appears whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exports.base import ExportError
from exports.tableau.placing import placed


def test_a_file_gets_its_name_when_the_block_ends(tmp_path: Path) -> None:
    with placed(tmp_path / "new" / "folder", "a.hyper") as part:
        part.unlink()  # as a library does that makes its file itself
        part.write_bytes(b"rows")
        part.chmod(0o600)
        assert [path.name for path in part.parent.iterdir()] == [part.name]
    (only,) = (tmp_path / "new" / "folder").iterdir()
    assert (only.name, only.read_bytes()) == ("a.hyper", b"rows")
    (tmp_path / "plain").touch()
    assert only.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_file_of_before_stays_when_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / "a.hyper").write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), placed(tmp_path, "a.hyper") as part:
        part.write_bytes(b"half" * (1 // 0))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ExportError, match="a file is where a folder is needed; name a folder"),
        placed(tmp_path / "file", "a.hyper"),
    ):
        pytest.fail("there is no folder")
    with pytest.raises(ExportError, match=r"a\.hyper: the disk is full"), placed(tmp_path, "a.hyper"):
        raise OSError(28, "No space left on device")


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {
        f".a.hyper.{ended.pid}.0123abcd.part": False,
        f".a.hyper.{os.getpid()}.0123abcd.part": False,
        f".a.hyper.{os.getppid()}.0123abcd.part": True,
        f".b.hyper.{ended.pid}.0123abcd.part": True,
        ".a.hyper.notes.part": True,
    }
    for name in names:
        (tmp_path / name).touch()
    with placed(tmp_path, "a.hyper"):
        pass
    assert {name: (tmp_path / name).exists() for name in names} == names
