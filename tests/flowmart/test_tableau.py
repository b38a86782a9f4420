"""Data sources are published as the owner of a token; what Tableau refuses is one line without secrets."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exports.base import Written
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.publishing import Publication, publish, require_published
from tests.flowmart.tableau_server import SESSION, Answer, Tableau, error, running

if TYPE_CHECKING:
    from conftest import Call

pytest.importorskip("tableauserverclient", reason="Tableau's client library is not installed: flowmart[tableau]")


@pytest.fixture
def tableau() -> Iterator[Tableau]:
    """A server with the project Flow."""
    with running(Tableau()) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small data source."""
    path = tmp_path / "flowmart.tdsx"
    path.write_bytes(b"PK\x03\x04 small\r\n--not-the-boundary\r\n")
    return path


def config(server: Tableau, **keys: object) -> Config:
    sources = {"a": {"type": "jira", "url": "https://x", "token": "t"}}
    login = {"token_name": server.token_name, "token": server.token, "site": server.site}
    wanted = {"server": server.address, "project": "Flow", **login, **keys}
    export = {"format": "tableau", "to": "exports/tableau", "publish": wanted}
    return Config.model_validate({"sources": sources, "exports": {"bi": export}})


def published(server: Tableau, file: Path, **keys: object) -> Publication:
    """What became of it."""
    (one,) = publish(config(server, **keys), {"bi": [Written(table="flowmart", path=file, rows=0)]})
    return one


def test_a_data_source_is_published_into_its_project(tableau: Tableau, file: Path) -> None:
    one = published(tableau, file)
    assert (one.is_done, one.told) == (True, f"flowmart in Flow on {tableau.address} (site acme)")
    assert tableau.sources == {("p1", "flowmart"): file.read_bytes()}
    assert tableau.asked == [
        "GET serverInfo",
        "POST auth/signin",
        "GET sites/s1/projects",
        "POST sites/s1/datasources",
        "POST auth/signout",
    ]
    assert not tableau.is_signed_in


def test_a_large_file_goes_up_in_chunks_that_make_it_whole_again(
    tableau: Tableau, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSC_FILESIZE_LIMIT_MB", "1")  # as 64 MB are
    monkeypatch.setenv("TSC_CHUNK_SIZE_MB", "1")
    file.write_bytes(random.Random(7).randbytes(2_500_000))
    assert published(tableau, file).is_done
    assert tableau.asked.count("PUT sites/s1/fileUploads/u1") == 3
    assert tableau.sources["p1", "flowmart"] == file.read_bytes()


def test_a_data_source_of_that_name_is_replaced_only_when_the_configuration_says_so(
    tableau: Tableau, file: Path
) -> None:
    tableau.sources["p1", "flowmart"] = b"yesterday"
    refused = published(tableau, file)
    assert not refused.is_done
    assert refused.told.endswith("set overwrite = true")
    assert tableau.sources["p1", "flowmart"] == b"yesterday"
    assert published(tableau, file, overwrite=True).is_done
    assert tableau.sources["p1", "flowmart"] == file.read_bytes()


def test_a_project_within_another_is_found_by_its_path(tableau: Tableau, file: Path) -> None:
    tableau.projects += [("p2", "Teams", None), ("p3", "Flow", "p2")]
    ambiguous = published(tableau, file)
    assert ambiguous.told == "there are 2 projects 'Flow'; write the path, such as 'Parent/Flow'"
    assert published(tableau, file, project="Teams/Flow").is_done
    assert list(tableau.sources) == [("p3", "flowmart")]


REFUSALS: Mapping[str, tuple[dict[str, Any], dict[str, Answer], str]] = {
    "a wrong token": (
        {"token": "s3cr3t-value"},
        {},
        "refuses the token 'flowmart' (401001: Signin Error: Error signing in to Tableau Server); make a new one",
    ),
    "a missing project": ({"project": "Nowhere"}, {}, "there is no project 'Nowhere', or the token's owner may not"),
    "no permission": (
        {},
        {"/datasources": error(403, "403004", "Forbidden", "Insufficient permissions")},
        "may not publish into 'Flow' (403004: Forbidden: Insufficient permissions); give the role Creator",
    ),
    "a broken server": ({}, {"/datasources": (500, "t0ken-of-the-stub")}, "answered 500; the next run tries again"),
    "a server that is away": ({}, {"/signin": (503, "")}, "answered 503; the next run tries again"),
    "an address that leads on": ({}, {"/signin": (302, "")}, "sends elsewhere; name the address in `server`"),
    "another server": ({}, {"/serverInfo": (200, "<html/>")}, "answers like no Tableau Server"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused_is_one_line_that_says_what_to_do(tableau: Tableau, file: Path, case: str) -> None:
    keys, refusals, said = REFUSALS[case]
    tableau.refusals = refusals
    one = published(tableau, file, **keys)
    assert not one.is_done
    assert said in one.told
    assert "\n" not in one.told
    assert not any(secret in one.told for secret in (tableau.token, "s3cr3t-value", SESSION))
    assert not tableau.is_signed_in
    with pytest.raises(JobFailed, match=r"^exports\.bi\.publish: "):
        require_published([one])


def test_a_server_that_is_not_there_is_named(file: Path) -> None:
    nowhere = Tableau(address="http://127.0.0.1:9")
    assert published(nowhere, file).told.startswith("http://127.0.0.1:9 cannot be reached")


def test_exports_without_a_publish_are_left_alone(tableau: Tableau, file: Path) -> None:
    plain = Config.model_validate(
        {
            "sources": {"a": {"type": "jira", "url": "https://x", "token": "t"}},
            "exports": {"bi": {"format": "tableau", "to": "x"}},
        }
    )
    assert publish(plain, {"bi": [Written(table="flowmart", path=file, rows=0)]}) == []
    assert tableau.asked == []


def test_without_the_package_one_line_says_what_to_install(
    tableau: Tableau, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tableauserverclient", None)
    assert published(tableau, file).told.endswith("run pip install 'flowmart[tableau]'")
    assert json.dumps(tableau.asked) == "[]"


LIVE = """[exports.bi]
format = "tableau"
to = "bi"
connection = "live"
server = "db"
database = "flow"
"""


def test_publishing_says_where_to_and_ends_with_1_when_tableau_refuses(tableau: Tableau, call: Call) -> None:
    login = f'token_name = "flowmart"\ntoken = "{tableau.token}"\nsite = "acme"\n'
    more = f'{LIVE}[exports.bi.publish]\nserver = "{tableau.address}"\nproject = "Flow"\n{login}'
    assert call("export", more=more).code == 0
    assert tableau.sources == {}
    done = call("export", "--publish", more=more)
    assert (done.code, list(tableau.sources)) == (0, [("p1", "flowmart")])
    assert f"published bi: flowmart in Flow on {tableau.address} (site acme)" in done.out + done.err
    refused = call("export", "--publish", more=more)
    assert refused.code == 1
    last = refused.err.splitlines()[-1]
    assert last.startswith("flowmart: exports.bi.publish: there is a data source 'flowmart' in the project already")
    assert tableau.token not in refused.out + refused.err
