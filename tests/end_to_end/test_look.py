"""`init` and `check` against the simulated trackers of every flavour: what they find, name, and leave alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from flowmart.config import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Done, Site, Trackers

FLAVOURS = ("jira_cloud", "jira_data_center", "azure_devops", "azure_devops_server")
MORE = """
[sources.dc]
type = "jira"
url = "{jira_data_center}"
token = "${{DC_TOKEN}}"

[sources.tfs]
type = "azure_devops"
url = "{azure_devops_server}"
token = "${{TFS_TOKEN}}"
projects = ["Shop"]
"""


@pytest.fixture
def tokens(trackers: Trackers) -> dict[str, str]:
    """The variables of the four logins."""
    names = dict(zip(FLAVOURS, ("DEMO_JIRA_TOKEN", "DC_TOKEN", "DEMO_ADO_TOKEN", "TFS_TOKEN"), strict=True))
    return {names[flavour]: trackers.about[flavour]["token"] for flavour in FLAVOURS}


@pytest.fixture
def four(site: Site, tokens: dict[str, str]) -> Iterator[Site]:
    """A site with all four flavours; switches are put back afterwards."""
    path = site.folder / "flowmart.toml"
    urls = {flavour: site.trackers.about[flavour]["url"] for flavour in FLAVOURS}
    path.write_text(path.read_text("utf-8") + MORE.format(**urls), encoding="utf-8")
    yield site
    site.trackers.set(withheld_permissions=[], token_days=365, language="en", hidden_projects=[], time_tracking=True)
    assert tokens


def check(site: Site, tokens: dict[str, str], **switches: Any) -> dict[str, Any]:
    """What `check --json` tells after turning switches."""
    if switches:
        site.trackers.set(**switches)
    done = site.flowmart("check", "--json", **tokens)
    no_secrets(done, tokens)
    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == told["ok"]
    return told


def no_secrets(done: Done, tokens: dict[str, str]) -> None:
    assert "Traceback" not in done.stderr
    assert not any(token in done.stdout + done.stderr for token in tokens.values())


def test_every_flavour_tells_what_it_is_and_which_fields_are_filled(four: Site, tokens: dict[str, str]) -> None:
    told = check(four, tokens)["sources"]
    assert {name: each["login"]["kind"] for name, each in told.items()} == {
        "acme": "jira_cloud",
        "contoso": "azure_devops",
        "dc": "jira_data_center",
        "tfs": "azure_devops",
    }
    truth = {
        name: four.trackers.state()[flavour]["issues"] for name, flavour in zip(told, _in_order(told), strict=True)
    }
    for name, each in told.items():
        projects = [seen["issues"] for seen in each["seen"] if seen["what"] == "project"]
        assert 0 < sum(projects) <= truth[name], name
        points = [found for found in each["candidates"] if found["role"] == "story_points"]
        assert 0 < points[0]["filled"] < points[0]["asked"] == sum(projects), name
        assert {found["role"] for found in each["candidates"]} == {"story_points", "severity", "found_in"}, name
        assert each["requests"] <= 60
        assert each["missing_permissions"] == []
        assert each["problems"] == []


def _in_order(told: dict[str, Any]) -> list[str]:
    flavours = {"acme": "jira_cloud", "contoso": "azure_devops", "dc": "jira_data_center", "tfs": "azure_devops_server"}
    return [flavours[name] for name in told]


def test_trap_39_on_one_site_each_project_fills_its_own_field_of_points(four: Site, tokens: dict[str, str]) -> None:
    found = check(four, tokens)["sources"]["acme"]["candidates"]
    points = {each["name"]: each["by_project"] for each in found if each["role"] == "story_points"}
    assert {name: sorted(key for key, n in where.items() if n) for name, where in points.items()} == {
        "Story point estimate": ["WEB"],
        "Story Points": ["PAY"],
    }


def test_trap_40_a_site_in_another_language_has_the_same_candidates(four: Site, tokens: dict[str, str]) -> None:
    english = check(four, tokens)["sources"]
    german = check(four, tokens, language="de")["sources"]
    for name in ("acme", "dc"):
        ids = [
            [(each["role"], each["id"], each["filled"]) for each in told[name]["candidates"]]
            for told in (english, german)
        ]
        assert ids[0] == ids[1], name


def test_nothing_is_written_neither_here_nor_there(four: Site, tokens: dict[str, str]) -> None:
    before = {path.name: path.read_bytes() for path in four.folder.iterdir()}
    assert four.flowmart("check", **tokens).returncode == 0
    assert {path.name: path.read_bytes() for path in four.folder.iterdir()} == before


def test_missing_permissions_are_named_by_both_jiras(four: Site, tokens: dict[str, str]) -> None:
    told = check(four, tokens, withheld_permissions=["USER_PICKER"])
    for name in ("acme", "dc"):
        (missing,) = told["sources"][name]["missing_permissions"]
        assert missing.startswith("USER_PICKER (Browse users and groups, global): without it")
    assert told["ok"]


@pytest.mark.parametrize(
    ("scopes", "missing", "is_fine"),
    [
        (["read:jira-work", "read:jira-user"], "read:board-scope:jira-software", True),
        (["read:jira-work", "read:board-scope:jira-software"], "it needs read:jira-user", False),
    ],
)
def test_scopes_that_a_token_lacks_at_the_gateway_are_named(
    site: Site, trackers: Trackers, scopes: list[str], missing: str, *, is_fine: bool
) -> None:
    cloud = trackers.about["jira_cloud"]
    gateway = cloud["gateway"]
    site.configure(
        (f'url = "{cloud["url"]}"', f'url = "{gateway["url"]}/ex/jira/{cloud["cloud_id"]}"'),
        (f'email = "{cloud["email"]}"\n', ""),
    )
    before = ["read:jira-work", "read:jira-user", "read:board-scope:jira-software", "read:sprint:jira-software"]
    trackers.set(scopes=scopes)
    try:
        done = site.flowmart("check", DEMO_JIRA_TOKEN=gateway["service_token"])
    finally:
        trackers.set(scopes=before)
    assert missing in done.stdout
    assert (done.returncode == 0) == is_fine
    assert gateway["service_token"] not in done.stdout + done.stderr


def test_worklogs_that_are_switched_off_are_a_note(four: Site, tokens: dict[str, str]) -> None:
    told = check(four, tokens, time_tracking=False)
    assert any("worklogs are not shown" in note for note in told["sources"]["acme"]["notes"])
    assert told["ok"]


@pytest.mark.parametrize(("days", "is_warned"), [(365, False), (9, True)])
def test_the_end_of_a_data_center_s_token_is_told_and_warned_of(
    four: Site, tokens: dict[str, str], days: int, *, is_warned: bool
) -> None:
    token = check(four, tokens, token_days=days)["sources"]["dc"]["token"]
    left = datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(four.trackers.now)
    assert timedelta(days=days - 1) <= left <= timedelta(days=days)
    assert (token["warning"] is not None) == is_warned
    assert token["note"] == "personal access token 'flow metrics'"


def test_a_source_that_fails_does_not_hide_the_others(four: Site, tokens: dict[str, str]) -> None:
    done = four.flowmart("check", **{**tokens, "DEMO_JIRA_TOKEN": "wrong-and-secret"})
    assert done.returncode == 1
    assert "wrong-and-secret" not in done.stdout + done.stderr
    assert [name for name in ("acme", "contoso", "dc", "tfs") if f"\n{name}: " in done.stdout] == [
        *("acme", "contoso", "dc", "tfs")
    ]
    assert done.stderr.startswith("flowmart: acme: ")
    assert done.stderr.rstrip().endswith("; put it right and try `flowmart check` again")


def test_what_is_configured_and_not_there_is_named_and_ends_with_1(site: Site) -> None:
    site.configure(
        ('token = "${DEMO_JIRA_TOKEN}"', 'token = "${DEMO_JIRA_TOKEN}"\nprojects = ["PAY", "NOPE"]'),
        ('projects = ["Shop"]', 'projects = ["Shop"]\nteams = ["Shop Baskt"]\nfields = { severity = "Severty" }'),
    )
    done = site.flowmart("check")
    assert done.returncode == 1
    for missing in ("project NOPE", "team 'Shop Baskt'", "fields.severity"):
        assert missing in done.stdout


def test_trap_41_statuses_of_history_are_compared_with_the_workflow(site: Site) -> None:
    site.configure(('waiting = ["In Review"]', 'waiting = ["In Review", "Ready for QA", "In Revue"]'))
    before = json.loads(site.flowmart("check", "--json").stdout)
    assert before["ok"]
    assert any("'Ready for QA'; histories are not loaded yet" in note for note in before["names"]["notes"])
    assert site.flowmart("sync").returncode == 0
    after = json.loads(site.flowmart("check", "--json").stdout)
    assert not after["ok"]
    assert after["names"]["problems"] == [
        "workflow.waiting: no workflow and no history knows the status 'In Revue'; did you mean In Review?"
    ]
    (stray,) = after["warehouse"]["statuses_without_stage"]
    assert (stray["source"], stray["name"]) == ("acme", "Ready for QA")
    assert stray["changes"] > 0


def test_init_writes_a_file_that_check_finds_fine(site: Site, tokens: dict[str, str], trackers: Trackers) -> None:
    cloud, ado = trackers.about["jira_cloud"], trackers.about["azure_devops"]
    options = ["--jira-url", cloud["url"], "--jira-email", cloud["email"], "--jira-token-env", "DEMO_JIRA_TOKEN"]
    options += ["--jira-name", "acme", "--ado-url", ado["url"], "--ado-token-env", "DEMO_ADO_TOKEN"]
    done = site.flowmart("init", "--force", *options, "--ado-name", "contoso", **tokens)
    no_secrets(done, tokens)
    assert done.returncode == 0
    text = (site.folder / "flowmart.toml").read_text("utf-8")
    config = read_config(text, site.folder / "flowmart.toml", tokens)
    chosen = config.sources["acme"].fields_.by_role()
    assert chosen["severity"] == ("customfield_10031",)
    assert sorted(chosen["story_points"]) == ["customfield_10016", "customfield_10026"]
    assert 'types = ["Bug"]' in text
    assert "boards estimate with it; filled in PAY" in text
    assert "boards estimate with it; filled in PAY" in " ".join(done.stderr.split())
    assert site.flowmart("check", **tokens).returncode == 0


def test_init_needs_no_address_of_a_person_for_a_data_center(
    site: Site, tokens: dict[str, str], trackers: Trackers
) -> None:
    options = ["--jira-url", trackers.about["jira_data_center"]["url"], "--jira-token-env", "DC_TOKEN"]
    done = site.flowmart("init", "--force", *options, **tokens)
    no_secrets(done, tokens)
    assert done.returncode == 0
    text = (site.folder / "flowmart.toml").read_text("utf-8")
    assert "\n# Jira Data Center 10.3.24, asked as Flow Bot\n" in text
    assert "email" not in text
    assert ": Jira Data Center 10.3.24 at http" in done.stderr
    assert site.flowmart("check", **tokens).returncode == 0
