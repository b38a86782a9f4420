"""People as revisions name them, in both forms: `Jo <jo@fab.example>` and an object."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from connectors.people import Disguise
from warehouse.records import User, qualified_id

WELL_KNOWN = frozenset(
    {
        "System.AssignedTo",
        "System.ChangedBy",
        "System.CreatedBy",
        "Microsoft.VSTS.CodeReview.AcceptedBy",
        "Microsoft.VSTS.Common.ActivatedBy",
        "Microsoft.VSTS.Common.ClosedBy",
        "Microsoft.VSTS.Common.ResolvedBy",
        "Microsoft.VSTS.Common.ReviewedBy",
    }
)
"""Fields that hold a person in every organisation; the field list names the others."""


def one_form(identity: Mapping[str, Any]) -> str:
    """An identity object in the form of text; `uniqueName` may itself come in that form.

    Raises `TypeError` when it names nobody.
    """
    unique = identity.get("uniqueName") or identity.get("name") or ""
    display = identity.get("displayName") or ""
    if unique.endswith(">"):
        return unique if not display else f"{display} <{user_key(unique)}>"
    unique = unique or identity.get("id") or ""
    if not unique or not display:
        if not unique and not display:
            raise TypeError("an identity comes without a name")
        return unique or display
    return f"{display} <{unique}>"


def user_key(text: str) -> str:
    """The tracker's id of a person: the unique name in lower case, else the whole text.

    The GUID of an identity object would be steadier, but the text form does not have it, and one person must have
    one key in both.
    """
    return _split(text)[1].lower()


def display_name(text: str) -> str:
    """The name that people see."""
    return _split(text)[0]


def disguised(text: str, people: Disguise) -> str | None:
    """The text with what may be stored of the person; None for nothing."""
    shown = people(user_key(text), display_name(text))
    if shown.native is None:
        return None
    if shown.native == user_key(text) and shown.name == display_name(text):
        return text
    return shown.native if shown.name in {None, shown.native} else f"{shown.name} <{shown.native}>"


def user(source_id: str, text: str) -> User:
    """The person as a row."""
    display, unique = _split(text)
    email = unique if "@" in unique else None
    return User(user_id=qualified_id(source_id, unique.lower()), source_id=source_id, display_name=display, email=email)


@lru_cache(maxsize=4_096)  # revisions name the same people again and again
def _split(text: str) -> tuple[str, str]:
    if text.endswith(">"):
        display, bracket, unique = text[:-1].rpartition("<")
        if bracket and unique:
            return display.strip() or unique, unique
    return text, text
