"""The configuration: every key works, and every mistake is named with its key and what to do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from connectors.jira.connector import JiraConnector
from flowmart.config import Config, ConfigError, config_path, load_config
from flowmart.settings import AzureDevOpsSource, JiraSource
from flowmart.sources import connector

SECRET = "s3cr3t/t0k@n"
ENVIRONMENT = {"ACME_TOKEN": SECRET}
JIRA = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "${ACME_TOKEN}"\n'
ADO = '[sources.contoso]\ntype = "azure_devops"\nurl = "https://dev.azure.com/contoso"\n'
BARE_JIRA = '[sources.site]\ntype = "jira"\nurl = "https://site.example"\n'
OAUTH_KEYS = ("client_id", "client_secret", "refresh_token_file")
NO_JIRA_LOGIN = "has no login; set token (and email), or client_id, client_secret and refresh_token_file"
NO_ADO_LOGIN = "has no login; set token, or tenant_id, client_id and client_secret, or managed_identity = true"
CONDITIONS = "field, labels, types, affects_released, link_types, reporter_groups"
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def load(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> Config:
    path = tmp_path / "flowmart.toml"
    path.write_bytes(text.encode())
    return load_config(path, ENVIRONMENT if environment is None else environment)


def problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    """The lines of the refusal, without the path of the file."""
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text, environment)
    return [line.removeprefix(f"{tmp_path}/") for line in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[calender]", "calender: unknown key; did you mean calendar?"),
        ("tokn = 1", "sources.acme.tokn: unknown key; did you mean token?"),
        ('fields = { storypoints = "x" }', "sources.acme.fields.storypoints: unknown key; did you mean story_points?"),
        ("[sources.acme.workflow]\nwating = []", "sources.acme.workflow.wating: unknown key; did you mean waiting?"),
        ("[workflow.types.Bug]\ndne = []", "workflow.types.Bug.dne: unknown key; did you mean done?"),
        ("[sprints]\nzzz = 1", "sprints.zzz: unknown key; known here: grace_hours"),
        ("[retention]\nsyncruns = 1", "retention.syncruns: unknown key; did you mean sync_runs?"),
        (
            "[retention]\nsync_runs = 400",
            'retention.sync_runs: write a duration as text, such as "90s", "15m", "26h" or "2d"',
        ),
        ('[retention]\nsync_runs = "36501d"', 'retention.sync_runs: must be at most "36500d"'),
        ("email = 3", "sources.acme.email: must be a text in quotes"),
        ('projects = "PAY"', "sources.acme.projects: must be a list in [brackets]"),
        ('projects = ["PAY", 3]', "sources.acme.projects.#2: must be a text in quotes"),
        ('boards = ["12"]', "sources.acme.boards.#1: must be a whole number"),
        ('history_since = "2024"', "sources.acme.history_since: must be a date without quotes, such as 2024-01-01"),
        (
            'boards = [1]\njql = "x"',
            "sources.acme: boards and jql exclude one another: keep one of them",
        ),
        ('[sources.b]\ntype = "jra"', "sources.b.type: 'jra' is unknown; did you mean jira?"),
        ("[sources.b]", 'sources.b.type: is missing; add type = "jira" or type = "azure_devops"'),
        (
            '[sources."a:b"]\ntype = "jira"\nurl = "https://x"\ntoken = "x"',
            "sources.a:b: a source's name is made of letters, digits, - and _ (it begins every id in the warehouse)",
        ),
        (
            ADO,
            f"sources.contoso: {NO_ADO_LOGIN}",
        ),
        (
            ADO + 'managed_identity = true\ntoken = "x"',
            "sources.contoso: managed_identity and token exclude one another: log in by one of them",
        ),
        (
            ADO + 'managed_identity = true\nclient_id = "x"\nclient_secret = "y"',
            "sources.contoso: managed_identity and client_secret exclude one another: log in by one of them",
        ),
        (
            BARE_JIRA,
            f"sources.site: {NO_JIRA_LOGIN}",
        ),
        (BARE_JIRA + 'email = "a@b"', f"sources.site: {NO_JIRA_LOGIN}"),
        (
            BARE_JIRA + 'client_id = "x"\nclient_secret = "y"',
            "sources.site: an OAuth login needs refresh_token_file too",
        ),
        (BARE_JIRA + 'token_url = "https://x"', f"sources.site: an OAuth login needs {', '.join(OAUTH_KEYS)} too"),
        (
            BARE_JIRA + 'token = "x"\nclient_id = "y"',
            "sources.site: token and client_id exclude one another: log in by one of them",
        ),
        (
            BARE_JIRA + 'email = "x"\nrefresh_token_file = "y"',
            "sources.site: email and refresh_token_file exclude one another: log in by one of them",
        ),
        (ADO + 'tenant_id = "t"', "sources.contoso: an Entra login needs client_id, client_secret too"),
        (
            ADO + 'token = "x"\nclient_id = "t"',
            "sources.contoso: token and client_id exclude one another: log in by one of them",
        ),
        (
            ADO.replace("https://", "ftp://") + 'token = "x"',
            "sources.contoso.url: is no web address; write it as https://HOST",
        ),
        (
            ADO.replace("https://", "https://me:pw@") + 'token = "x"',
            "sources.contoso.url: must not hold a login; that has keys of its own",
        ),
        (ADO.replace('contoso"', 'contoso?a=b"') + 'token = "x"', "sources.contoso.url: must end before any ? or #"),
        (
            ADO.replace("https://dev", "https://[dev") + 'token = "x"',
            "sources.contoso.url: is no web address; write it as https://HOST",
        ),
        (ADO + 'token = "  "', "sources.contoso.token: must not be empty"),
        (
            '[warehouse]\nurl = "mysql://h/db"',
            "warehouse.url: no warehouse on mysql; use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE",
        ),
        ('[warehouse]\nurl = "sqlite://"', "warehouse.url: needs a file, such as sqlite:///flowmart.db"),
        ('[warehouse]\nschema = "x"', "warehouse: schema: only PostgreSQL has schemas; leave it out"),
        (
            '[warehouse]\nurl = "postgresql://h/d"\nschema = "a b"',
            "warehouse.schema: must be a plain name: letters, digits and underscore",
        ),
        (
            '[warehouse]\nurl = "postgresql://h/d?sslmod=require"',
            "warehouse.url: unknown option 'sslmod'; did you mean sslmode?",
        ),
        (
            "[warehouse]\nlock_timeout = 60",
            'warehouse.lock_timeout: write a duration as text, such as "90s", "15m", "26h" or "2d"',
        ),
        (
            '[calendar]\ntimezone = "Europe/Berln"',
            "calendar.timezone: unknown time zone 'Europe/Berln'; did you mean Europe/Berlin?",
        ),
        ('[calendar]\nworking_days = ["monday"]', "calendar.working_days.#1: 'monday' is unknown; did you mean mon?"),
        ("[calendar]\nworking_days = []", "calendar.working_days: must not be empty"),
        (
            '[calendar]\nworking_hours = ["9", "17:00"]',
            'calendar.working_hours.#1: write a time of day as "HH:MM", from "00:00" to "24:00"',
        ),
        (
            '[calendar]\nworking_hours = ["17:00", "09:00"]',
            "calendar: working_hours: the day must begin before it ends",
        ),
        (
            '[calendar]\nholidays = "Germany"',
            "calendar.holidays: no holidays known for 'Germany'; write a country such as DE, or DE-BY",
        ),
        (
            '[workflow]\ntodo = ["A"]\ndone = ["a"]',
            "workflow: the status 'a' stands in todo and in done: keep one of them",
        ),
        ('[metrics]\nlevels = ["standrd"]', "metrics.levels.#1: 'standrd' is unknown; did you mean standard?"),
        ("[sprints]\ngrace_hours = -1", "sprints.grace_hours: must be greater than or equal to 0"),
        (
            '[[defects.rules]]\nescaped = true\nlabels = ["x"]\ntypes = ["y"]',
            f"defects.rules.#1: needs exactly one condition of {CONDITIONS}; here are labels and types",
        ),
        (
            "[[defects.rules]]\nescaped = true",
            f"defects.rules.#1: needs exactly one condition of {CONDITIONS}; here is none",
        ),
        ('[[defects.rules]]\nescaped = true\nfield = "x"', "defects.rules.#1: field needs values beside it"),
        ('[[defects.rules]]\nescaped = true\nvalues = ["x"]', "defects.rules.#1: values needs field beside it"),
        ('[[defects.rules]]\nescaped = "yes"\nlabels = ["x"]', "defects.rules.#1.escaped: must be true or false"),
        ('[defects.severity_weights]\nHigh = "3"', "defects.severity_weights.High: must be a number"),
        ('[sync]\nmax_in_flight = "8"', "sync.max_in_flight: must be a whole number"),
        ("[sync]\nmax_in_flight = 0", "sync.max_in_flight: must be greater than or equal to 1"),
        (
            "[sync]\nmax_wait = 15",
            'sync.max_wait: write a duration as text, such as "90s", "15m", "26h" or "2d"',
        ),
        ("[sync]\nmax_wait_seconds = 15", "sync.max_wait_seconds: unknown key; did you mean max_wait?"),
        ("[sync]\nmax_loss = 5", "sync.max_loss: must be less than or equal to 1"),
        ('[schedule]\nrun = "15 2 * *"', 'schedule.run: write five fields, such as "15 2 * * *" for 02:15 every day'),
        (
            '[exports.bi]\nformat = "xslx"\nto = "x"',
            "exports.bi.format: 'xslx' is unknown; did you mean xlsx?",
        ),
        ('[exports.bi]\nformat = "csv"', "exports.bi.to: is missing"),
        (
            '[exports.bi]\nformat = "csv"\nto = "x"\ntables = ["issue"]',
            "exports.bi.tables.#1: unknown table 'issue'; did you mean issues?",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_key_and_what_to_do(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, JIRA + text) == [f"flowmart.toml: {line}"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = problems(tmp_path, JIRA + 'emal = "x"\n[calendar]\ntimezone = "Mars"\n[sync]\nmax_los = 1', {})
    assert [line.split(": ")[1] for line in lines] == [
        "sources.acme.token",
        "sources.acme.emal",
        "calendar.timezone",
        "sync.max_los",
    ]


def test_every_missing_secret_is_named_and_nothing_else_is_said_of_its_key(tmp_path: Path) -> None:
    text = JIRA + ADO + 'token = "${ADO_PAT}"\n[warehouse]\nurl = "postgresql://u:${PGPASSWORD}@h/d"'
    assert problems(tmp_path, text, {"ADO_PAT": ""}) == [
        "flowmart.toml: sources.acme.token: set the environment variable ACME_TOKEN",
        "flowmart.toml: sources.contoso.token: the environment variable ADO_PAT is empty",
        "flowmart.toml: warehouse.url: set the environment variable PGPASSWORD",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[a\n", "is no valid TOML: "),
        (b"\xff\xfe", "is no UTF-8 text (byte 0)"),
        (b"a = " + b"[" * 5000, "is no valid TOML: "),
        (b"", "sources: is missing; add a table such as [sources.acme] with type, url and token"),
        (b"sources = 3", "sources: must be a table of keys"),
        (b"[sources]", "sources: must not be empty"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "flowmart.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load_config(path, {})
    (line,) = refused.value.problems
    assert line.startswith(f"{path}: {said}")


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; `flowmart init` writes one"):
        load_config(tmp_path / "none.toml", {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, {})


def test_an_editors_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + JIRA).sources["acme"].url == "https://acme.example"


def test_no_problem_line_holds_a_secret(tmp_path: Path) -> None:
    text = JIRA.replace("https://acme.example", "ftp://${ACME_TOKEN}") + 'history_since = "${ACME_TOKEN}"\n'
    text += '[calendar]\ntimezone = "${ACME_TOKEN}"\n[exports.x]\nformat = "${ACME_TOKEN}"\nto = "y"'
    lines = problems(tmp_path, text)
    assert len(lines) == 4
    assert SECRET not in "\n".join(lines)


def test_no_representation_holds_a_secret(tmp_path: Path) -> None:
    config = load(tmp_path, JIRA + '[warehouse]\nurl = "postgresql://u:${ACME_TOKEN}@h/d"')
    for text in (repr(config), str(config), config.model_dump_json(), config.warehouse.shown):
        assert SECRET not in text
        assert "s3cr3t" not in text
    assert set(config.secrets()) == {SECRET}


def test_a_password_in_the_warehouse_address_may_hold_any_character(tmp_path: Path) -> None:
    config = load(tmp_path, JIRA + '[warehouse]\nurl = "postgresql://u:${ACME_TOKEN}@h/d"')
    assert list(config.warehouse.secrets()) == [SECRET]
    assert config.warehouse.shown == "postgresql://u:***@h/d"


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, JIRA + '[exports.bi]\nformat = "csv"\nto = "out/bi"')
    assert config.warehouse_url == f"sqlite:///{tmp_path}/flowmart.db"
    assert config.exports["bi"].to == tmp_path / "out/bi"


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = load(tmp_path, JIRA)
    with pytest.raises(ValueError, match="frozen"):
        config.sync = config.sync  # type: ignore[misc]  # that is the point


def test_the_option_goes_before_the_variable_and_that_before_the_working_directory() -> None:
    assert config_path(Path("a.toml"), {"FLOWMART_CONFIG": "b.toml"}) == Path("a.toml")
    assert config_path(None, {"FLOWMART_CONFIG": "b.toml"}) == Path("b.toml")
    assert config_path(None, {}) == Path("flowmart.toml")


def test_the_example_loads_and_says_what_it_documents() -> None:
    config = load_config(EXAMPLE, {"ACME_JIRA_TOKEN": "a", "ADO_PAT": "b"})
    jira, ado = config.sources["acme"], config.sources["contoso"]
    assert isinstance(jira, JiraSource)
    assert isinstance(ado, AzureDevOpsSource)
    assert jira.fields_.by_role() == {
        "story_points": ("Story Points",),
        "severity": ("Severity",),
        "found_in": ("Environment", "Found in"),
    }
    assert jira.history_since == date(2024, 1, 1)
    assert ado.teams == ("Shop Team",)
    assert (config.sync.max_wait_seconds, config.sync.overlap_seconds) == (900, 600)
    assert config.schedule.max_age_seconds == 26 * 3600
    assert config.metric_settings().calendar.working_hours == (time(9), time(17))
    assert [rule.name for rule in config.metric_settings().defects.rules[:2]] == ["found in production", "rule 2"]


def test_the_example_mentions_every_key() -> None:
    text = EXAMPLE.read_text("utf-8")
    unmentioned = [key for key in sorted(_keys(Config)) if not re.search(rf"\b{key}\b(\]|\.| = )", text)]
    assert unmentioned == []


def test_the_example_shows_the_defaults_of_the_sections_that_have_them() -> None:
    """What the example writes in [sync], [retention] and [warehouse] is what is in force without it."""
    example = load_config(EXAMPLE, {"ACME_JIRA_TOKEN": "a", "ADO_PAT": "b"})
    bare = Config.model_validate({"sources": {"a": {"type": "jira", "url": "https://x", "token": "t"}}})
    assert (example.sync, example.warehouse.limits) == (bare.sync, bare.warehouse.limits)
    assert example.retention == bare.retention
    assert set(example.workflow.cancelled_resolutions) == set(bare.workflow.cancelled_resolutions)
    assert example.schedule.max_age_seconds == bare.schedule.max_age_seconds
    assert example.defects.types == bare.defects.types


def _keys(annotation: Any, seen: frozenset[type] = frozenset()) -> set[str]:
    """Every key that may be written in the file."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        found: set[str] = set()
        for name, info in annotation.model_fields.items():
            found |= {info.alias or name} | _keys(info.annotation, seen | {annotation})
        return found
    if get_origin(annotation) in {Annotated, Union, UnionType} or get_args(annotation):
        return {key for part in get_args(annotation) for key in _keys(part, seen)}
    return set()


def test_a_group_is_asked_for_in_every_source_unless_the_name_of_one_stands_before_it(tmp_path: Path) -> None:
    names = ["customers", "acme: QA: night", "site:Staff", "Customers", "nobody:x"]
    rule = f"[[defects.rules]]\nescaped = true\nreporter_groups = {names}\n"
    config = load(tmp_path, JIRA + BARE_JIRA + 'token = "x"\n' + rule)
    assert {name.casefold() for name in config.groups_of("acme")} == {"customers", "qa: night", "nobody:x"}
    assert {name.casefold() for name in config.groups_of("site")} == {"customers", "staff", "nobody:x"}
    assert load(tmp_path, JIRA).groups_of("acme") == ()


def test_all_sources_of_a_process_share_the_limits_of_hosts(tmp_path: Path) -> None:
    config = load(tmp_path, JIRA + BARE_JIRA + 'token = "x"')
    now = datetime(2026, 10, 2, tzinfo=UTC)
    one, other = (connector(config, name, recall=lambda _: {}, now=now) for name in ("acme", "site"))
    assert isinstance(one, JiraConnector)
    assert isinstance(other, JiraConnector)
    assert one._http.settings.limiters is other._http.settings.limiters
    one.close()
    other.close()
