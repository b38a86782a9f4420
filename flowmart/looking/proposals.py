"""Which field to write for a role into a new configuration, and the evidence for it and for the others."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.base import FieldCandidate, FieldChoice, Survey

ROLES = ("story_points", "severity", "found_in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to write for a role. `ids` are empty where nothing speaks for any field, or no order fits all projects."""

    role: str
    ids: tuple[str, ...]
    reason: str
    """The evidence in a few words, or why nothing is proposed."""
    written: tuple[FieldCandidate, ...] = ()
    others: tuple[FieldCandidate, ...] = ()


def propose(survey: Survey, role: str, type_: str) -> Proposal:
    """The role's fields: those that would be chosen anyway and are filled, else the fullest of the others.

    Several are in order of preference, the fullest first: a project uses the first that is filled.
    """
    choice = next((choice for choice in survey.fields if choice.role == role), None)
    candidates = [candidate for candidate in survey.candidates if candidate.role == role]
    usual = choice.native_ids if choice else ()
    if not candidates:
        return Proposal(role=role, ids=usual, reason=_reason(choice))
    best = [each for each in candidates if each.native_id in usual and each.filled != 0]
    best = best or [each for each in candidates if each.filled][:1]
    others = tuple(each for each in candidates if each not in best)
    if not best:
        return Proposal(role=role, ids=(), reason="no issue fills any of them", others=others)
    if len(best) > 1 and type_ == "azure_devops":
        # an order for all projects would overrule the field that each project's process estimates in
        return Proposal(role=role, ids=(), reason="each project has its own", others=tuple(candidates))
    ids = tuple(each.native_id for each in best)
    return Proposal(role=role, ids=ids, reason=" + ".join(map(filled, best)), written=tuple(best), others=others)


def filled(candidate: FieldCandidate) -> str:
    """`1,204 of 1,900 issues`."""
    if candidate.filled is None:
        return "not counted"
    of = "" if candidate.asked is None else f" of {candidate.asked:,}"
    return f"{candidate.filled:,}{of} issues"


def _reason(choice: FieldChoice | None) -> str:
    if choice is None:
        return "not told"
    return f"{choice.name}: {choice.evidence}" if choice.native_ids else f"none found ({choice.evidence})"
