"""Under pseudonyms, with nobody at all, and after an erasure: no name, address or id gets anywhere into a warehouse."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Text, cast, select

from flowmart.config import Config, read_config
from flowmart.privacy.erasing import erase_user
from flowmart.privacy.rules import PrivacyRules
from flowmart.privacy.state import settle
from metrics.catalog import compute
from simulator.azure_devops.organization import guid
from simulator.company import Person
from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS, SOURCE
from tests.end_to_end.places import Place
from warehouse.records import native_id
from warehouse.tables import METADATA
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import issue_changes, issues, user_groups, users

KEY = b"a key of the tests that has enough bytes"
NAMES = PrivacyRules()
PSEUDONYMS = PrivacyRules(users="pseudonyms", key=KEY)
NOBODY = PrivacyRules(users="none")
NIGHTS = 2
NOW = datetime(2026, 10, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterable[Running]:
    with serve(issues=24) as simulator:
        simulator.tell(tracker="jira_data_center", granted_permissions=["ADMINISTER"])
        yield simulator


@pytest.fixture(scope="module", params=FLAVOURS)
def places(
    request: pytest.FixtureRequest, running: Running, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Place]:
    """Mode → a warehouse of one flavour, filled on two nights: the second compares with what the first stored."""
    made = {
        rules.users: place(tmp_path_factory.mktemp(rules.users), running, request.param, rules)
        for rules in (NAMES, PSEUDONYMS, NOBODY)
    }
    for night in range(NIGHTS):
        running.advance(night)
        for each in made.values():
            report = each.sync()
            assert report.ok, report
    return made


def place(folder: Path, running: Running, flavour: str, rules: PrivacyRules) -> Place:
    settings: dict[str, Any] = {} if rules.users == "none" else {"groups": ("customers",)}
    if flavour.startswith("jira"):
        settings["lists_people"] = rules.users != "none"
    return Place(folder, running, flavour, rules, **settings)


def words_for(running: Running, *people: Person) -> set[str]:
    """What the trackers call them: names, logins, addresses and ids, in small letters."""
    jiras = (running.trackers.site, running.trackers.data_center.site)
    found: set[str] = set()
    for person in people:
        found |= {person.name, person.email, person.login, guid("person", person.id)}
        found |= {site.person_id(person.id) for site in jiras}
    return {word.lower() for word in found} - {"bot"}


def found_in(engine: Engine, words: set[str]) -> set[str]:
    """The columns of all tables in whose texts one of the words is."""
    places = set()
    with engine.connect() as connection:
        for column in (column for table in METADATA.sorted_tables for column in table.columns):
            if column.table.name not in {"data_dictionary", "leases"}:
                texts = connection.scalars(select(cast(column, Text)).where(column.is_not(None)).distinct())
                together = "\n".join(texts).lower()
                if any(word in together for word in words):
                    places.add(f"{column.table.name}.{column.name}")
    return places


def found_in_file(engine: Engine, words: set[str]) -> set[str]:
    """The words that are in the bytes of the database, its log included."""
    folder = Path(str(engine.url.database)).parent
    together = b"".join(file.read_bytes() for file in sorted(folder.iterdir())).lower()
    return {word for word in words if word.encode() in together}


def test_under_names_people_are_in_all_these_places(places: Mapping[str, Place], running: Running) -> None:
    engine, words = places["names"].engine, words_for(running, *running.company.people.values())
    found = found_in(engine, words)
    assert {"users.user_id", "users.display_name", "user_groups.user_group_id", "issues.assignee_id"} <= found
    assert {"issue_changes.author_id", "issue_changes.from_value", "issue_changes.from_text"} <= found
    assert found & {"issues.custom_fields", "issue_snapshots.content"}
    assert found_in_file(engine, words)


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["pseudonyms", "none"])
def test_under_other_modes_nobody_is_in_any_table_nor_in_the_file(
    places: Mapping[str, Place], running: Running, mode: str
) -> None:
    engine, words = places[mode].engine, words_for(running, *running.company.people.values())
    assert found_in(engine, words) == set()
    assert found_in_file(engine, words) == set()


def test_pseudonyms_join_as_names_do(places: Mapping[str, Place]) -> None:
    real, shown = (places[mode].engine for mode in ("names", "pseudonyms"))
    for column in (issues.c.assignee_id, issues.c.reporter_id, issue_changes.c.author_id):
        key = next(iter(column.table.primary_key))
        expected = {one: PSEUDONYMS.stored_id(who) for one, who in rows(real, key, column)}
        assert dict(rows(shown, key, column)) == expected
    for column in (users.c.user_id, user_groups.c.user_id):
        expected_ids = {PSEUDONYMS.stored_id(who) for (who,) in rows(real, column)}
        assert len(expected_ids) > 3
        assert {who for (who,) in rows(shown, column)} == expected_ids


def test_the_history_of_assignees_is_that_of_names(places: Mapping[str, Place]) -> None:
    of_change = [issue_changes.c[name] for name in ("change_id", "field", "from_value", "to_value")]
    names, shown = (
        {key: halves for key, field, *halves in rows(places[mode].engine, *of_change) if field == "assignee"}
        for mode in ("names", "pseudonyms")
    )
    assert len(names) > 3
    assert shown == {key: [pseudonym(half) for half in halves] for key, halves in names.items()}


def pseudonym(native: str | None) -> str | None:
    return None if native is None else native_id(PSEUDONYMS.stored_id(f"{SOURCE}:{native}") or "")


def test_changes_of_everything_else_are_those_of_names_in_each_mode(places: Mapping[str, Place]) -> None:
    of = issue_changes.c
    stories = {
        mode: Counter(
            story
            for story in rows(each.engine, of.issue_id, of.entry_number, of.field, of.from_text, of.to_text)
            if story[2] not in {"assignee", "Activated By", "Resolved By", "Closed By"}
        )
        for mode, each in places.items()
    }
    assert stories["pseudonyms"] == stories["names"]
    assert stories["none"] == stories["names"]


def test_rules_about_groups_of_people_decide_alike_under_pseudonyms(
    places: Mapping[str, Place], running: Running, tmp_path: Path
) -> None:
    rule = '[[defects.rules]]\nname = "by a customer"\nescaped = true\nreporter_groups = ["customers"]\n'
    settings = configured(tmp_path, rule).metric_settings()
    now = datetime.fromisoformat(running.connect["now"])
    of = defects.c
    decided = {}
    for mode in ("names", "pseudonyms"):
        with places[mode].engine.begin() as connection:
            compute(connection, settings, now, full=True)
        decided[mode] = sorted(rows(places[mode].engine, of.issue_id, of.escape_class, of.escape_rule), key=repr)
    assert decided["pseudonyms"] == decided["names"] != []


def test_with_nobody_there_are_neither_people_nor_their_ids(places: Mapping[str, Place]) -> None:
    engine = places["none"].engine
    assert rows(engine, users.c.user_id) + rows(engine, user_groups.c.user_id) == []
    assert set(rows(engine, issues.c.assignee_id, issues.c.reporter_id)) == {(None, None)}
    assert set(rows(engine, issue_changes.c.author_id)) == {(None,)}


@pytest.mark.thorough
def test_an_erased_person_is_nowhere_and_no_sync_brings_them_back(
    places: Mapping[str, Place], running: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    flavour = request.node.callspec.params["places"]
    before = places["names"]
    other = place(tmp_path / "other", running, flavour, NAMES)
    before.engine.dispose()
    shutil.copy(str(before.engine.url.database), str(other.engine.url.database))
    other.runs = NIGHTS
    person = busiest(running, before)
    words, config = words_for(running, person), configured(tmp_path)

    done = erase_user(config, other.engine, person.name, now=NOW, dry_run=False)
    assert done.is_wiped
    assert done.left == {}
    assert {"users", "issues", "issue_changes"} <= done.rows.keys()
    assert found_in(other.engine, words) == set()
    assert found_in_file(other.engine, words) == set()

    with other.engine.begin() as connection:
        other.privacy = settle(connection, config)
    for full in (False, True):
        running.advance(1)
        report = other.sync(full=full)
        assert report.ok, report
        assert found_in(other.engine, words) == set()
    assert len(other.table("users")) == len(before.table("users")) - 1


def busiest(running: Running, at: Place) -> Person:
    """Whom most issues are assigned to."""
    names = dict(rows(at.engine, users.c.user_id, users.c.display_name))
    assigned = Counter(who for (who,) in rows(at.engine, issues.c.assignee_id) if who)
    name = names[assigned.most_common(1)[0][0]]
    return next(person for person in running.company.people.values() if person.name == name)


def configured(folder: Path, more: str = "") -> Config:
    text = more + f'[sources.{SOURCE}]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "made-up"\n'
    return read_config(text, folder / "flowmart.toml", {})


def rows(engine: Engine, *columns: Any) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]
