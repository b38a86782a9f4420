"""What failed in a run, cause by cause: the same cause has the same name every night, whatever its figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from flowmart.run import RunReport, why
from flowmart.settings.jobs import STEPS

_SOURCE = "failure:source:"
_EXPORT = "failure:export:"
_STEP = "failure:step:"


@dataclass(frozen=True, slots=True)
class Causes:
    """What there is (cause → text), and what was found to be in order."""

    found: Mapping[str, str] = field(default_factory=dict)
    fine: Sequence[str] = ()


def failures(step: str, report: RunReport | None, error: str | None) -> Causes:
    """Of a run of a step. Without a report the run broke off: only the step itself is known to have failed.

    With one, each source and export that was tried is known, and the step failed by nothing else than them.
    """
    if report is None:
        return Causes({f"{_STEP}{step}": f"{step}: {error}"})
    found: dict[str, str] = {}
    fine = [f"{_STEP}{each}" for each in (_done(report) if step == "run" else (step,))]
    for source in report.sync.sources if report.sync is not None else ():
        cause = f"{_SOURCE}{source.name}"
        if source.ok:
            fine.append(cause)
        else:
            found[cause] = f"{source.name}: {why(source)}"
    for name in report.written:
        cause = f"{_EXPORT}{name}"
        refused = [text for text in _refusals(report) if text.startswith(f"exports.{name}.")]
        if refused:
            found[cause] = "; ".join(refused)
        else:
            fine.append(cause)
    return Causes(found, fine)


def _done(report: RunReport) -> list[str]:
    """The steps of a whole run; a report is written only where one is configured."""
    return [step for step in STEPS if step != "report" or report.report is not None]


def _refusals(report: RunReport) -> list[str]:
    publications = [f"exports.{each.export}.publish: {each.told}" for each in report.published if not each.is_done]
    return [*report.not_refreshed, *publications]


def forgotten(causes: Sequence[str], sources: Collection[str], exports: Collection[str]) -> list[str]:
    """Those of the causes that are about a source or an export which is configured no longer."""
    return [
        cause
        for cause in causes
        for prefix, known in ((_SOURCE, sources), (_EXPORT, exports))
        if cause.startswith(prefix) and cause.removeprefix(prefix) not in known
    ]
