"""Groups and people of the Graph or of a Server's identities → names by which the config and work items know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.azure_devops.gateway.groups import Identity, Subject

_OF_A_PROJECT = "vstfs:///classification/teamproject"
_OF_DEVOPS = "vstfs:///"


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group with all names that it may be called by."""

    key: str
    """Descriptor or id."""
    shown: str
    """`[Project]\\Group`, where it is one of Azure DevOps."""
    names: frozenset[str]
    """Whole names, folded."""
    bare: frozenset[str]
    """The same without project or domain."""
    is_of_project: bool
    is_of_entra: bool = False


def of_subject(subject: Subject) -> FoundGroup:
    """A group of the Graph."""
    told = [name for name in (subject.principal_name, subject.display_name) if name]
    shown = next((name for name in told if name.startswith("[")), told[0] if told else subject.descriptor)
    return FoundGroup(
        key=subject.descriptor,
        shown=shown,
        names=_folded(told),
        bare=_folded(map(_bare, told)),
        is_of_project=_is_of_project(subject.domain or ""),
        is_of_entra=subject.origin == "aad",
    )


def of_identity(identity: Identity) -> FoundGroup:
    """A group of a Server; one of Active Directory is called by its domain too."""
    account, domain = identity.told("Account"), identity.told("Domain")
    told = [name for name in (identity.provider_display_name, identity.custom_display_name, account) if name]
    if account and domain and not domain.startswith(_OF_DEVOPS):
        told.append(f"{domain}\\{account}")
    return FoundGroup(
        key=identity.id,
        shown=told[0] if told else identity.id,
        names=_folded(told),
        bare=_folded(map(_bare, told)),
        is_of_project=_is_of_project(domain),
    )


def matching(groups: Iterable[FoundGroup], name: str) -> Sequence[FoundGroup]:
    """The groups of that name, each once.

    A name without project means a group of the organisation, or the only one of a project that is called so.
    """
    wanted = name.strip().casefold()
    found = {group.key: group for group in groups if wanted in group.names | group.bare}
    whole = [group for group in found.values() if "\\" in wanted and wanted in group.names]
    common = [group for group in found.values() if not group.is_of_project]
    return whole or (common if len(common) == 1 else list(found.values()))


def keys_of_subject(subject: Subject) -> tuple[str, ...]:
    """Ids that items name a person by: the account, and the address where that is another one."""
    return _keys(subject.principal_name, subject.mail_address)


def keys_of_identity(identity: Identity) -> tuple[str, ...]:
    """The same of a Server's people, whom it names by their domain."""
    account, domain = identity.told("Account"), identity.told("Domain")
    is_local = "@" not in account and domain and "\\" not in account and not domain.startswith(_OF_DEVOPS)
    return _keys(f"{domain}\\{account}" if is_local else account, identity.told("Mail"))


def _keys(*names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().lower() for name in names if name and name.strip()))


def _bare(name: str) -> str:
    return name.rpartition("\\")[2]


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _is_of_project(domain: str) -> bool:
    return domain.casefold().startswith(_OF_A_PROJECT)
