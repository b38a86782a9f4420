"""The dialect of Data Center against the simulated server, whose search ends early and whose issues move."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.http import HttpSettings, SourceHttp
from connectors.jira.gateway import answers
from connectors.jira.gateway.data_center import DataCenterDialect
from simulator.server import Running, serve

SCOPE = "project in (PAY, WEB)"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=400) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def http(running: Running) -> Iterator[SourceHttp]:
    about = running.connect["jira_data_center"]
    login = httpx.BasicAuth(about["user"], about["password"])
    client = SourceHttp(base_url=about["url"], auth=login, settings=HttpSettings(), inspect=lambda _: None)
    yield client
    client.close()


def test_trap_53_issues_beyond_the_reach_of_the_search_arrive_once_with_their_histories(
    running: Running, http: SourceHttp
) -> None:
    running.tell(search_window=30)
    dialect = DataCenterDialect(http, lambda: [answers.Field(id="summary")], reach=30)
    found = list(dialect.search(SCOPE))
    alive = {str(issue.id): issue for issue in running.company.products[0].alive()}
    ids = [issue.id for page in found for issue in page.issues]
    assert len(ids) > 100
    assert sorted(ids) == sorted(alive)
    assert [page.has_more for page in found] == [True] * (len(found) - 1) + [False]
    entries = sum(len(entries) for page in found for entries in page.histories.values())
    assert entries == running.state()["jira_data_center"]["histories"]


def test_trap_53_so_do_keys_and_counts(running: Running, http: SourceHttp) -> None:
    running.tell(search_window=30)
    dialect = DataCenterDialect(http, list, reach=30)
    keys = [issue.key for page in dialect.keys(SCOPE) for issue in page]
    assert len(set(keys)) == len(keys) == dialect.count(SCOPE)


def test_issues_by_id_leave_out_what_was_deleted(running: Running, http: SourceHttp) -> None:
    running.tell(search_window=10_000)
    dialect = DataCenterDialect(http, lambda: [answers.Field(id="summary")])
    product = running.company.products[0]
    alive = [str(issue.id) for issue in product.alive()][:5]
    told = dialect.by_id([*alive, "99999"])
    assert sorted(issue.id for issue in told.issues) == sorted(alive)
    keys = [issue.key for issue in told.issues]
    assert dialect.ids_of([*keys, "PAY-99999"]) == {issue.key: issue.id for issue in told.issues}
