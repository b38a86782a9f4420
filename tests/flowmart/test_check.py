"""`check` on the screen and for programs: in order, within the width, without secrets."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from connectors.base import FieldCandidate, FieldChoice, Identity, Seen, Survey
from flowmart.commands.looks import Screen, document, show, warning
from flowmart.looking.look import SourceLook

NOW = datetime(2026, 10, 2, tzinfo=UTC)
SECRET = "s3cret-token"
LONG = "customfield_" + "1" * 60
SURVEY = Survey(
    seen=[
        Seen(what="status", native_id="1", name="To Do", detail="new"),
        Seen(what="status", native_id="2", name="To Do", detail="new"),
        *(Seen(what="project", native_id=str(n), name=f"P{n}", detail="A long name", issues=1_204) for n in range(30)),
        Seen(what="field", native_id="f", name="Field"),
    ],
    fields=[
        FieldChoice(role="story_points", native_ids=("cf_1", LONG), name="Points, Other", evidence="type"),
        FieldChoice(role="severity", native_ids=(), name="", evidence="no field of that name"),
    ],
    candidates=[
        FieldCandidate(
            role="story_points",
            native_id="cf_1",
            name="Points",
            filled=1_204,
            asked=1_900,
            evidence="3 boards estimate with it",
        ),
        FieldCandidate(role="story_points", native_id="cf_2", name="Size", filled=None, asked=None, evidence="name"),
    ],
    missing_permissions=["USER_PICKER (Browse users): without it people are unknown" + ", and so on" * 12],
    token_expires_at=NOW + timedelta(days=9, hours=3),
    token_note="personal access token 'bot'",
    notes=["a note with \x1b[31m colours and " + SECRET],
    problems=["project NOPE is not there"],
)
LOOK = SourceLook(
    source="acme",
    type="jira",
    url="https://acme.example",
    identity=Identity(kind="jira_data_center", account="bot", display_name="Bot", version="10.3.24"),
    survey=SURVEY,
    requests=42,
)


def shown(look: SourceLook, width: int, *, terminal: bool) -> list[str]:
    """The lines of a look on a screen of that width."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None, highlight=False)
    screen = Screen(console=console, mask=lambda text: text.replace(SECRET, "***"), zone=UTC, now=NOW)
    show(screen, look, [("note", "the status 'QA' has no stage")])
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_nothing_is_wider_than_it_and_no_name_is_cut(width: int) -> None:
    lines = shown(LOOK, width, terminal=True)
    assert [line for line in lines if len(line) > width] == []
    assert "…" not in "".join(lines)
    assert LONG[-20:] in "".join(line[18:].strip() for line in lines) or LONG in "".join(lines).replace(" ", "")


def test_in_a_pipe_each_fact_is_one_line() -> None:
    lines = shown(LOOK, 120, terminal=False)
    assert "  login     Bot (bot)" in lines
    assert "  token     expires 2026-10-11 03:00 UTC: personal access token 'bot'" in lines
    assert f"  missing   {SURVEY.missing_permissions[0]}" in lines
    assert "  problem   project NOPE is not there" in lines
    assert not any(line.strip() == "" and line for line in lines)


def test_the_order_is_login_token_what_is_visible_permissions_roles_problems() -> None:
    text = "\n".join(shown(LOOK, 120, terminal=False))
    parts = [
        *("acme: Jira Data Center 10.3.24", "login", "token", "warning", "asked     42 requests", "visible"),
        *("missing", "role", "note", "note      the status 'QA'", "problem"),
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_candidates_stand_below_their_role_with_what_fills_them() -> None:
    text = " ".join(" ".join(shown(LOOK, 200, terminal=False)).split())
    assert "Points (cf_1) 1,204 of 1,900 used: 3 boards estimate with it" in text
    assert "Size (cf_2) not counted could be: name" in text
    assert "severity none no field of that name" in text
    assert "P0 (A long name, 1,204 issues)" in text
    assert "and 18 more" in text
    assert "status 1 To Do" in text


def test_neither_secrets_nor_control_characters_are_shown() -> None:
    text = "\n".join(shown(LOOK, 120, terminal=False) + shown(LOOK, 80, terminal=True))
    assert SECRET not in text
    assert "\x1b" not in text


def test_a_source_that_could_not_be_asked_says_why() -> None:
    lines = shown(SourceLook(source="x", type="jira", url="https://x.example", error="refused"), 80, terminal=False)
    assert lines[1] == "x: jira at https://x.example"
    assert lines[3:] == ["  note      the status 'QA' has no stage", "  problem   refused"]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=14), None),
        (timedelta(days=13, hours=23), "the token expires in 13 days; make a new one"),
        (timedelta(days=1, hours=1), "the token expires in 1 day; make a new one"),
        (timedelta(seconds=-1), "the token expires in 0 days; make a new one"),
    ],
)
def test_a_token_that_ends_within_a_fortnight_is_warned_of(left: timedelta, said: str | None) -> None:
    found = warning(replace(SURVEY, token_expires_at=NOW + left), NOW)
    assert found is None if said is None else found is not None and found.startswith(said)
    assert warning(replace(SURVEY, token_expires_at=None), NOW) is None


def test_the_document_holds_everything_that_the_screen_shows() -> None:
    told = json.loads(json.dumps(document(LOOK, NOW), default=str))
    assert told["login"]["kind"] == "jira_data_center"
    assert told["token"]["expires_at"] == "2026-10-11 03:00:00+00:00"
    assert told["token"]["warning"].startswith("the token expires in 9 days")
    assert told["candidates"][0] == {
        "role": "story_points",
        "id": "cf_1",
        "name": "Points",
        "filled": 1_204,
        "asked": 1_900,
        "by_project": {},
        "evidence": "3 boards estimate with it",
    }
    assert told["missing_permissions"] == list(SURVEY.missing_permissions)
    assert told["seen"][2]["issues"] == 1_204
    assert (told["ok"], told["requests"]) == (False, 42)
