"""Links: what each side tells today, and what history tells of their making and removal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.jira.gateway import answers
from connectors.jira.mapping.fields import choose_fields
from connectors.jira.mapping.history import ItemNames
from connectors.jira.mapping.issues import MappedPage, MappingContext, map_page
from connectors.jira.mapping.links import LinkWords
from tests.connectors.jira.fake_jira import FIELDS, START, Connect, FakeJira, Json, history, issue, pull, refusal
from warehouse.records import IssueLink, LinkEvent, Record

BLOCKS: Json = {"id": "1", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
RELATES: Json = {"id": "2", "name": "Relates", "inward": "relates to", "outward": "relates to"}
GERMAN: Json = {"id": "3", "name": "Blockade", "inward": "wird blockiert durch", "outward": "blockiert"}
CLONES: Json = {"id": "4", "name": "Cloners", "inward": "wird geklont von", "outward": "klont"}


def words(*types: Json) -> LinkWords:
    return LinkWords(msgspec.convert(list(types), list[answers.LinkType]))


def mapped(*issues: Json, histories: dict[str, list[Json]] | None = None, **context: Any) -> MappedPage:
    fields = choose_fields(msgspec.convert(FIELDS, list[answers.Field]), {}, [])
    settings = MappingContext(
        source_id="acme",
        site_url="https://acme.example",
        fields=fields,
        names=ItemNames(fields),
        **{"held_projects": frozenset({"ABC"}), "link_words": words(BLOCKS, RELATES), **context},
    )
    found = msgspec.json.decode(msgspec.json.encode(list(issues)), type=list[answers.FoundIssue])
    return map_page(settings, found, msgspec.convert(histories or {}, dict[str, list[answers.History]]))


def rows(page: MappedPage, kind: type[Record]) -> list[Any]:
    own = [row for row in page.records if isinstance(row, kind)]
    return own + [row for part in page.replacements for row in part.records if isinstance(row, kind)]


def made(key: str, sentence: str) -> Json:
    return {"field": "Link", "fieldtype": "jira", "fieldId": "issuelinks", "to": key, "toString": sentence}


def gone(key: str, sentence: str) -> Json:
    return {"field": "Link", "fieldtype": "jira", "fieldId": "issuelinks", "from": key, "fromString": sentence}


def now(number: int, other: int, *, outward: bool, kind: Json = BLOCKS, project: str = "ABC") -> Json:
    side = "outwardIssue" if outward else "inwardIssue"
    return {"id": str(number), "type": kind, side: {"id": str(other), "key": f"{project}-{other}"}}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("This issue blocks DEF-7", ("Blocks", "outward")),
        ("This issue is blocked by DEF-7", ("Blocks", "inward")),
        ("This issue relates to DEF-7", ("Relates", None)),
        ("Dieser Vorgang blockiert DEF-7", ("Blockade", "outward")),
        ("Dieser Vorgang wird blockiert durch DEF-7", ("Blockade", "inward")),
        ("DEF-7 を このIssue blocks", ("Blocks", "outward")),
        ("This issue supersedes DEF-7", (None, None)),
        ("", (None, None)),
    ],
)
def test_trap_40_a_sentence_is_told_by_the_words_of_the_site_in_any_language(
    sentence: str, expected: tuple[str | None, str | None]
) -> None:
    assert words(BLOCKS, RELATES, GERMAN, CLONES).meaning(sentence, "DEF-7") == expected


def test_words_of_several_types_tell_none() -> None:
    twin = {**BLOCKS, "name": "Stops"}
    assert words(BLOCKS, twin).meaning("This issue blocks DEF-7", "DEF-7") == (None, None)


def test_a_link_that_was_made_and_removed_is_two_events_of_each_side() -> None:
    later = START + timedelta(days=1)
    page = mapped(
        issue(1),
        issue(2),
        histories={
            "1": [
                history(5, made("ABC-2", "This issue blocks ABC-2")),
                history(8, gone("ABC-2", "This issue blocks ABC-2"), at=later),
            ],
            "2": [history(6, made("ABC-1", "This issue is blocked by ABC-1"))],
        },
    )
    told = [(row.link_event_id, row.issue_id, row.other_key, row.direction, row.is_made) for row in _events(page)]
    assert told == [
        ("acme:5:0", "acme:1", "ABC-2", "outward", True),
        ("acme:8:0", "acme:1", "ABC-2", "outward", False),
        ("acme:6:0", "acme:2", "ABC-1", "inward", True),
    ]
    assert {row.link_type for row in _events(page)} == {"Blocks"}
    assert [row.happened_at for row in _events(page)] == [START, later, START]
    assert {row.author_id for row in _events(page)} == {"acme:mia"}


def _events(page: MappedPage) -> list[LinkEvent]:
    return rows(page, LinkEvent)


def test_a_sentence_that_fits_no_type_is_an_event_of_unknown_type() -> None:
    [row] = _events(mapped(issue(1), histories={"1": [history(5, made("X-1", "This issue supersedes X-1"))]}))
    assert (row.link_type, row.direction, row.other_key, row.other_issue_id) == (None, None, "X-1", None)


def test_a_key_that_the_entry_leaves_out_is_read_from_the_sentence() -> None:
    item = {"field": "Link", "fieldtype": "jira", "toString": "This issue is blocked by XY_Z-17"}
    [row] = _events(mapped(issue(1), histories={"1": [history(5, item)]}))
    assert (row.other_key, row.link_type, row.direction) == ("XY_Z-17", "Blocks", "inward")


def test_a_sentence_without_a_key_keeps_its_words() -> None:
    [row] = _events(mapped(issue(1), histories={"1": [history(5, gone("", "This issue blocks it"))]}))
    assert (row.other_key, row.link_type, row.is_made) == (None, "Blocks", False)


def test_a_type_that_the_list_does_not_have_yet_is_known_from_the_link_itself() -> None:
    fresh = {"id": "9", "name": "Causes", "inward": "is caused by", "outward": "causes"}
    page = mapped(
        issue(1, issuelinks=[now(9, 2, outward=True, kind=fresh)]),
        histories={"1": [history(5, made("ABC-2", "This issue causes ABC-2"))]},
    )
    assert [(row.link_type, row.direction) for row in _events(page)] == [("Causes", "outward")]


def test_links_to_other_applications_are_no_issue_links() -> None:
    item = {"field": "RemoteWorkItemLink", "fieldtype": "jira", "to": "7", "toString": "This issue links to a page"}
    assert _events(mapped(issue(1), histories={"1": [history(5, item)]})) == []


def test_a_link_knows_when_it_was_made_from_the_history_of_its_own_issue() -> None:
    first, again = START + timedelta(days=1), START + timedelta(days=3)
    entries = [
        history(5, made("ABC-2", "This issue blocks ABC-2"), at=first),
        history(6, gone("ABC-2", "This issue blocks ABC-2"), at=START + timedelta(days=2)),
        history(7, made("ABC-2", "This issue blocks ABC-2"), at=again),
    ]
    page = mapped(issue(1, issuelinks=[now(9, 2, outward=True)]), histories={"1": entries})
    current, removed = rows(page, IssueLink)
    assert (current.link_id, current.created_at, current.removed_at) == ("acme:9", again, None)
    assert (removed.link_id, removed.created_at) == ("acme:removed:6:0", first)
    assert removed.removed_at == START + timedelta(days=2)


def test_of_two_links_that_say_the_same_the_older_id_was_made_first() -> None:
    later = START + timedelta(days=1)
    page = mapped(
        issue(1, issuelinks=[now(9, 2, outward=True), now(10, 2, outward=True)]),
        histories={
            "1": [
                history(5, made("ABC-2", "This issue blocks ABC-2")),
                history(8, made("ABC-2", "This issue blocks ABC-2"), at=later),
            ]
        },
    )
    assert [(row.link_id, row.created_at) for row in rows(page, IssueLink)] == [("acme:9", START), ("acme:10", later)]


def test_the_other_side_leaves_the_instant_to_the_issue_that_the_link_belongs_to() -> None:
    page = mapped(
        issue(2, issuelinks=[now(9, 1, outward=False)]),
        histories={"2": [history(5, made("ABC-1", "This issue is blocked by ABC-1"))]},
    )
    [row] = rows(page, IssueLink)
    assert (row.issue_id, row.other_issue_id, row.created_at) == ("acme:1", "acme:2", None)


@pytest.mark.parametrize(
    ("number", "other", "sentence", "direction"),
    [
        (1, "ABC-2", "This issue blocks ABC-2", "outward"),
        (1, "XYZ-2", "This issue blocks XYZ-2", "outward"),
        (2, "ABC-1", "This issue is blocked by ABC-1", None),
        (2, "XYZ-1", "This issue is blocked by XYZ-1", "inward"),
        (1, "ABC-2", "This issue relates to ABC-2", "outward"),
        (2, "ABC-1", "This issue relates to ABC-1", None),
        (9, "ABC-10", "This issue relates to ABC-10", "outward"),
        (2, "AAA-1", "This issue relates to AAA-1", "outward"),
        (1, "ABC-2", "This issue supersedes ABC-2", None),
    ],
)
def test_a_removed_link_is_told_by_one_side_only(number: int, other: str, sentence: str, direction: str | None) -> None:
    page = mapped(issue(number), histories={str(number): [history(5, gone(other, sentence))]})
    told = [(row.issue_id, row.other_key, row.direction) for row in rows(page, IssueLink)]
    assert told == ([] if direction is None else [(f"acme:{number}", other, direction)])


def test_which_side_tells_goes_by_the_key_of_the_time() -> None:
    """ABC-1 was ABX-9 when the link was removed: then ABC-2 was the lower key, and its history tells the removal."""
    move = {"field": "Key", "fieldtype": "jira", "fromString": "ABX-9", "toString": "ABC-1"}
    entries = [history(5, gone("ABC-2", "This issue relates to ABC-2")), history(6, move, at=START + timedelta(days=1))]
    assert rows(mapped(issue(1), histories={"1": entries}), IssueLink) == []


def test_the_words_of_the_site_are_asked_for(jira: FakeJira, connect: Connect) -> None:
    jira.link_types = [GERMAN]
    jira.issues = [issue(1)]
    jira.histories = {"1": [history(5, made("ABC-2", "Dieser Vorgang blockiert ABC-2"))]}
    [row] = pull(connect()).rows(LinkEvent)
    assert (row.link_type, row.direction) == ("Blockade", "outward")


def test_trap_40_the_words_are_asked_for_in_english_and_in_the_language_of_the_site(
    jira: FakeJira, connect: Connect
) -> None:
    def spoken(request: httpx.Request) -> httpx.Response:
        is_english = request.headers["x-force-accept-language"] == "true"
        german = {**BLOCKS, "name": "Blockade", "inward": "wird blockiert durch", "outward": "blockiert"}
        return httpx.Response(200, json={"issueLinkTypes": [BLOCKS if is_english else german]})

    jira.overrides["GET /rest/api/2/issueLinkType"] = spoken
    jira.issues = [issue(1)]
    entries = [made("ABC-2", "Dieser Vorgang blockiert ABC-2"), made("ABC-3", "This issue is blocked by ABC-3")]
    jira.histories = {"1": [history(5, *entries)]}
    told = [(row.link_type, row.direction) for row in pull(connect()).rows(LinkEvent)]
    assert told == [("Blocks", "outward"), ("Blocks", "inward")]


def test_where_links_are_switched_off_there_are_none(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/2/issueLinkType"] = lambda _: refusal(404, "Issue linking is currently disabled.")
    jira.issues = [issue(1)]
    assert pull(connect()).problems == []
