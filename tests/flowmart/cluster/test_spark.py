"""What Spark says becomes one line: what is missing, where, and what to do."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from flowmart.cluster.spark import meaning, require_listening, require_versions
from flowmart.errors import JobFailed
from flowmart.settings.engine import Engine
from metrics.outdated import code_version

OF_PYTHON = """Job aborted due to stage failure: Task 0 in stage 0.0 failed 8 times
org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "flowmart/cluster/works.py", line 82, in compute_chunk
lake.errors.LakeError: s3://acme/lake: it is not there

	at org.apache.spark.api.python.BasePythonRunner"""
OF_PYTHONS = """[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.9 than that in driver: 3.13,
PySpark cannot run with different minor versions."""


def test_executors_with_another_flowmart_or_none_are_named() -> None:
    require_versions({code_version()}, "local")
    with pytest.raises(JobFailed, match=r"other versions of flowmart \(0\.0\.9, none at all\).*on every worker"):
        require_versions({code_version(), "0.0.9", None}, "local")


@pytest.mark.parametrize("url", ["sc://127.0.0.1:{}/;token=s3cr3t", "spark://127.0.0.1:{}"])
def test_an_address_where_nothing_listens_is_told_at_once(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        require_listening(Engine.model_validate({"url": url.format(port)}))
    with pytest.raises(JobFailed, match=rf"^engine \w+://127\.0\.0\.1:{port}: nothing listens there"):
        require_listening(Engine.model_validate({"url": url.format(port)}))
    require_listening(Engine())


def test_of_an_error_of_an_executor_its_own_words_are_told() -> None:
    assert meaning(RuntimeError(OF_PYTHON)) == "lake.errors.LakeError: s3://acme/lake: it is not there"


def test_of_another_error_the_first_line_is_told() -> None:
    assert meaning(RuntimeError("\nAll masters are unresponsive! Giving up.\n\tat a.b.C\n")) == (
        "All masters are unresponsive! Giving up."
    )
    assert (
        meaning(RuntimeError("An error occurred while calling None.a.b.\n: a.b.Refused: no\n\tat c"))
        == "a.b.Refused: no"
    )
    assert meaning(RuntimeError()) == "RuntimeError"


def test_executors_with_another_python_are_told_which_one_they_need() -> None:
    assert "executors need Python 3." in meaning(RuntimeError(OF_PYTHONS))
