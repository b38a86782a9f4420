"""What cannot be read of an answer: single issues are told apart and left out, all else is an error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import msgspec

from connectors.base import Malformed, Page, Stream
from connectors.errors import SourceError, UnexpectedResponse

UNREADABLE = (
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What a mapping raises for an answer that is not of the shape that the tracker documents."""

_LOG = logging.getLogger(__name__)
_FEW = 10
_LENGTH = 300


def why(error: BaseException) -> str:
    """What is wrong with the answer, in a short line."""
    if isinstance(error, KeyError):
        return f"it comes without its {error.args[0]}"
    return (" ".join(str(error).split()) or type(error).__name__)[:_LENGTH]


def require_mostly_readable(malformed: Sequence[Malformed], issues: int) -> None:
    """Raise `UnexpectedResponse` when more than half of a page's issues cannot be read.

    Then it is no damaged issue, but an API that changed, or a defect of ours: the stream must not go past it.
    """
    if issues >= _FEW and 2 * len(malformed) > issues:
        first = malformed[0]
        raise UnexpectedResponse(
            f"{len(malformed)} of {issues} issues of a page cannot be read, such as {first.label} "
            f"({first.issue_id}): {first.reason}"
        )


def guarded(name: str, pages: Callable[[str | None], Iterator[Page]]) -> Stream:
    """A stream that raises `SourceError`s only: whatever else cannot be read is an `UnexpectedResponse`."""

    def reading(bookmark: str | None) -> Iterator[Page]:
        try:
            yield from pages(bookmark)
        except SourceError:
            raise
        except UNREADABLE as error:
            _LOG.debug("the place at which %s cannot be read", name, exc_info=error)
            raise UnexpectedResponse(f"an answer about {name} cannot be read: {why(error)}") from error

    return Stream(name, reading)
