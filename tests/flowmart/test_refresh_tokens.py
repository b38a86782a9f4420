"""A refresh token on disk: private, never half written, and one user at a time."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowmart.refresh_tokens import RefreshTokenFile

WRITER = """
import os, sys
from pathlib import Path
from flowmart.refresh_tokens import RefreshTokenFile
store = RefreshTokenFile(Path(sys.argv[1]))
with store.locked():
    old = store.read()
    store.write("new")
    print(old, flush=True)
    if sys.argv[2] == "die":
        os._exit(9)
"""


def write(path: Path, end: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WRITER, str(path), end], capture_output=True, text=True, timeout=60, check=False
    )


def test_what_is_written_is_read_and_private(tmp_path: Path) -> None:
    store = RefreshTokenFile(tmp_path / "acme.refresh")
    (tmp_path / "acme.refresh").write_text("first\n")
    (tmp_path / "acme.refresh").chmod(0o644)
    with store.locked():
        assert store.read() == "first"
        store.write("second")
        assert store.read() == "second"
    assert stat.S_IMODE((tmp_path / "acme.refresh").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "acme.refresh.lock").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme.refresh", "acme.refresh.lock"]


def test_no_file_means_no_token(tmp_path: Path) -> None:
    assert RefreshTokenFile(tmp_path / "none").read() == ""


def test_a_file_of_anything_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(OSError, match="it is no UTF-8 text"):
        RefreshTokenFile(tmp_path / "x").read()


def test_a_folder_that_is_not_there_is_told_before_anything_is_spent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), RefreshTokenFile(tmp_path / "none" / "x").locked():
        pass


def test_a_failed_write_leaves_the_old_token_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "acme.refresh"
    store = RefreshTokenFile(path)
    store.write("old")
    with pytest.raises(UnicodeEncodeError):
        store.write("\ud800")
    assert store.read() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["acme.refresh"]


def test_a_process_that_dies_after_the_receipt_has_stored_the_token_and_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "acme.refresh"
    RefreshTokenFile(path).write("old")
    died = write(path, "die")
    assert (died.returncode, died.stdout) == (9, "old\n")
    with RefreshTokenFile(path).locked():
        assert RefreshTokenFile(path).read() == "new"


def test_another_process_waits_for_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "acme.refresh"
    store = RefreshTokenFile(path)
    store.write("old")
    with ThreadPoolExecutor(1) as pool:
        with store.locked():
            other = pool.submit(write, path, "live")
            store.write("ours")
        assert other.result(60).stdout == "ours\n"
    assert store.read() == "new"


def test_threads_take_turns(tmp_path: Path) -> None:
    store = RefreshTokenFile(tmp_path / "count")
    store.write("0")

    def count(_: int) -> None:
        with store.locked():
            store.write(str(int(store.read()) + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))
    assert store.read() == "40"


def test_a_reader_never_sees_half_a_token(tmp_path: Path) -> None:
    store = RefreshTokenFile(tmp_path / "x")
    tokens = {"a" * 5_000, "b" * 9_000}
    store.write("a" * 5_000)
    done = threading.Event()

    def write_on() -> None:
        for _ in range(30):
            for token in sorted(tokens):
                store.write(token)
        done.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write_on)
        seen = {store.read()}
        while not done.is_set():
            seen.add(store.read())
    assert seen <= tokens
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
