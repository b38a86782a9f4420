"""Object stores: the same files as in a folder, the manifest last, failures in one line without secrets."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from exports import cloud
from exports.base import ExportError, Order
from exports.catalog import EXPORTERS, choose_tables
from exports.cloud import shown
from exports.manifest import MANIFEST
from exports.series import begin_of, folder_of
from exports.snapshot import snapshot

fsspec = pytest.importorskip("fsspec")

URL = "memory://lake/raw"
MADE = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Any]:
    """fsspec's file system in memory, empty."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def export(engine: Engine, to: Path | str, format_: str, *names: str, order: Order | None = None) -> list[Any]:
    with snapshot(engine) as connection:
        return EXPORTERS[format_](connection, choose_tables(names), to, order or Order(made_at=MADE))


def contents(store: Any) -> dict[str, bytes]:
    return {path.removeprefix("/lake/raw/"): store.cat_file(path) for path in store.find("/lake/raw")}


@pytest.mark.parametrize("format_", sorted(set(EXPORTERS) - {"hyper"}))  # its bytes differ each time
def test_a_url_gets_the_same_files_as_a_folder(filled: Engine, tmp_path: Path, store: Any, format_: str) -> None:
    order = Order(made_at=MADE, partition="month" if format_ == "parquet" else None)
    written = export(filled, URL, format_, "issues", "boards", order=order)
    export(filled, tmp_path / "out", format_, "issues", "boards", order=order)
    local = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert contents(store) == local
    assert {file.path.removeprefix(f"{URL}/") for file in written} == set(local) - {MANIFEST}


def test_what_the_new_export_does_not_have_goes_and_what_is_not_ours_stays(filled: Engine, store: Any) -> None:
    export(filled, URL, "parquet", "issues", order=Order(partition="month"))
    store.pipe_file("/lake/raw/issues/theirs.txt", b"x")
    export(filled, URL, "parquet", "issues")
    assert sorted(contents(store)) == ["issues.parquet", "issues/theirs.txt", MANIFEST]


@pytest.mark.usefixtures("store")
def test_the_next_of_a_series_is_found_there(filled: Engine) -> None:
    assert begin_of(URL, Order(made_at=MADE), timedelta(0)) is None
    order = Order(made_at=MADE, synced_until=MADE - timedelta(hours=1))
    export(filled, folder_of(URL, MADE), "csv", "boards", order=order)  # type: ignore[arg-type]
    later = Order(made_at=MADE + timedelta(days=1))
    assert begin_of(f"{URL}/", later, timedelta(0)) == MADE - timedelta(hours=1)


def test_nothing_is_sent_before_all_files_are_complete(filled: Engine, store: Any) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exports.csv_files._lines", lambda cells: fails() if len(cells) == 7 else b"")
        with pytest.raises(ExportError, match=r"memory://lake/raw/boards\.csv: the disk is full; free some space"):
            export(filled, URL, "csv", "users", "boards")
    assert contents(store) == {}


def test_a_send_that_fails_leaves_the_old_manifest_so_that_readers_see_the_difference(
    filled: Engine, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(filled, URL, "csv", "boards", "users")
    before = contents(store)[MANIFEST]
    send = type(store).put_file

    def refuse(self: Any, local: str, remote: str, **options: Any) -> None:
        if remote.endswith("users.csv"):
            raise PermissionError("Forbidden: https://x.example/users.csv?sig=s3cr3t token=s3cr3t")
        send(self, local, remote, **options)

    monkeypatch.setattr(type(store), "put_file", refuse)
    with pytest.raises(ExportError) as caught:
        export(filled, URL, "csv", "boards", "users", order=Order(made_at=MADE + timedelta(days=1)))
    assert str(caught.value) == (
        "memory://lake/raw/users.csv: this account may not do that "
        "(Forbidden: https://x.example/users.csv?… token=***); give it permission to write, list and delete"
    )
    assert contents(store)[MANIFEST] == before


class NoCredentialsError(Exception):
    """As botocore's."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            FileNotFoundError("The specified bucket does not exist"),
            "there is no such bucket or container, or it is not for this account; make it or correct the URL",
        ),
        (
            NoCredentialsError("Unable to locate credentials"),
            "no login works (NoCredentialsError); set the store's variables, or `storage` of the export",
        ),
        (
            RuntimeError("broken\nAccountKey=abc123== at https://y.example/z?sv=1&sig=9"),
            "RuntimeError: broken AccountKey=*** at https://y.example/z?…; check the URL and the store, and try again",
        ),
    ],
)
def test_what_a_store_refuses_is_one_line(
    filled: Engine, store: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(store), "put_file", refuse)
    with pytest.raises(ExportError) as caught:
        export(filled, URL, "csv", "boards")
    assert str(caught.value) == f"memory://lake/raw/boards.csv: {line}"


def test_a_package_that_is_missing_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(ExportError) as caught:
        cloud.CloudFolder("s3://bucket/x", {})
    assert str(caught.value) == "s3://bucket/x: s3fs is not installed; pip install 'flowmart[cloud]'"


def test_options_of_the_library_are_handed_over_and_secrets_among_them_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, object] = {}

    def opened(_: str, **options: object) -> tuple[object, str]:
        seen.update(options)
        return object(), "bucket/x"

    monkeypatch.setattr(fsspec.core, "url_to_fs", opened)
    order = Order(storage={"secret": "s3cr3t", "anon": False})
    cloud.CloudFolder("s3://bucket/x", order.storage).close()
    assert (seen["secret"], seen["anon"]) == ("s3cr3t", False)
    assert "s3cr3t" not in repr(order)


def test_a_url_is_shown_without_query_and_password() -> None:
    assert shown("abfss://raw@acme.dfs.core.windows.net/x?sv=1&sig=9") == "abfss://raw@acme.dfs.core.windows.net/x"
    assert shown("s3://me:s3cr3t@bucket/x") == "s3://me:***@bucket/x"


def test_the_manifest_names_files_as_they_lie_there(filled: Engine, store: Any) -> None:
    export(filled, URL, "parquet", "issues", order=Order(partition="month"))
    (entry,) = json.loads(contents(store)[MANIFEST])["tables"]
    assert {file["path"] for file in entry["files"]} == set(contents(store)) - {MANIFEST}
