"""The two Jiras over one company: how they are made, what their introductions say, and which switches they have."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from simulator.company import JIRA, Issue
from simulator.jira.history import issue_items
from simulator.jira.site import Site
from simulator.jira.words import LANGUAGES
from simulator.jira_cloud.dialect import CLOUD
from simulator.jira_cloud.gateway import CLOUD_ID, Gateway
from simulator.jira_cloud.login import Cloud
from simulator.jira_cloud.walk import Lies
from simulator.jira_data_center.dialect import DATA_CENTER
from simulator.jira_data_center.server import DEFAULT_VERSION, Server
from simulator.life.acts import act
from simulator.life.generate import pass_time
from simulator.life.layout import BOT
from simulator.life.world import World

EMAIL = "bot@acme.example"
_MARK = "touched"
CLOUD_PAGE_CAP, DATA_CENTER_PAGE_CAP = 100, 1_000
JIRA_SWITCHES: dict[type, tuple[str, ...]] = {
    Site: (
        "page_cap",
        "version",
        "hidden_issues",
        "hidden_projects",
        "denied_boards",
        "columnless_boards",
        "withheld_permissions",
        "granted_permissions",
        "time_tracking",
        "language",
        "user_zone",
        "index_lag",
        "mutate_on_page",
        "hostile_sprints",
    ),
    Cloud: ("agile_lists_gone",),
    Gateway: ("scopes",),
    Lies: ("short_pages", "empty_page", "repeated_token", "early_last"),
    Server: ("anonymous_allowed", "search_window", "deployment_type", "token_days", "token_requests"),
}


def make_cloud(world: World, seed: int) -> Cloud:
    """The Jira Cloud of the company."""
    site = Site(
        company=world.company,
        dialect=CLOUD,
        email=EMAIL,
        token=f"jira-{seed}-token",
        page_cap=CLOUD_PAGE_CAP,
        mutate=partial(_touch, world),
    )
    gateway = Gateway(
        company=world.company,
        service_token=f"service-{seed}-token",
        client_id=f"client-{seed}",
        client_secret=f"secret-{seed}-client",
        refresh_token=hashlib.sha256(f"refresh {seed}".encode()).hexdigest(),
    )
    return Cloud(site=site, gateway=gateway)


def make_data_center(world: World, seed: int) -> Server:
    """The Jira Data Center of the company."""
    site = Site(
        company=world.company,
        dialect=DATA_CENTER,
        email=EMAIL,
        token=f"jira-dc-{seed}-token",
        page_cap=DATA_CENTER_PAGE_CAP,
        version=DEFAULT_VERSION,
        mutate=partial(_touch, world),
    )
    login = world.company.people[BOT].login
    return Server(site=site, login=login, password=f"password-{seed}", issued_at=world.company.now)


def _touch(world: World, issue: Issue) -> None:
    """Somebody edits the issue now; the clock moves on by a second, so that no two edits fall together."""
    pass_time(world, 1_000)
    deed = "remove_label" if _MARK in issue.state.get("labels", ()) else "add_label"
    act(world, {"do": "edit", "tracker": JIRA, "issue": issue.id, deed: _MARK})


def is_sound(name: str, value: Any) -> bool:  # noqa: ANN401 - of the setting's own type
    """Whether a switch of the Jiras can have this value; the switches of others can have any."""
    if name == "language":
        return value in LANGUAGES
    if name == "user_zone":
        return value in available_timezones()
    if name == "deployment_type":
        return value in {"Server", "DataCenter"}
    return name != "version" or re.fullmatch(r"\d+\.\d+\.\d+", value) is not None


def jira_holders(cloud: Cloud, server: Server) -> list[tuple[str, Any]]:
    """What has switches, by tracker."""
    clouds = [("jira_cloud", holder) for holder in (cloud.site, cloud, cloud.gateway, cloud.lies)]
    return [*clouds, ("jira_data_center", server.site), ("jira_data_center", server)]


def introduce_cloud(cloud: Cloud) -> dict[str, Any]:
    """What somebody needs to connect to the Cloud: to the site itself, or by the gateway."""
    site, gateway = cloud.site, cloud.gateway
    return {
        "url": site.url,
        "email": site.email,
        "token": site.token,
        "projects": [project.key for project in site.product.projects.values()],
        "cloud_id": CLOUD_ID,
        "gateway": {
            "url": site.url,
            "service_token": gateway.service_token,
            "client_id": gateway.client_id,
            "client_secret": gateway.client_secret,
            "refresh_token": gateway.refresh_token,
        },
    }


def introduce_data_center(server: Server) -> dict[str, Any]:
    """What somebody needs to connect to the Data Center."""
    site = server.site
    return {
        "url": site.url,
        "token": site.token,
        "projects": [project.key for project in site.product.projects.values()],
        "user": server.login,
        "password": server.password,
    }


def jira_entries(site: Site) -> dict[str, int]:
    """How many history entries, and items in them, the site tells of the issues that exist."""
    entries = [items for issue in site.product.alive() for items in issue_items(site, issue) if items]
    return {"histories": len(entries), "changes": sum(map(len, entries))}
