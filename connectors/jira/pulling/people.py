"""The list of people between two nights on which it is asked for: whom it named, and a digest of each."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from connectors.jira.gateway.answers import Account
from connectors.people import Disguise
from connectors.remembered import LONGEST


class ListedPeople(msgspec.Struct, frozen=True):
    """The bookmark of the stream of people."""

    site: str
    asked_at: datetime
    people: dict[str, str]
    """Id as stored → digest."""

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


def listed(site: str, now: datetime, accounts: Iterable[Account], people: Disguise) -> ListedPeople:
    """What to keep of a list that was asked for just now; nothing of people who may not be stored."""
    digests = (_digest(account, people) for account in accounts)
    return ListedPeople(site, now, {native: found for native, found in digests if native is not None})


def _digest(account: Account, people: Disguise) -> tuple[str | None, str]:
    """Id as stored, and a digest: another one when a person is renamed as far as that is stored, or leaves."""
    shown = people(account.native_id, account.display_name)
    return shown.native, f"{zlib.crc32(f'{shown.name}|{account.active}'.encode()):08x}"


def is_as_listed(stored: Mapping[str, str], account: Account, people: Disguise) -> bool:
    """Whether an account that an issue shows has no news over the list of an earlier night.

    Authors of histories are shown without whether they are active: such an account is no better than the list's.
    Of who may not be stored there is never news.
    """
    native, found = _digest(account, people)
    if native is None:
        return True
    return native in stored and (account.active is None or stored[native] == found)
