"""What can go wrong before anything is asked of a tracker.

ApplicationError
├── ConfigError   exit 2: the configuration file is wrong; every problem on a line of its own
├── UsageError    exit 2: the command line or a variable is wrong
└── JobFailed     exit 1: a source or a job failed; what others did stays

Each message is made for a person: what, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

DONE, FAILED, WRONG_USE, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""


class ApplicationError(Exception):
    """Any failure of the application that its message explains."""


class ConfigError(ApplicationError):
    """The configuration cannot be used. `problems` are its lines, each `file: key: what and what to do`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class UsageError(ApplicationError):
    """The command line or an environment variable cannot be used."""


class JobFailed(ApplicationError):  # noqa: N818 - a state, as the house names them
    """Part of a job failed; the message names the part."""
