"""Whose certificates are believed, and what it means when one is not. Nothing turns the verification off."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx

from connectors.errors import TrackerUnavailable

_EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 10, 62, 64
"""What OpenSSL calls a certificate that is too old, or is for another name or number."""
_LONGEST_CHAIN = 10


@cache
def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """The usual authorities (or those of `$SSL_CERT_FILE`), and those of the file beside them.

    Read once for each file, since that takes 20 ms and each source has a client. Raises `TrackerUnavailable` for a file
    that cannot be read or is none of certificates.
    """
    named = "SSL_CERT_FILE and SSL_CERT_DIR"
    try:
        context = httpx.create_ssl_context()
        if ca_file is not None:
            named = "network.ca_file"
            context.load_verify_locations(ca_file)
    except OSError as error:  # OpenSSL's errors too
        raise TrackerUnavailable(f"no authorities can be read ({error.strerror or error}); correct {named}") from error
    return context


def is_distrust(error: BaseException | None) -> bool:
    """Whether a connection failed since the server's certificate is not believed."""
    return _refusal(error) is not None


def meaning(error: BaseException) -> str | None:
    """What is wrong with the certificate, and what to do; None if that was not the reason."""
    refused = _refusal(error)
    if refused is None:
        return None
    said = " ".join(refused.verify_message.split()).rstrip(".")
    if refused.verify_code in {_OTHER_HOST, _OTHER_ADDRESS}:
        return f"shows a certificate for another host ({said}); correct the address"
    if refused.verify_code == _EXPIRED:
        return f"shows a certificate that has expired ({said}); have it renewed"
    return f"shows a certificate that is not believed ({said}); name the file of its authority in network.ca_file"


def _refusal(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    for _ in range(_LONGEST_CHAIN):  # an error that is raised again may be among its own causes
        if error is None or isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None
