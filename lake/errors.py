"""What can go wrong with a lake."""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot be used so. The message is one line: where, what, and what to do."""
