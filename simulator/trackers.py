"""The simulated trackers over one company: what a running simulator holds, and what tests may ask and tell it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp

from simulator.azure_devops.app import make_app as make_azure_devops
from simulator.azure_devops.feed import Feed
from simulator.azure_devops.organization import Organization, guid
from simulator.azure_devops.switches import AZURE_DEVOPS_SWITCHES, FEED_SWITCHES
from simulator.azure_devops.switches import is_sound as is_sound_at_microsoft
from simulator.company import Company, Product
from simulator.faults import Asked, Fault, read_fault
from simulator.jira.site import Site
from simulator.jira_cloud.app import make_app as make_jira_cloud
from simulator.jira_cloud.login import Cloud
from simulator.jira_data_center.app import make_app as make_jira_data_center
from simulator.jira_data_center.server import Server
from simulator.jiras import (
    JIRA_SWITCHES,
    introduce_cloud,
    introduce_data_center,
    is_sound,
    jira_entries,
    jira_holders,
    make_cloud,
    make_data_center,
)
from simulator.life.acts import act
from simulator.life.generate import advance, make_world, pass_time
from simulator.life.world import World

ORGANIZATION, COLLECTION = "/contoso", "/tfs/DefaultCollection"
SERVER_CEILING = "7.0"
TRACKERS = ("jira_cloud", "azure_devops", "jira_data_center", "azure_devops_server")  # in the order of their ports
DEFAULT_ISSUES, DEFAULT_SEED, DEFAULT_NOW = 2_000, 7, "2026-09-30T18:00:00Z"
_IDS = re.compile(r"(?<!/api)/(\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What makes one simulator differ from another; the same settings give the same answers."""

    issues: int = DEFAULT_ISSUES
    seed: int = DEFAULT_SEED
    now: str = DEFAULT_NOW
    latency_ms: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Trackers:
    """The company, the trackers that show it, the faults to come, and the requests so far."""

    settings: Settings
    world: World
    cloud: Cloud
    data_center: Server
    organization: Organization
    server: Organization
    apps: dict[str, ASGIApp]
    faults: list[Fault] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    """The real time, by which bursts are counted."""
    requests: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in TRACKERS})

    @property
    def company(self) -> Company:
        """The company as it is now."""
        return self.world.company

    @property
    def site(self) -> Site:
        """The Jira Cloud site."""
        return self.cloud.site

    def advance(self, nights: int) -> None:
        """Let so many nights pass."""
        advance(self.world, nights)

    def act(self, command: dict[str, Any]) -> dict[str, Any]:
        """Let somebody do one thing now; ValueError says what is wrong with the command."""
        return act(self.world, command)

    def pass_time(self, seconds: float) -> None:
        """Move the company's clock; nothing else happens."""
        pass_time(self.world, round(seconds * 1000))

    def count(self, tracker: str, method: str, path: str) -> None:
        """Note a request; ids in the path count as one."""
        self.requests[tracker][f"{method} {_IDS.sub('/{id}', path)}"] += 1

    def order(self, fault: dict[str, Any]) -> None:
        """Have a fault strike later requests; ValueError says what is wrong with it."""
        read = read_fault(fault)
        if read.tracker not in {"", *TRACKERS}:
            raise ValueError(f"tracker is one of {', '.join(TRACKERS)}")
        self.faults.append(read)

    def strike(self, asked: Asked) -> Fault | None:
        """The first fault that hits the request."""
        return next((fault for fault in self.faults if fault.strikes(asked)), None)

    def tell(self, name: str, value: Any, tracker: str = "") -> None:  # noqa: ANN401 - of the setting's own type
        """Turn a switch of `SWITCHES`, at one tracker or at all that have it."""
        holders: list[tuple[str, Any]] = [
            *jira_holders(self.cloud, self.data_center),
            ("azure_devops", self.organization),
            ("azure_devops_server", self.server),
            ("azure_devops", self.organization.feed),
            ("azure_devops_server", self.server.feed),
            ("world", self.world),
        ]
        found = [h for key, h in holders if tracker in {"", key} and name in SWITCHES.get(type(h), ())]
        is_typed = found and all(isinstance(value, type(getattr(holder, name))) for holder in found)
        if not is_typed or not is_sound(name, value) or not is_sound_at_microsoft(name, value):
            raise ValueError(f"{name} cannot be set so")
        for holder in found:
            setattr(holder, name, value)
        self.company.age += 1  # nothing that was kept may be shown again


SWITCHES: dict[type, tuple[str, ...]] = {
    **JIRA_SWITCHES,
    Organization: AZURE_DEVOPS_SWITCHES,
    Feed: FEED_SWITCHES,
    World: ("deletes_in_jira",),
}


def make_trackers(settings: Settings) -> Trackers:
    """A fresh company and its trackers; their addresses are filled in once they listen."""
    now = round(datetime.fromisoformat(settings.now).timestamp() * 1000)
    world = make_world(seed=settings.seed, issues=settings.issues, now=now)
    cloud, data_center = make_cloud(world, settings.seed), make_data_center(world, settings.seed)
    organization = Organization(
        company=world.company,
        base=ORGANIZATION,
        token=f"pat-{settings.seed}-token",
        tenant_id=guid("tenant", settings.seed),
        client_id=guid("client", settings.seed),
        client_secret=f"secret-{settings.seed}~client",
    )
    server = Organization(
        company=world.company,
        base=COLLECTION,
        token=f"server-pat-{settings.seed}-token",
        is_server=True,
        newest_api_version=SERVER_CEILING,
        sign_in="401",
    )
    apps = {"jira_cloud": make_jira_cloud(cloud), "jira_data_center": make_jira_data_center(data_center)}
    apps |= {"azure_devops": make_azure_devops(organization), "azure_devops_server": make_azure_devops(server)}
    return Trackers(
        settings=settings,
        world=world,
        cloud=cloud,
        data_center=data_center,
        organization=organization,
        server=server,
        apps=apps,
    )


def instant(at: int) -> str:
    """Milliseconds as ISO text."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def introduction(trackers: Trackers) -> dict[str, Any]:
    """What somebody needs to connect."""
    return {
        "now": instant(trackers.company.now),
        "jira_cloud": introduce_cloud(trackers.cloud),
        "azure_devops": _introduce(trackers.organization) | {"entra": _entra(trackers.organization)},
        "jira_data_center": introduce_data_center(trackers.data_center),
        "azure_devops_server": _introduce(trackers.server),
    }


def _introduce(organization: Organization) -> dict[str, Any]:
    teams = organization.product.teams.values()
    return {
        "url": organization.url,
        "token": organization.token,
        "projects": sorted({organization.product.projects[team.project_id].name for team in teams}),
        "teams": [team.name for team in teams],
    }


def _entra(organization: Organization) -> dict[str, str]:
    return {
        "authority": organization.url.removesuffix(organization.base),
        "tenant_id": organization.tenant_id,
        "client_id": organization.client_id,
        "client_secret": organization.client_secret,
    }


def report(trackers: Trackers) -> dict[str, Any]:
    """The truth about the company, to check a connector against, and the requests so far."""
    organization = trackers.organization
    feed = organization.feed
    jira = _facts(trackers.site.product)
    azure = _facts(organization.product) | feed.facts(organization.product)
    azure["work_items"] = azure["issues"]
    return {
        "now": instant(trackers.company.now),
        "nights": trackers.world.nights,
        "issues": jira["issues"] + azure["issues"],
        "faults": [
            {"kind": f.kind, "match": f.match, "tracker": f.tracker, "struck": f.struck} for f in trackers.faults
        ],
        "requests": dict(sorted(sum(trackers.requests.values(), Counter[str]()).items())),
        "jira_cloud": jira | jira_entries(trackers.site) | _requests(trackers, "jira_cloud"),
        "azure_devops": azure | _requests(trackers, "azure_devops"),
        "jira_data_center": jira | jira_entries(trackers.data_center.site) | _requests(trackers, "jira_data_center"),
        "azure_devops_server": azure | _requests(trackers, "azure_devops_server"),
    }


def _facts(product: Product) -> dict[str, Any]:
    alive = list(product.alive())
    statuses = Counter(product.statuses[issue.state["status"]].name for issue in alive)
    projects = Counter(product.projects[issue.state["project"]].key for issue in alive)
    links = [link for link in product.links.values() if link.removed_at is None]
    return {
        "issues": len(alive),
        "deleted": len(product.issues) - len(alive),
        "by_project": dict(sorted(projects.items())),
        "by_status": dict(sorted(statuses.items())),
        "sprints": sum(1 for sprint in product.sprints.values() if not sprint.is_deleted),
        "links": len(links),
        "worklogs": sum(len(issue.worklogs) for issue in alive),
    }


def _requests(trackers: Trackers, tracker: str) -> dict[str, Any]:
    counted = trackers.requests[tracker]
    return {"requests": sum(counted.values()), "requests_by_path": dict(sorted(counted.items()))}
