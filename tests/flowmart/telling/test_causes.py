"""What a run found to be in order again."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowmart.run import RunReport
from flowmart.settings.jobs import STEPS
from flowmart.telling.causes import failures
from reports.report import Written

REPORT = Written(path=Path("report.html"), size_bytes=1)


def test_a_whole_run_ends_the_failure_of_each_step_that_it_has() -> None:
    assert set(failures("run", RunReport(report=REPORT), None).fine) == {f"failure:step:{step}" for step in STEPS}


def test_a_run_that_writes_no_report_tells_nothing_of_that_step() -> None:
    assert "failure:step:report" not in failures("run", RunReport(), None).fine


@pytest.mark.parametrize("step", [step for step in STEPS if step != "run"])
def test_a_step_alone_ends_its_own_failure_and_no_other(step: str) -> None:
    assert failures(step, RunReport(), None).fine == [f"failure:step:{step}"]
