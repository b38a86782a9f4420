"""`init` writes a file that loads, tells what the trackers showed, and holds no secret."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import FieldChoice, Seen, Survey
from flowmart.commands.init import write_privately
from flowmart.config import read_config
from flowmart.discovery import Wanted, discover, source_name, token_variable
from flowmart.errors import UsageError
from flowmart.look import SourceLook
from flowmart.questions import azure_devops, jira, local_zone, trackers
from flowmart.template import render

if TYPE_CHECKING:
    from conftest import Call

NOW = datetime(2026, 10, 2, tzinfo=UTC)
ACME = Wanted(name="acme", type="jira", url="https://acme.example", token_variable="ACME_TOKEN", email="a@b.example")
CONTOSO = Wanted(name="contoso", type="azure_devops", url="https://dev.azure.com/contoso", token_variable="ADO_PAT")
SECRETS = {"ACME_TOKEN": "s3cret-token", "ADO_PAT": "s3cret-pat"}


def look(survey: Survey) -> SourceLook:
    return SourceLook(source="acme", type="jira", url="https://acme.example", survey=survey)


def test_the_file_loads_and_has_what_was_asked_for() -> None:
    text = render([(ACME, None), (CONTOSO, None)], "sqlite:///w.db", "Europe/Berlin")
    config = read_config(text, Path("/x/flowmart.toml"), SECRETS)
    assert list(config.sources) == ["acme", "contoso"]
    assert config.calendar.timezone == "Europe/Berlin"
    assert config.warehouse_url == "sqlite:////x/w.db"
    assert "run `flowmart check` to see what the account may see" in text


def test_what_the_tracker_showed_stands_there_with_its_evidence(tracker: Any) -> None:
    text = render([(ACME, look(tracker.survey()))], "sqlite:///w.db", "UTC")
    assert '# projects = ["PAY"]' in text
    assert "# boards = [12]" in text
    assert "# story_points: Points: their type" in text
    assert "# severity: none found (no field of that name)" in text
    assert 'fields = { story_points = ["cf_1", "cf_2"], found_in = "cf_3" }' in text
    config = read_config(text, Path("/x/flowmart.toml"), SECRETS)
    assert config.sources["acme"].fields_.by_role() == {"story_points": ("cf_1", "cf_2"), "found_in": ("cf_3",)}


def test_names_from_a_tracker_cannot_break_out_of_a_comment_or_a_text() -> None:
    evil = 'x"\n]\n[warehouse]\nurl = "y\x7f\x1b\U0001f600\\'
    survey = Survey(
        seen=[Seen(what="project", native_id="1", name=evil)],
        fields=[FieldChoice(role="severity", native_ids=(evil,), name=evil, evidence=evil)],
        problems=[evil],
    )
    text = render([(ACME, look(survey))], "sqlite:///w.db", "UTC")
    config = read_config(text, Path("/x/flowmart.toml"), SECRETS)
    assert config.warehouse_url == "sqlite:////x/w.db"
    assert config.sources["acme"].fields_.by_role() == {"severity": (evil,)}


def test_a_tracker_that_refuses_is_noted_and_the_file_is_written_all_the_same() -> None:
    refused = SourceLook(source="acme", type="jira", url="https://acme.example", error="the login is refused")
    text = render([(ACME, refused)], "sqlite:///w.db", "UTC")
    assert "# The tracker could not be asked: the login is refused" in text
    read_config(text, Path("/x/flowmart.toml"), SECRETS)


def test_a_tracker_is_asked_only_when_its_token_is_there(tracker: Any) -> None:
    assert discover(ACME, {}, NOW, lambda *_: tracker) is None
    found = discover(ACME, SECRETS, NOW, lambda *_: tracker)
    assert found is not None
    assert found.survey is tracker.found
    assert tracker.is_closed


def test_an_address_that_is_none_is_refused_by_its_key() -> None:
    wrong = Wanted(name="acme", type="jira", url="acme", token_variable="ACME_TOKEN")
    with pytest.raises(UsageError, match=r"^sources\.acme\.url: is no web address"):
        discover(wrong, SECRETS, NOW)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://acme.atlassian.net", "acme"),
        ("https://dev.azure.com/Contoso", "contoso"),
        ("https://jira.acme.example/jira", "jira"),
        ("https://dev.azure.com", "dev"),
        ("http://[::1]:80", "1"),
        ("nonsense", "tracker"),
    ],
)
def test_a_source_is_named_after_its_address(url: str, name: str) -> None:
    assert source_name(url) == name


def test_the_variable_is_named_after_the_source() -> None:
    assert token_variable("my-acme", "jira") == "MY_ACME_JIRA_TOKEN"
    assert token_variable("3m", "azure_devops") == "_3M_ADO_TOKEN"


def answering(answers: dict[str, str]) -> Callable[[str, str], str]:
    """Answers a question by its first word found, else by its default."""

    def ask(question: str, default: str) -> str:
        return next((answer for word, answer in answers.items() if word in question), default)

    return ask


def test_questions_lead_to_both_trackers_with_names_of_their_own() -> None:
    answers = {
        "Jira site": "https://acme.atlassian.net",
        "E-mail": "a@b.example",
        "DevOps": "https://dev.azure.com/acme",
    }
    assert trackers(answering(answers)) == [
        Wanted(
            name="acme",
            type="jira",
            url="https://acme.atlassian.net",
            token_variable="ACME_JIRA_TOKEN",
            email="a@b.example",
        ),
        Wanted(name="acme-ado", type="azure_devops", url="https://dev.azure.com/acme", token_variable="ACME_ADO_TOKEN"),
    ]


def test_naming_no_tracker_is_refused() -> None:
    with pytest.raises(UsageError, match="no tracker was named; nothing was written"):
        trackers(answering({}))


def test_options_without_an_address_are_refused() -> None:
    assert jira(None, None, None, None) == []
    with pytest.raises(UsageError, match="--ado-url is missing"):
        azure_devops(None, "ADO_PAT", None)


def test_the_time_zone_of_the_machine_is_proposed(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert local_zone(link) in {"Europe/Berlin", "UTC"}
    assert local_zone(tmp_path / "none") == "UTC"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "flowmart.toml"
    write_privately(path, "ä")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == "ä"
    assert [each.name for each in tmp_path.iterdir()] == ["flowmart.toml"]


def test_a_file_that_is_there_is_never_overwritten_unasked(call: Call, tmp_path: Path) -> None:
    ended = call("init", "--jira-url", "https://acme.example")
    assert ended.code == 2
    assert ended.err.startswith(f"flowmart: {tmp_path}/flowmart.toml: is there already; --force overwrites it")
    assert "[calendar]" not in (tmp_path / "flowmart.toml").read_text("utf-8")


def test_force_overwrites_it_and_the_next_step_is_told(call: Call, tmp_path: Path) -> None:
    ended = call("init", "--jira-url", "https://acme.example", "--force")
    assert (ended.code, ended.out) == (0, f"wrote {tmp_path}/flowmart.toml\n")
    assert ended.err.splitlines()[-1] == "next: set ACME_JIRA_TOKEN, then `flowmart check`"
    assert "[calendar]" in (tmp_path / "flowmart.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--jira-url", "acme"], "sources.tracker.url: is no web address"),
        (["--jira-url", "https://a.example", "--timezone", "Mars"], "calendar.timezone: unknown time zone 'Mars'"),
        (["--jira-url", "https://a.example", "--warehouse", "mysql://h"], "warehouse.url: no warehouse on mysql"),
        (["--jira-url", "https://a.example", "--jira-token-env", "A B"], "sources.a.token: ${A B} names no"),
        (["--jira-url", "https://a.example", "--ado-url", "https://a.example"], "both sources would be called a"),
        ([], "name a tracker: --jira-url URL or --ado-url URL"),
    ],
)
def test_a_wrong_option_writes_nothing(call: Call, tmp_path: Path, options: list[str], said: str) -> None:
    ended = call("-c", str(tmp_path / "new.toml"), "init", *options)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "new.toml").exists()
