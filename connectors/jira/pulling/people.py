"""The list of people between two nights on which it is asked for: whom it named, and a digest of each."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from connectors.jira.gateway.answers import Account
from connectors.remembered import LONGEST


class ListedPeople(msgspec.Struct, frozen=True):
    """The bookmark of the stream of people."""

    site: str
    asked_at: datetime
    people: dict[str, str]
    """Native id → digest."""

    def text(self) -> str:
        """As a page carries it."""
        return msgspec.json.encode(self).decode()


def read_people(bookmark: str | None, site: str, now: datetime) -> ListedPeople | None:
    """The list of an earlier night, if it is of this site and young enough."""
    try:
        found = msgspec.json.decode(bookmark or "null", type=ListedPeople | None)
    except msgspec.DecodeError:
        return None
    if found is None or found.site != site:
        return None
    return found if timedelta() <= now - found.asked_at < LONGEST else None


def listed(site: str, now: datetime, people: Iterable[Account]) -> ListedPeople:
    """What to keep of a list that was asked for just now."""
    return ListedPeople(site, now, {account.native_id: digest(account) for account in people})


def digest(account: Account) -> str:
    """Another one when a person is renamed, or leaves."""
    return f"{zlib.crc32(f'{account.display_name}|{account.active}'.encode()):08x}"


def is_as_listed(listed_as: str | None, account: Account) -> bool:
    """Whether an account that an issue shows has no news over the list.

    Authors of histories are shown without whether they are active: such an account is no better than the list's.
    """
    return listed_as is not None and (account.active is None or listed_as == digest(account))
