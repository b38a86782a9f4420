"""Who is in the groups that rules of escape name, as of the last sync that asked, and which were never loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from metrics.defects.defect_facts import Memberships
from metrics.defects.escape_rules import Membership
from metrics.settings import DefectRule, GroupName
from warehouse.fetching import fetch_rows
from warehouse.records import group_id
from warehouse.tables.side import groups, user_groups


def read_members(connection: Connection) -> Memberships:
    """User → the groups that they are in, in an order that all engines share; those in none are left out."""
    of = user_groups.c
    found: defaultdict[str, list[Membership]] = defaultdict(list)
    for user_id, one, name in sorted(fetch_rows(connection, select(of.user_id, of.group_id, of.group_name))):
        found[user_id].append(Membership(one, name))
    return {user_id: tuple(each) for user_id, each in found.items()}


def never_loaded(
    connection: Connection, rules: Iterable[DefectRule], source_ids: Iterable[str]
) -> Iterator[tuple[str, str, GroupName]]:
    """(Rule, source, group) for each group whose members in that source nobody knows; one without members is known."""
    known = set(connection.scalars(select(groups.c.group_id)))
    in_order = sorted(source_ids)
    for rule in rules:
        for source_id in in_order:
            for group in sorted(rule.reporter_groups):
                if group.is_of(source_id) and group_id(source_id, group.name) not in known:
                    yield rule.name, source_id, group
