"""`init` writes a file that loads, tells what the trackers showed, and holds no secret."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import FieldCandidate, FieldChoice, Identity, Seen, Survey
from flowmart.commands.init import write_privately
from flowmart.config import read_config
from flowmart.errors import UsageError
from flowmart.looking.discovery import Wanted, discover, source_name, token_variable
from flowmart.looking.look import SourceLook
from flowmart.looking.proposals import propose
from flowmart.looking.questions import azure_devops, jira, local_zone, trackers
from flowmart.looking.template import render

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
    assert "#   PAY: Payments" in text
    assert "# boards = [12]" in text
    assert "#   12: Pay board" in text
    assert (
        'fields = { story_points = ["cf_1", "cf_2"], found_in = "cf_3" }   # story_points: Points: their type; ' in text
    )
    assert "severity: none found (no field of that name)" in text
    config = read_config(text, Path("/x/flowmart.toml"), SECRETS)
    assert config.sources["acme"].fields_.by_role() == {"story_points": ("cf_1", "cf_2"), "found_in": ("cf_3",)}


def candidate(native: str, filled: int | None, role: str = "story_points") -> FieldCandidate:
    return FieldCandidate(role=role, native_id=native, name=f"Name {native}", filled=filled, asked=90, evidence="why")


def surveyed(*candidates: FieldCandidate, usual: tuple[str, ...] = ("cf_1", "cf_2")) -> Survey:
    choice = FieldChoice(role="story_points", native_ids=usual, name="Points", evidence="type")
    return Survey(fields=[choice], candidates=candidates)


@pytest.mark.parametrize(
    ("candidates", "ids", "reason"),
    [
        ([candidate("cf_2", 40), candidate("cf_1", 3)], ("cf_2", "cf_1"), "40 of 90 issues + 3 of 90 issues"),
        ([candidate("cf_2", 40), candidate("cf_1", 0), candidate("cf_9", 80)], ("cf_2",), "40 of 90 issues"),
        ([candidate("cf_9", 80), candidate("cf_8", 2), candidate("cf_1", 0)], ("cf_9",), "80 of 90 issues"),
        ([candidate("cf_1", None), candidate("cf_9", None)], ("cf_1",), "not counted"),
        ([candidate("cf_1", 0), candidate("cf_9", 0)], (), "no issue fills any of them"),
        ([], ("cf_1", "cf_2"), "Points: type"),
    ],
)
def test_the_fields_that_are_used_anyway_and_filled_are_proposed_else_the_fullest(
    candidates: list[FieldCandidate], ids: tuple[str, ...], reason: str
) -> None:
    proposal = propose(surveyed(*candidates), "story_points", "jira")
    assert (proposal.ids, proposal.reason) == (ids, reason)
    assert {each.native_id for each in (*proposal.written, *proposal.others)} == {c.native_id for c in candidates}


def test_trap_71_an_order_of_fields_is_not_forced_upon_projects_of_other_processes() -> None:
    survey = surveyed(candidate("cf_2", 40), candidate("cf_1", 3))
    assert propose(survey, "story_points", "azure_devops").ids == ()
    text = render([(CONTOSO, look(survey))], "sqlite:///w.db", "UTC")
    assert '# fields = { story_points = "Story Points" }   # name or id; story_points: each project has its own' in text
    assert '#   story_points could be: "cf_2", Name cf_2: 40 of 90 issues; why' in text


def test_the_others_are_listed_as_comments_with_how_many_issues_fill_them() -> None:
    survey = surveyed(candidate("cf_1", 1_204), candidate("cf_9", None), candidate("cf_8", 0))
    text = render([(ACME, look(survey))], "sqlite:///w.db", "UTC")
    assert 'fields = { story_points = "cf_1" }   # story_points: 1,204 of 90 issues; severity: not told' in text
    assert '#   story_points: "cf_1", Name cf_1: 1,204 of 90 issues; why' in text
    assert '#   story_points could be: "cf_9", Name cf_9: not counted; why' in text
    assert '#   story_points could be: "cf_8", Name cf_8: 0 of 90 issues; why' in text


def test_what_the_server_is_stands_above_its_source_and_data_center_needs_no_email() -> None:
    bare = Wanted(name="acme", type="jira", url="https://acme.example", token_variable="ACME_TOKEN")
    identity = Identity(kind="jira_data_center", account="bot", display_name="Bot\n[x]", version="10.3.24")
    text = render([(bare, replace(look(Survey()), identity=identity))], "sqlite:///w.db", "UTC")
    assert "# Jira Data Center 10.3.24, asked as Bot [x]\n[sources.acme]\n" in text
    assert "email" not in text
    assert '# email = "bot@example.org"' in render([(bare, None)], "sqlite:///w.db", "UTC")
    read_config(text, Path("/x/flowmart.toml"), SECRETS)


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (["Story", "Fehler", "Bug"], 'types = ["Fehler", "Bug"]   # not: Story'),
        (["Story"], 'types = ["Bug", "Defect", "Incident"]'),
        ([], 'types = ["Bug", "Defect", "Incident"]'),
        (['Bug"]\n[x]'], 'types = ["Bug\\"]\\n[x]"]'),
    ],
)
def test_the_types_of_defects_are_those_that_the_trackers_have(seen: list[str], line: str) -> None:
    survey = Survey(seen=[Seen(what="issue type", native_id=name, name=name) for name in seen])
    text = render([(ACME, look(survey))], "sqlite:///w.db", "UTC")
    assert line in text.splitlines()
    read_config(text, Path("/x/flowmart.toml"), SECRETS)


def test_permissions_that_are_missing_stand_in_the_file() -> None:
    text = render([(ACME, look(Survey(missing_permissions=["USER_PICKER: x\ny"])))], "sqlite:///w.db", "UTC")
    assert "# Missing: USER_PICKER: x y" in text.splitlines()


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
    assert list(discover([ACME, CONTOSO], {}, NOW, lambda *_: tracker)) == [(ACME, None), (CONTOSO, None)]
    (first, none), (second, found) = discover([ACME, CONTOSO], {"ADO_PAT": "x"}, NOW, lambda *_: tracker)
    assert (first, none, second) == (ACME, None, CONTOSO)
    assert found is not None
    assert found.survey is tracker.found
    assert tracker.is_closed


def test_an_address_that_is_none_is_refused_by_its_key() -> None:
    wrong = Wanted(name="acme", type="jira", url="acme", token_variable="ACME_TOKEN")
    with pytest.raises(UsageError, match=r"^sources\.acme\.url: is no web address"):
        list(discover([wrong], SECRETS, NOW))


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
