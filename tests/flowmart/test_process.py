"""The process as the system sees it: signals, pipes, full disks, trackers that refuse."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "flowmart"]


@contextmanager
def started(
    folder: Path, *arguments: str, stdout: int = subprocess.PIPE, command: Sequence[str] = COMMAND
) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "FLOWMART_CONFIG": str(folder / "flowmart.toml"), "TOKEN": "s3cret-token"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        [*command, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with started(folder, *arguments) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def configure(folder: Path, url: str = "https://acme.example", more: str = "") -> None:
    text = f'[sources.acme]\ntype = "jira"\nurl = "{url}"\nemail = "me@acme.example"\ntoken = "${{TOKEN}}"\n{more}'
    (folder / "flowmart.toml").write_text(text, encoding="utf-8")


def test_a_wrong_token_is_told_in_one_line_and_noted(tmp_path: Path, refusing_tracker: str) -> None:
    configure(tmp_path, refusing_tracker)
    code, _, err = ended(tmp_path, "-q", "sync")
    assert code == 1
    assert err.splitlines()[-1].startswith("flowmart: acme: ")
    assert "s3cret-token" not in err
    assert "Traceback" not in err
    with sqlite3.connect(tmp_path / "flowmart.db") as warehouse:
        assert warehouse.execute("SELECT stream, outcome FROM sync_runs").fetchall() == [("login", "failed")]
        assert warehouse.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    warehouse.close()


def test_a_check_as_json_is_one_document_that_tells_the_problem(tmp_path: Path, refusing_tracker: str) -> None:
    configure(tmp_path, refusing_tracker)
    code, out, err = ended(tmp_path, "check", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["warehouse"]["revision"] is None
    assert document["sources"]["acme"]["ok"] is False
    assert len(document["sources"]["acme"]["problems"]) == 1
    assert "s3cret-token" not in out + err
    assert [path.name for path in tmp_path.iterdir()] == ["flowmart.toml"]


def test_ctrl_c_is_one_line_and_leaves_the_warehouse_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        configure(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with started(tmp_path, "sync") as process:
            connection, _ = silent.accept()
            with connection:  # it waits for an answer now
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == (
        "flowmart: interrupted; what was committed is kept, the same command goes on from there"
    )
    assert "Traceback" not in err
    with sqlite3.connect(tmp_path / "flowmart.db") as warehouse:
        assert warehouse.execute("SELECT stream, outcome FROM sync_runs").fetchall() == [("login", "interrupted")]
        assert warehouse.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    warehouse.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_sources_at_once_while_their_trackers_are_silent(tmp_path: Path, number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        second = f'[sources.beta]\ntype = "jira"\nurl = "{url}"\ntoken = "${{TOKEN}}"\n'
        configure(tmp_path, url, more=second)
        with started(tmp_path, "sync") as process, silent.accept()[0], silent.accept()[0]:
            process.send_signal(number)  # both sources wait for an answer now
            _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    with sqlite3.connect(tmp_path / "flowmart.db") as warehouse:
        found = warehouse.execute("SELECT source_id, stream, outcome FROM sync_runs ORDER BY source_id").fetchall()
        assert found == [("acme", "login", "interrupted"), ("beta", "login", "interrupted")]
        assert warehouse.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    warehouse.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_schedule_ends_cleanly_on_a_signal(tmp_path: Path, number: int) -> None:
    configure(tmp_path, more='[schedule]\nrun = "15 2 1 1 *"\n')
    with started(tmp_path, "schedule") as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert first.startswith("run is next due ")
    assert (process.returncode, rest) == (0, "stopped\n")


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    configure(tmp_path)
    read, write = os.pipe()
    os.close(read)
    with started(tmp_path, "migrate", "--sql", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_a_full_disk_is_one_line_and_the_next_run_begins_anew(tmp_path: Path) -> None:
    configure(tmp_path)
    limited = ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *COMMAND]
    with started(tmp_path, "compute", command=limited) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"flowmart: warehouse sqlite:///{tmp_path}/flowmart.db: the disk ")
    assert len(err.splitlines()) == 1
    assert ended(tmp_path, "compute")[0] == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    configure(tmp_path)
    with Path("/dev/full").open("w") as full, started(tmp_path, "migrate", "--sql", stdout=full.fileno()) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("flowmart: the ")
    assert len(err.splitlines()) == 1


def test_a_command_loads_no_library_of_files_before_it_writes_any() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, flowmart.cli; print('pyarrow' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "False"
