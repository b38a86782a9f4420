"""`[network]`: whose certificates are believed, and how large and how slow an answer may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from flowmart.settings.base import FilePath, Seconds, Section


def _with_certificates(path: Path) -> Path:
    import ssl  # here, since few name a file

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return path


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError('must be more than "0s"')
    return value


class Network(Section):
    """For everything that is asked over HTTP: trackers, logins, Power BI, Tableau."""

    ca_file: Annotated[FilePath, AfterValidator(_with_certificates)] | None = None
    max_answer_mb: Annotated[int, Field(ge=1, le=10_000)] = 100
    answer_seconds: Annotated[Seconds, AfterValidator(_above_zero), Field(alias="answer_timeout")] = 600.0
