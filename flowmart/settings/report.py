"""`[report]`: where the HTML report goes, and what it shows first."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from flowmart.settings.base import FilePath, Section, Text, nearest
from reports.base import PERIODS


def _known(value: str) -> str:
    if value not in PERIODS:
        raise ValueError(f"no period {value!r}{nearest(value, list(PERIODS))}")
    return value


class Report(Section):
    """The file that `flowmart report` writes, and `flowmart run` after the exports."""

    to: FilePath
    title: Text = "Delivery report"
    period: Annotated[str, AfterValidator(_known)] = "13w"
