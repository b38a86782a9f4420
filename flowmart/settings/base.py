"""What all sections share: they are frozen, refuse unknown keys, and take values of the right type only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from exports.cloud import SCHEMES
from flowmart.naming import closest

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]+://")
_PASSWORD = re.compile(r"[^/@]*:[^/@]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Section(BaseModel):
    """A table of the configuration file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def nearest(wanted: str, known: list[str]) -> str:
    """`; did you mean X?` for the likeliest of the known words, else the words themselves if they are few."""
    near = closest(wanted, known)
    if near is not None:
        return f"; did you mean {near}?"
    return f"; known here: {', '.join(known)}" if 0 < len(known) <= _FEW else ""


_FEW = 24


def _seconds(value: object) -> float:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a duration as text, such as "90s", "15m", "26h" or "2d"')
    return float(found[1]) * _UNIT_SECONDS[found[2]]


def _time_of_day(value: object) -> time | None:
    if value == "24:00":
        return None
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a time of day as "HH:MM", from "00:00" to "24:00"')
    return time(int(found[1]), int(found[2]))


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def _secret_not_blank(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    if isinstance(value, str) and _CONTROL.search(value.strip()):
        raise ValueError("must be one line without control characters; is it the right secret?")
    return SecretStr(value.strip()) if isinstance(value, str) else value


def _beside_the_file(value: object, info: ValidationInfo) -> object:
    """A relative path counts from the folder of the configuration file, so that cron may start us anywhere."""
    if not isinstance(value, str):
        return value
    folder = (info.context or {}).get("folder")
    path = Path(_not_blank(value)).expanduser()
    return path if folder is None else Path(folder) / path


def _folder_or_url(value: object, info: ValidationInfo) -> object:
    """A URL stays as it is written; everything else is a path."""
    if not isinstance(value, str) or not _URL.match(value):
        return _beside_the_file(value, info)
    scheme, _, rest = value.strip().partition("://")
    if scheme not in SCHEMES:
        raise ValueError(f"no kind of place is called {scheme}://{nearest(scheme, sorted(SCHEMES))}")
    if not rest.strip("/"):
        raise ValueError(f"name the bucket or container: {scheme}://NAME/FOLDER")
    if _PASSWORD.match(rest):
        raise ValueError("no password in a URL; put it into `storage`, or into the store's own variables")
    return value.strip()


Text = Annotated[str, AfterValidator(_not_blank)]
"""A text that says something."""

Secret = Annotated[SecretStr, BeforeValidator(_secret_not_blank)]
"""A text that is never shown."""

Texts = Annotated[tuple[Text, ...], Field(strict=False)]
"""A list of texts."""

Seconds = Annotated[float, BeforeValidator(_seconds)]
"""A duration such as `15m`, in seconds."""

TimeOfDay = Annotated[time | None, BeforeValidator(_time_of_day)]
"""A time such as `09:00`; None is midnight at the end of the day."""

FilePath = Annotated[Path, BeforeValidator(_beside_the_file)]
"""A path; a relative one counts from the folder of the configuration file."""

Option = Annotated[SecretStr | bool | int, Field(union_mode="left_to_right")]
"""A value for a store's library."""

_SECRET_NAME = re.compile("key|secret|token|password|credential|connection_string|sas", re.IGNORECASE)


def secret_options(options: Mapping[str, SecretStr | bool | int]) -> Iterator[str]:
    """Those of a store's options that must never be shown; a region or an account's name may."""
    for name, value in options.items():
        if isinstance(value, SecretStr) and _SECRET_NAME.search(name):
            yield value.get_secret_value()


FolderOrUrl = Annotated[Path | str, BeforeValidator(_folder_or_url)]
"""A path as above, or the URL of a folder in an object store, such as `s3://bucket/folder`, as text."""
