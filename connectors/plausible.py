"""Which fields could play a role, by their names in any of some languages, which go first, and what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.base import FieldCandidate

ROLES = ("story_points", "severity", "found_in")
"""The roles that a config may give a field."""
MOST_A_ROLE = 6
"""Candidates that are counted, a role."""
MOST_PLACES = 8
"""Projects that are asked about one by one."""
MOST_SPLIT = 3
"""Candidates of a role whose issues are counted by project."""
MOST_PROJECTS = 20
"""Projects whose issues are counted."""
LONGEST_LIST = 200
"""Projects in one query; of more, fields are counted over everything."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "story_points": (
        *("point", "estimat", "effort", "size", "complexity"),
        *("punkt", "schätz", "aufwand", "größe", "punt", "pont", "stim", "charge", "esfuerzo", "esforço"),
        *("очк", "балл", "оценка", "ポイント", "見積", "点数", "故事点", "포인트"),
    ),
    "severity": (
        *("severity", "impact"),
        *("schwere", "auswirkung", "gravit", "sévérité", "severid", "gravedad", "ernst", "серьезн", "серьёзн"),
        *("критичн", "重大度", "深刻度", "严重", "심각"),
    ),
    "found_in": (
        *("environment", "found in", "found by", "detected", "discovered", "found at", "found during", "phase found"),
        *(
            "umgebung",
            "gefunden",
            "entdeckt",
            "environnement",
            "trouvé",
            "entorno",
            "encontrado",
            "ambiente",
            "omgeving",
        ),
        *("окружение", "среда", "обнаруж", "環境", "环境", "환경"),
    ),
}
_NOT_POINTS = ("original estimate", "remaining estimate", "time estimate", "time", "work")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted. At most a hundred requests or so: projects, candidates and the split by project are capped."""

    by_project: Mapping[str, int] = field(default_factory=dict)
    """Project id → issues in scope."""
    candidates: tuple[FieldCandidate, ...] = ()
    notes: tuple[str, ...] = ()


def sounds_like(role: str, names: Iterable[str]) -> bool:
    """Whether one of a field's names says that it may play the role."""
    lowered = [name.casefold() for name in names]
    if role == "story_points" and any(word in name for word in _NOT_POINTS for name in lowered):
        return False
    return any(word in name for word in _WORDS[role] for name in lowered)


def likeliest_first(candidates: Iterable[FieldCandidate], chosen: Iterable[str]) -> list[FieldCandidate]:
    """Filled ones before empty ones, those that are `chosen` without being asked before others, the fullest first."""
    usual = set(chosen)

    def place(candidate: FieldCandidate) -> tuple[bool, bool, int]:
        filled = 1 if candidate.filled is None else candidate.filled
        return not filled, candidate.native_id not in usual, -filled

    return sorted(candidates, key=place)


def with_places(evidence: str, by_project: Mapping[str, int]) -> str:
    """The evidence and where the field is filled: `type of the field; filled in PAY 120, WEB 3`."""
    filled = sorted(((number, name) for name, number in by_project.items() if number), key=lambda it: (-it[0], it[1]))
    where = ", ".join(f"{name} {number:,}" for number, name in filled)
    return f"{evidence}; filled in {where}" if where else evidence
