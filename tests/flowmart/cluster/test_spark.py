"""What Spark says becomes one line: what is missing, where, and what to do."""

from __future__ import annotations

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from flowmart.cluster.spark import meaning, require_versions
from flowmart.errors import JobFailed
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


def test_of_an_error_of_an_executor_its_own_words_are_told() -> None:
    assert meaning(RuntimeError(OF_PYTHON)) == "lake.errors.LakeError: s3://acme/lake: it is not there"


def test_of_another_error_the_first_line_is_told() -> None:
    assert meaning(RuntimeError("\nAll masters are unresponsive! Giving up.\n\tat a.b.C\n")) == (
        "All masters are unresponsive! Giving up."
    )
    assert meaning(RuntimeError()) == "RuntimeError"


def test_executors_with_another_python_are_told_which_one_they_need() -> None:
    assert "executors need Python 3." in meaning(RuntimeError(OF_PYTHONS))
