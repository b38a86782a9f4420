"""Halves of changes that name people, one or several: what may be stored stands where they stood."""

from __future__ import annotations

import pytest

from connectors.people import NOBODY, Shown, as_told, listed_people


def disguise(native: str, _: str) -> Shown:
    """`gone` is nobody, everybody else their id in capitals."""
    return NOBODY if native == "gone" else Shown(native.upper(), native.upper())


@pytest.mark.parametrize(
    ("ids", "names", "stored"),
    [
        ("mia", "Mia", ("MIA", "MIA")),
        ("[mia, jo]", "[Mia, Jo]", ("[MIA, JO]", "[MIA, JO]")),
        ("mia, jo", "Mia(mia), Jo(jo)", ("MIA, JO", "MIA, JO")),
        ("[mia, gone]", "[Mia, Gone]", ("[MIA]", "[MIA]")),
        ("gone", "Gone", (None, None)),
        ("mia", "Berg, Mia", ("MIA", "MIA")),
        (None, "Mia", (None, "MIA")),
        (None, None, (None, None)),
    ],
)
def test_ids_tell_who_it_is_and_names_follow_them(
    ids: str | None, names: str | None, stored: tuple[str | None, str | None]
) -> None:
    assert listed_people(ids, names, disguise) == stored


@pytest.mark.parametrize(("ids", "names"), [("[mia, jo]", "[Mia,Jo]"), ("mia", "Berg, Mia"), (" mia ", "Mia")])
def test_where_nobody_is_disguised_both_stay_as_they_were_written(ids: str, names: str) -> None:
    assert listed_people(ids, names, as_told) == (ids, names)
