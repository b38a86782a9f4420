"""Sends a message to each configured address, by apprise; whatever goes wrong is a sentence, never an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from flowmart.secrets import masked
from flowmart.settings.telling import Notify

NOT_INSTALLED = "notify.urls: apprise is not installed; run pip install 'flowmart[notify]'"

Kind = Literal["failure", "warning", "success", "info"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told. `kind` decides about colours and pictures where the receiver has them."""

    title: str
    body: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many addresses took a message, and of each other one why not."""

    reached: int
    problems: tuple[str, ...]


def deliver(notify: Notify, message: Message) -> Delivery:
    """Send it to every address. No problem holds an address or a part of one."""
    try:
        library = _library()
    except ImportError:
        return Delivery(0, (NOT_INSTALLED,))
    problems = []
    for number, address in enumerate(notify.addresses(), 1):
        with _words(notify) as said:
            problem = _send(library, address, message)
        if problem is not None:
            problems.append(f"notify.urls.#{number}: {' '.join((said[-1] if said else problem).split())}")
    return Delivery(len(notify.urls) - len(problems), tuple(problems))


def refusals(notify: Notify) -> Sequence[str]:
    """What is wrong with the addresses themselves, as far as that can be told without sending anything."""
    if not notify.urls:
        return ()
    try:
        library = _library()
    except ImportError:
        return (NOT_INSTALLED,)
    with _words(notify):
        made = [library.Apprise.instantiate(address) for address in notify.addresses()]
    return [f"notify.urls.#{number}: {_UNUSABLE}" for number, one in enumerate(made, 1) if one is None]


_UNUSABLE = "apprise cannot use this address; its documentation has the form for each service"


def _library() -> ModuleType:
    import apprise  # here, since it is an optional extra

    library: ModuleType = apprise
    return library


def _send(library: ModuleType, address: str, message: Message) -> str | None:
    """None when the receiver took it."""
    try:
        receiver = library.Apprise.instantiate(address)
        if receiver is None:
            return _UNUSABLE
        sent = receiver.notify(body=message.body, title=message.title, notify_type=message.kind, body_format="text")
    except Exception as error:  # noqa: BLE001 - of any of more than a hundred senders; a message never fails a run
        return type(error).__name__
    return None if sent else "the message was not taken"


@contextmanager
def _words(notify: Notify) -> Iterator[list[str]]:
    """What apprise says meanwhile: its last words tell why. They may name a part of an address, so none is logged."""
    said, hidden = list[str](), tuple(notify.hidden())
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3")]

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(masked(record.getMessage(), hidden))

    listener = Listener(logging.WARNING)
    for logger in loggers:
        logger.addHandler(listener)
        logger.propagate = False
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
            logger.propagate = True
