"""What a name that nobody knows is answered with: the nearest valid name, or those that there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_ALIKE = 0.5
_FEW = 6


def closest(word: str, known: Iterable[str]) -> str | None:
    """The likeliest of the known words, in any case; None when none is like it."""
    folded = {one.casefold(): one for one in reversed(list(known))}
    begins = [one for one in folded if word and one.startswith(word.casefold())]
    found = begins if len(begins) == 1 else get_close_matches(word.casefold(), list(folded), n=1, cutoff=_ALIKE)
    return folded[found[0]] if found else None


def meant(words: Sequence[str], known: Sequence[str], *, listing: str = "there are") -> str:
    """`; did you mean acme? there are acme, legacy`, to follow what is wrong.

    A long list stands only where none of its names is like what was asked for.
    """
    near = list(dict.fromkeys(hit for word in words if (hit := closest(word, known)) is not None))
    listed = f"{listing} {', '.join(known) or 'none'}"
    if not near:
        return f"; {listed}"
    return f"; did you mean {' or '.join(near)}?{f' {listed}' if len(known) <= _FEW else ''}"
