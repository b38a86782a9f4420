"""What can go wrong with a tracker, sorted by what the caller should do.

SourceError
├── AuthenticationError     stop this source and tell a person: the login is refused, expired or not the one configured
├── PermissionMissing       tell a person what the account may not see; the rest of the source can go on
├── NotFound                the thing asked for is not there, or not for this account
├── TrackerUnavailable      try again in the next run: time-outs, 5xx, rate limits beyond `sync.max_wait`
└── UnexpectedResponse      a bug of ours or a change of the API: names method and path, never secrets

Each message is one line for a person: what happened, where, and what to do.
"""

from __future__ import annotations


class SourceError(Exception):
    """Any failure of a source that its message explains."""


class AuthenticationError(SourceError):
    """The tracker does not accept the login, or answers as if nobody were logged in."""


class PermissionMissing(SourceError):  # noqa: N818 - the word of the house for this state
    """The login works, but the account may not see or do this."""


class NotFound(SourceError):  # noqa: N818 - the word of the house for this state
    """There is no such thing, or none that this account may see."""


class TrackerUnavailable(SourceError):  # noqa: N818 - the word of the house for this state
    """The tracker could not answer now. What was loaded stays; the next run goes on from there."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnexpectedResponse(SourceError):  # noqa: N818 - the word of the house for this state
    """An answer that the API's description does not allow. `status` is the HTTP status, if there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
