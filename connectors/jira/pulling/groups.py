"""Who is in a group of a Jira site, or why that is not told."""

from __future__ import annotations

from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.groups import NAMED_IN, UNTIL_THEN, Members
from connectors.jira.gateway.scopes import GROUPS, lacks_scope
from connectors.jira.pulling.site import Site

_NEEDED = {
    "jira_cloud": "the global permission Browse users and groups",
    "jira_data_center": "the global permission Jira Administrators, without which a Data Center tells no members",
}


def members(site: Site, name: str) -> Members | str:
    """The people in the group, inactive ones too; those of groups within it are among them."""
    try:
        found = list(site.gateway.members(name, is_cloud=site.dialect.kind == "jira_cloud"))
    except NotFound:
        return (
            f"there is no group {name!r} for the account: correct its name in {NAMED_IN}, where one of this source "
            f"alone is written {site.settings.source_id}:NAME; {UNTIL_THEN}"
        )
    except PermissionMissing as error:
        needed = f"the scopes {GROUPS.scopes}" if lacks_scope(str(error)) else _NEEDED[site.dialect.kind]
        return (
            f"the members of group {name!r} are not shown: give the account {needed}, or take the group out of "
            f"{NAMED_IN}; {UNTIL_THEN} ({error})"
        )
    except UnexpectedResponse as error:
        return f"the members of group {name!r} cannot be read; {UNTIL_THEN} ({error})"
    return Members({(account.native_id,) for account in found if account.native_id})
