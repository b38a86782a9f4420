"""OAuth 2.0 for Jira Cloud: a refresh token is good once, and its successor is stored before anything else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import msgspec
import pytest
import respx

from connectors.errors import AuthenticationError, SourceError, TrackerUnavailable, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp
from connectors.jira.connector import JiraConnector
from connectors.jira.gateway.oauth import TOKEN_URL, OAuthApplication
from connectors.jira.gateway.refusals import inspect_answer
from connectors.jira.settings import JiraSettings
from tests.connectors.virtual_time import VirtualTime

URL = "https://api.atlassian.com/ex/jira/cloud-1"
SECRET = "s3cr3t-app"


@dataclass
class Store:
    """A token in memory, and all that was done with it."""

    token: str = "r0"
    done: list[str] = field(default_factory=list)
    failure: OSError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    where = "acme.refresh"

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            yield

    def read(self) -> str:
        assert self._lock.locked()
        return self.token

    def write(self, token: str) -> None:
        assert self._lock.locked()
        if self.failure is not None:
            raise self.failure
        self.token = token
        self.done.append(f"stored {token}")


@dataclass
class Atlassian:
    """Rotates refresh tokens r0, r1, …; a spent one is refused. Access token aN comes with refresh token rN."""

    store: Store
    good: int = 0
    bodies: list[dict[str, str]] = field(default_factory=list)

    def grant(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        body = msgspec.json.decode(request.content, type=dict[str, str])
        self.bodies.append(body)
        if body["refresh_token"] != f"r{self.good}":
            return refused("invalid_grant", "Unknown or invalid refresh token.", 403)
        self.good += 1
        self.store.done.append(f"granted r{self.good}")
        answer = {"access_token": f"a{self.good}", "refresh_token": f"r{self.good}", "expires_in": 3600}
        return httpx.Response(200, json=answer)

    def api(self, request: httpx.Request) -> httpx.Response:
        self.store.done.append(request.headers["authorization"])
        return httpx.Response(200 if request.headers["authorization"] == f"Bearer a{self.good}" else 401, json=1)


def refused(error: str, description: str = "", status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": description})


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def atlassian(store: Store) -> Iterator[Atlassian]:
    made = Atlassian(store)
    with respx.mock(assert_all_called=False) as router:
        router.post(TOKEN_URL).mock(side_effect=made.grant)
        router.get(f"{URL}/x").mock(side_effect=made.api)
        yield made


def source(time: VirtualTime, store: Store) -> SourceHttp:
    login = OAuthApplication(client_id="app", client_secret=SECRET, store=store)
    settings = HttpSettings(world=time.world(), attempts=2)
    return SourceHttp(base_url=URL, auth=login, settings=settings, inspect=inspect_answer)


@pytest.mark.usefixtures("atlassian")
def test_the_new_refresh_token_is_stored_before_the_access_token_is_used(time: VirtualTime, store: Store) -> None:
    http = source(time, store)
    http.fetch("GET", "x", int)
    assert store.done == ["stored r0", "granted r1", "stored r1", "Bearer a1"]
    http.close()


def test_what_is_sent_is_what_the_grant_wants(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    http = source(time, store)
    http.fetch("GET", "x", int)
    (body,) = atlassian.bodies
    assert body == {
        "grant_type": "refresh_token",
        "client_id": "app",
        "client_secret": SECRET,
        "refresh_token": "r0",
    }
    http.close()


def test_an_access_token_is_kept_till_shortly_before_it_expires(
    time: VirtualTime, store: Store, atlassian: Atlassian
) -> None:
    http = source(time, store)
    http.fetch("GET", "x", int)
    time.moment += timedelta(seconds=3299)
    http.fetch("GET", "x", int)
    assert atlassian.good == 1
    time.moment += timedelta(seconds=1)
    http.fetch("GET", "x", int)
    assert (atlassian.good, store.token) == (2, "r2")
    http.close()


def test_threads_spend_one_token_once(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    http = source(time, store)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: http.fetch("GET", "x", int), range(16))) == [1] * 16
    assert (atlassian.good, store.token) == (1, "r1")
    http.close()


def test_two_processes_take_turns(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    """The second reads what the first has stored; neither holds a refresh token in memory."""
    one, other = source(time, store), source(time, store)
    one.fetch("GET", "x", int)
    other.fetch("GET", "x", int)
    one.fetch("GET", "x", int)  # its a1 is refused by this strict server, so it is renewed
    assert (atlassian.good, store.token) == (3, "r3")
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused("invalid_grant"), r"no longer takes the refresh token \(invalid_grant\).* authorise the app anew"),
        (refused("unauthorized_client", "refresh_token is invalid", 403), "authorise the app anew"),
        (refused("invalid_client", f"wrong {SECRET}", 401), r"\(invalid_client\); check client_id and client_secret"),
        (httpx.Response(403, text="<html>"), r"\(status 403\); check client_id"),
    ],
)
def test_a_refusal_is_told_once_and_without_a_secret(
    time: VirtualTime, store: Store, answer: httpx.Response, said: str
) -> None:
    with respx.mock() as asked:
        route = asked.post(TOKEN_URL).mock(return_value=answer)
        http = source(time, store)
        for _ in range(2):
            with pytest.raises(AuthenticationError, match=said) as caught:
                http.fetch("GET", "x", int)
            assert not {SECRET, "r0"} & set(str(caught.value).split())
            assert SECRET not in str(caught.value)
        assert route.call_count == 1
        http.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, text="<html>"), TrackerUnavailable),
        (httpx.Response(200, text="<html>"), UnexpectedResponse),
        (httpx.Response(200, json={"refresh_token": "r1"}), UnexpectedResponse),
        (httpx.Response(302, headers={"location": "https://evil.example"}), UnexpectedResponse),
        (httpx.Response(404), SourceError),
    ],
)
def test_an_answer_without_a_token_leaves_the_stored_one(
    time: VirtualTime, store: Store, answer: httpx.Response, kind: type[SourceError]
) -> None:
    with respx.mock() as router:
        router.post(TOKEN_URL).mock(return_value=answer)
        http = source(time, store)
        with pytest.raises(kind) as caught:
            http.fetch("GET", "x", int)
        assert not isinstance(caught.value, AuthenticationError)
        assert store.token == "r0"
        http.close()


def test_a_token_that_is_not_rotated_is_kept(time: VirtualTime, store: Store) -> None:
    with respx.mock() as router:
        router.post(TOKEN_URL).mock(return_value=httpx.Response(200, json={"access_token": "a", "expires_in": 60}))
        router.get(f"{URL}/x").mock(return_value=httpx.Response(200, json=1))
        http = source(time, store)
        assert http.fetch("GET", "x", int) == 1
        assert store.token == "r0"
        http.close()


def test_a_token_that_could_not_be_replaced_is_not_spent(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    store.failure = OSError(28, "No space left on device")
    http = source(time, store)
    with pytest.raises(SourceError, match=r"acme\.refresh: the refresh token cannot be .* No space left on device"):
        http.fetch("GET", "x", int)
    assert atlassian.good == 0
    http.close()


def test_a_missing_token_says_what_to_do(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    store.token = ""
    http = source(time, store)
    with pytest.raises(AuthenticationError, match=r"acme\.refresh holds no refresh token; authorise the app and write"):
        http.fetch("GET", "x", int)
    assert atlassian.bodies == []
    http.close()


def test_the_connector_logs_in_so(time: VirtualTime, store: Store, atlassian: Atlassian) -> None:
    login = OAuthApplication(client_id="app", client_secret=SECRET, store=store, token_url=f"{URL}/token")
    settings = JiraSettings(source_id="acme", url=URL, email=None, token=login)
    assert SECRET not in repr(settings)
    connector = JiraConnector(settings, HttpSettings(world=time.world(), attempts=1))
    with respx.mock() as router:
        router.post(f"{URL}/token").mock(side_effect=atlassian.grant)
        server = {"deploymentType": "Cloud", "version": "1001", "baseUrl": "https://acme.atlassian.net"}
        info = router.get(f"{URL}/rest/api/2/serverInfo").mock(return_value=httpx.Response(200, json=server))
        router.get(f"{URL}/rest/api/3/myself").mock(
            return_value=httpx.Response(200, json={"accountId": "1", "displayName": "Bot"})
        )
        assert connector.identify().display_name == "Bot"
        assert info.calls.last.request.headers["authorization"] == "Bearer a1"
    connector.close()
