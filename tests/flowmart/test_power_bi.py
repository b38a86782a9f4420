"""After an export Power BI is asked to refresh, as an application; what it refuses is one line without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from pydantic import ValidationError

from connectors.http import HttpSettings
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.power_bi import refresh, require_refreshed
from tests.connectors.virtual_time import VirtualTime

TENANT = "11111111-2222-3333-4444-555555555555"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
WORKSPACE, DATASET = "f089354e-8366-4e18-aea3-4cb4a3a50b48", "cfafbeb1-8037-4d0c-896e-a46fb27ff229"
ASKED = f"https://api.powerbi.com/v1.0/myorg/groups/{WORKSPACE}/datasets/{DATASET}/refreshes"
SECRET = "s3cr3t-value"

BI = {
    "format": "powerbi",
    "to": "exports/bi",
    "refresh": {
        "tenant_id": TENANT,
        "client_id": "app-id",
        "client_secret": SECRET,
        "workspace": WORKSPACE.upper(),
        "dataset": DATASET,
    },
}


def config(**exports: object) -> Config:
    sources = {"a": {"type": "jira", "url": "https://x", "token": "t"}}
    return Config.model_validate({"sources": sources, "exports": exports or {"bi": BI}})


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def http(time: VirtualTime) -> HttpSettings:
    return HttpSettings(world=time.world(), attempts=3, max_wait_seconds=900)


@pytest.fixture
def power_bi() -> Iterator[respx.Router]:
    """Entra, which gives tokens to the application, and Power BI, which says nothing yet."""
    with respx.mock(assert_all_called=False) as router:
        endpoints = {
            "issuer": f"{AUTHORITY}/v2.0",
            "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
            "token_endpoint": f"{AUTHORITY}/oauth2/v2.0/token",
        }
        router.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration").respond(json=endpoints)
        router.post(endpoints["token_endpoint"], name="token").respond(
            json={"token_type": "Bearer", "expires_in": 3599, "access_token": "t1"}
        )
        yield router


def error(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=headers)


def test_a_refresh_is_asked_for_as_the_application(power_bi: respx.Router, http: HttpSettings) -> None:
    asked = power_bi.post(ASKED).respond(202)
    assert refresh(config(), ["bi"], http) == []
    (call,) = asked.calls
    assert json.loads(call.request.content) == {"notifyOption": "NoNotification"}
    assert call.request.headers["authorization"] == "Bearer t1"
    form = parse_qs(power_bi["token"].calls.last.request.content.decode())
    assert form["scope"][0].startswith("https://analysis.windows.net/powerbi/api/.default")
    assert (form["client_id"], form["grant_type"]) == (["app-id"], ["client_credentials"])


def test_exports_without_a_refresh_and_those_not_written_ask_nobody(power_bi: respx.Router, http: HttpSettings) -> None:
    plain = {"format": "powerbi", "to": "exports/bi"}
    assert refresh(config(bi=plain, other=BI), ["bi"], http) == []
    assert not power_bi.calls


def test_an_address_of_another_cloud_is_used(power_bi: respx.Router, http: HttpSettings) -> None:
    own = {**BI["refresh"], "url": "https://api.powerbigov.us"}  # type: ignore[dict-item]
    asked = power_bi.post(ASKED.replace("api.powerbi.com", "api.powerbigov.us")).respond(202)
    assert refresh(config(bi={**BI, "refresh": own}), ["bi"], http) == []
    assert asked.called


def test_a_wait_that_power_bi_asks_for_is_kept(power_bi: respx.Router, http: HttpSettings, time: VirtualTime) -> None:
    power_bi.post(ASKED).mock(
        side_effect=[error(429, "TooManyRequests", "slow", **{"Retry-After": "30"}), httpx.Response(202)]
    )
    assert refresh(config(), ["bi"], http) == []
    assert sum(time.waits) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            error(401, "TokenExpired", "Access token has expired"),
            (
                "Power BI refuses the application (401 TokenExpired: Access token has expired); let the tenant's "
                "settings allow service principals, and make the application a member of the workspace"
            ),
        ),
        (
            httpx.Response(403),
            (
                "Power BI refuses the application (403 no explanation); let the tenant's settings allow service "
                "principals, and make the application a member of the workspace"
            ),
        ),
        (
            error(404, "PowerBIEntityNotFound", ""),
            "there is no such workspace or dataset for this application (PowerBIEntityNotFound); check both ids",
        ),
        (
            error(429, "TooManyRequests", "later", **{"Retry-After": "7200"}),
            (
                "api.powerbi.com asks to wait 7200 s, longer than sync.max_wait; "
                "come back after 2026-10-02 11:00:00 UTC: the next run goes on from here"
            ),
        ),
        (
            error(429, "TooManyRequests", "later"),
            "Power BI is asked too often (TooManyRequests: later); run less often",
        ),
        (
            error(400, "InvalidRequest", "Invalid dataset refresh request. The limit of 8 refreshes is reached"),
            (
                "Power BI takes no more refreshes today (InvalidRequest: Invalid dataset refresh request. The limit "
                "of 8 refreshes is reached); a shared capacity allows 8 a day: refresh less often, or move the "
                "workspace to a Premium or Fabric capacity"
            ),
        ),
        (
            error(400, "InvalidRequest", "Another refresh request is already executing"),
            (
                "Power BI is refreshing the dataset already (InvalidRequest: Another refresh request is already "
                "executing); export again when it has ended"
            ),
        ),
        (
            httpx.Response(500, text="<html>\nno"),
            "Power BI answered 500 (no explanation); the next run tries again",
        ),
        (
            httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
            "Power BI answered 302 (no explanation); the next run tries again",
        ),
    ],
)
def test_each_refusal_is_one_line_that_says_what_to_do(
    power_bi: respx.Router, http: HttpSettings, answer: httpx.Response, said: str
) -> None:
    power_bi.post(ASKED).mock(return_value=answer)
    (problem,) = refresh(config(), ["bi"], http)
    assert problem == f"exports.bi.refresh: {said}"
    assert "\n" not in problem


def test_a_token_that_was_refused_is_renewed_once(power_bi: respx.Router, http: HttpSettings) -> None:
    asked = power_bi.post(ASKED).respond(401)
    assert "refuses the application" in refresh(config(), ["bi"], http)[0]
    assert asked.call_count == 1  # the token was new


def test_a_refused_login_names_its_code_and_never_the_secret(power_bi: respx.Router, http: HttpSettings) -> None:
    told = {"error": "invalid_client", "error_description": f"AADSTS7000215: not {SECRET}"}
    power_bi["token"].respond(401, json=told)
    (problem,) = refresh(config(), ["bi"], http)
    assert problem == (
        "exports.bi.refresh: Entra refuses the login (AADSTS7000215); "
        "check client_secret: it is the secret's value that is wanted, not its id"
    )


def test_power_bi_that_cannot_be_reached_is_a_problem_of_its_export_alone(
    power_bi: respx.Router, http: HttpSettings
) -> None:
    other = {**BI, "refresh": {**BI["refresh"], "url": "https://other.example"}}  # type: ignore[dict-item]
    power_bi.post(ASKED).mock(side_effect=httpx.ConnectError("refused"))
    asked = power_bi.post(ASKED.replace("api.powerbi.com", "other.example")).respond(202)
    (problem,) = refresh(config(bi=BI, other=other), ["bi", "other"], http)
    assert problem.startswith("exports.bi.refresh: https://api.powerbi.com cannot be reached: refused")
    assert asked.called


def test_problems_end_a_job_and_none_do_not() -> None:
    require_refreshed([])
    with pytest.raises(JobFailed, match=r"^one; two$"):
        require_refreshed(["one", "two"])


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ({"format": "csv", "to": "x", "source": "directquery"}, 'source: belongs to format = "powerbi"'),
        ({"format": "parquet", "to": "x", "refresh": BI["refresh"]}, 'refresh: belongs to format = "powerbi"'),
        (
            {"format": "powerbi", "to": "x", "tables": ["issues"]},
            (
                'tables: belongs to format = "csv", "parquet", "xlsx" or "hyper"; '
                "a model for a BI tool always has all of its own"
            ),
        ),
        (
            {**BI, "refresh": {**BI["refresh"], "dataset": "sales"}},  # type: ignore[dict-item]
            "is no id such as 5c8b4a1e-7f89-4c33-9dd8-1f23c4567890; the browser's address shows it",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(export: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        config(bi=export)
    assert refused.value.errors()[0]["msg"] == f"Value error, {said}"


def test_the_secret_of_a_refresh_is_masked_everywhere() -> None:
    assert SECRET in set(config().secrets())
    assert SECRET not in repr(config())
